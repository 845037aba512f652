"""Sessions: what a window or a terminal talks to. One is live, one plays a file; both answer with a `Snapshot`.

::

    open_live(models, input="mic") -> LiveSession      microphone or computer sound; survives a lost device
    open_file(path, models)        -> FileSession      analysis ahead of the playhead, playing, seeking, looping

Opening may take a second (devices, model files), so a GUI calls these off its own thread. Everything on an open
session returns at once.
"""

from irec_live.session.contract import InputKind, Loop, PlayableSession, Session, SessionKind

__all__ = ["InputKind", "Loop", "PlayableSession", "Session", "SessionKind"]
