"""The audio source protocol: what the engine needs of a microphone, a loopback or a file.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from irec_live.streaming.ring import Block


@runtime_checkable
class AudioSource(Protocol):
    """A stream of audio blocks at the source's own sample rate and channel count.

    A source is open (its rate is known) once it exists, delivers from `start` to `stop`, and is then used up. `read`
    belongs to one thread, the engine's; everything else may be asked from any.

    Attributes
    ----------
    name : str
        Shown to users.
    sample_rate : int
        Hz.
    channels : int
        C.
    latency_s : float
        Seconds from the sound itself to the block that `read` returns.
    overflows : int
        Number of times that samples were lost, by the device or because they were not read in time.
    lost : bool
        The device went away; it will deliver nothing more.
    ended : bool
        The end was reached and everything has been read.

    One that may deliver nothing for a while although it is well has another, ``stalled``: true while it does.
    """

    @property
    def name(self) -> str: ...

    @property
    def sample_rate(self) -> int: ...

    @property
    def channels(self) -> int: ...

    @property
    def latency_s(self) -> float: ...

    @property
    def overflows(self) -> int: ...

    @property
    def lost(self) -> bool: ...

    @property
    def ended(self) -> bool: ...

    def start(self) -> None:
        """Begin to deliver.

        Raises
        ------
        DeviceError
            The device refuses.
        """

    def stop(self) -> None:
        """Release the device or file; may be called twice."""

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Wait for sound, at most `timeout_s`.

        Returns
        -------
        block : (n, C) float32
            Everything that has arrived; n is 0 when nothing did in time.
        index : int
            Absolute index of its first sample; a jump means that samples were lost in between.
        """
