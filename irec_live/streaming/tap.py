"""The tap: what else may follow a live stream beside the networks, such as a recorder or a light desk.

A tap is called on the engine's worker thread, never in the audio callback, and has to return at once: it puts what it
wants to keep into a bounded queue of its own.

Shapes: n samples of each channel, C channels.
"""

from __future__ import annotations

from typing import Protocol

from irec_live.streaming.pipeline import PipelineStep
from irec_live.streaming.ring import Block


class Tap(Protocol):
    """Follows an engine's input and its results. Engine's worker thread only; must neither wait nor raise."""

    def take_block(self, block: Block, sample_rate: int, position: int) -> None:
        """Take sound as the source delivers it.

        Parameters
        ----------
        block : (n, C) float32
            Not to be changed, and nobody else changes it.
        sample_rate : int
            Hz, of the source; another one after a lost device was followed by a different one.
        position : int
            Where it begins, in the pipeline's samples since the start. A jump means that samples were lost.
        """

    def take_silence(self, samples: int, position: int) -> None:
        """Take note that the device is away: `samples` of the pipeline pass without sound, from `position` on."""

    def take_step(self, step: PipelineStep) -> None:
        """Take new results."""
