"""Recording: the live input and what was heard in it, to a session folder that a killed process leaves readable.

::

    engine worker --take_block, take_step--> Recorder: bounded queue, pre-roll in memory
                                                |
                                          writer thread --> FlacFiles     audio.flac, written through every second
                                                |---------> ResultLog     rows and events, appended
                                                '---------> session.json  what it was found with, replaced atomically

A process that is killed loses at most `MOST_LOST_S` of sound. `open_session` reads a folder back and, if its recorder
never finished, repairs the audio first. The format is described in docs/session-format.md.
"""

from irec_live.recording.folder import SCHEMA, SessionFolder, new_folder
from irec_live.recording.gate import GateSettings
from irec_live.recording.recorder import MOST_LOST_S, Recorder, RecorderState
from irec_live.recording.saved import SavedResults, open_session, repair_session

__all__ = [
    "MOST_LOST_S",
    "SCHEMA",
    "GateSettings",
    "Recorder",
    "RecorderState",
    "SavedResults",
    "SessionFolder",
    "new_folder",
    "open_session",
    "repair_session",
]
