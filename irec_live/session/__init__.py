"""Sessions: the interface of window and terminal to the analysis. Live or of a file; both return a `Snapshot`.

::

    open_live(models, input=kind)  -> LiveSession      microphone or computer sound; survives a lost device
    open_stream(source, models)    -> LiveSession      any other audio source
    open_file(path, models)        -> FileSession      analysis ahead of playback; play, seek, loop
    open_saved(folder)             -> SavedSession     a recorded session, with the results found live

Opening may take a second (devices, model files), so a GUI calls these off its own thread. Everything on an open
session returns at once.
"""

from irec_live.input_kind import InputKind
from irec_live.models.choice import ModelChoice, default_models, load_models
from irec_live.session.contract import Loop, PlayableSession, Session, SessionKind, StoppableSession
from irec_live.session.default import demo_clip, open_default, or_demo
from irec_live.session.file import FileSession, open_file
from irec_live.session.live import LiveSession, open_live, open_stream
from irec_live.session.saved import SavedSession, open_saved

__all__ = [
    "FileSession",
    "InputKind",
    "LiveSession",
    "Loop",
    "ModelChoice",
    "PlayableSession",
    "SavedSession",
    "Session",
    "SessionKind",
    "StoppableSession",
    "default_models",
    "demo_clip",
    "load_models",
    "open_default",
    "open_file",
    "open_live",
    "open_saved",
    "open_stream",
    "or_demo",
]
