"""What ``listen`` does beside showing: recording. Failures are said once, on standard error; listening goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from irec_live.errors import OutputError

if TYPE_CHECKING:
    from irec_live.recording import Recorder
    from irec_live.session import LiveSession

_SAVE_S = 600.0
"""How long the end of a recording may take: an hour of results is written within seconds, on a slow disk in minutes."""


class Recording:
    """Records a session to a folder.

    Parameters
    ----------
    folder : Path
        New or empty.
    only_detected : bool
        Keep only what is around detections.

    Raises
    ------
    OutputError
        The folder holds something already, or cannot be written to.
    """

    def __init__(self, folder: Path, *, only_detected: bool) -> None:
        from irec_live.recording import new_folder

        new_folder(folder)
        self._folder, self._only_detected = folder, only_detected
        self._recorder: Recorder | None = None
        self._told = ""

    def begin(self, session: LiveSession) -> None:
        """Record from now on."""
        from irec_live.recording import GateSettings, Recorder

        self._recorder = Recorder(session.pipeline, session.channels, lambda: session.title)
        session.add_tap(self._recorder)
        self._recorder.start(self._folder, gate=GateSettings() if self._only_detected else None)

    def tick(self) -> None:
        """Say it if the recording failed. Ten times a second."""
        if self._recorder is not None and self._recorder.state.message != self._told:
            self._told = self._recorder.state.message
            click.echo(f"irec-live: {self._told}", err=True)

    def end(self) -> None:
        """Write what waits still, after the session was closed.

        Raises
        ------
        OutputError
            The recording is not complete.
        """
        if self._recorder is None:
            return
        self._recorder.stop()
        self._recorder.wait(_SAVE_S)
        state = self._recorder.state
        if state.state != "saved":
            raise OutputError(state.message or f"the recording in {self._folder} could not be completed in time")
        click.echo(f"irec-live: recorded {state.elapsed_s:.1f} s in {self._folder}", err=True)
