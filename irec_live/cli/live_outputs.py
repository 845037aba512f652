"""What ``listen`` does beside showing: recording, OSC, MIDI. Failures are said on standard error; listening goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irec_live.cli.output import tell
from irec_live.errors import OutputError

if TYPE_CHECKING:
    from irec_live.outputs import LiveOutput, Receiver
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
            tell(f"irec-live: {self._told}")

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
        tell(f"irec-live: recorded {state.elapsed_s:.1f} s in {self._folder}")


class Sending:
    """Sends results as OSC and MIDI.

    Parameters
    ----------
    labels : sequence of str
    osc : str, optional
        ``HOST:PORT``, or a port of this machine.
    midi : str, optional
        Name of a MIDI output.

    Raises
    ------
    DeviceError
        There is no such host or port.
    MissingExtraError
        python-rtmidi is not installed.
    """

    def __init__(self, labels: Sequence[str], *, osc: str | None, midi: str | None) -> None:
        from irec_live.outputs import open_midi, open_osc

        self._labels = labels
        self._receivers: list[Receiver] = []
        if osc is not None:
            self._receivers.append(open_osc(osc))
        if midi is not None:
            self._receivers.append(open_midi(midi, labels))
        self._outputs: list[LiveOutput] = []
        self._told: set[str] = set()

    def begin(self, session: LiveSession) -> None:
        """Send from now on."""
        from irec_live.outputs import LiveOutput

        self._outputs = [LiveOutput(self._labels, receiver) for receiver in self._receivers]
        for output in self._outputs:
            session.add_tap(output)
            tell(f"irec-live: sending {output.name}")

    def tick(self) -> None:
        """Say once what cannot be sent. Ten times a second."""
        for output in self._outputs:
            if output.problem and output.name not in self._told:
                self._told.add(output.name)
                tell(f"irec-live: {output.problem}")

    def end(self) -> None:
        """Switch off what is lit, after the session was closed."""
        for output in self._outputs:
            output.close()
