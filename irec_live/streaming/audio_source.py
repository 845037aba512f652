"""What the engine needs of a place where sound comes from.

Shapes: n frames, C channels.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from irec_live.streaming.ring import Block


@runtime_checkable
class AudioSource(Protocol):
    """Sound, block by block, at its own rate and channel count.

    A source is open (its rate is known) once it exists, delivers from `start` to `stop`, and is then used up. `read`
    belongs to one thread, the engine's; everything else may be asked from any.

    Attributes
    ----------
    name : str
        For people.
    sample_rate : int
        Hz.
    channels : int
        C.
    latency_s : float
        From the sound to a block that `read` can return.
    overflows : int
        Times that samples were lost, by the device or because nobody read.
    lost : bool
        The device went away; it will deliver nothing more.
    ended : bool
        Everything there was has been read.
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
        """Give the device or file back; may be called twice."""

    def read(self, timeout_s: float) -> tuple[Block, int]:
        """Wait for sound, at most `timeout_s`.

        Returns
        -------
        block : (n, C) float32
            Everything that has arrived; n is 0 when nothing did in time.
        index : int
            Absolute index of its first frame; a jump means that frames were lost in between.
        """
