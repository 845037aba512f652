"""Pieces of sequences: networks that keep a state are to be right from the first second of a stream on.

Sequences of ten seconds have one beginning each, and their networks learn to wait. Cut up, most of what is learnt is
near a beginning; some pieces begin with silence, out of which a sound comes at once.

Shapes: B sequences, P pieces, n columns, F bands, R windows, S windows that a teacher has been asked about, K labels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

WINDOW_STEPS = 6
"""Steps of a network in a window: of what is said at the end of each, the first is about a whole one."""
TAUGHT = 3
"""The teacher is asked about one window of so many."""

_LENGTHS, _SHARES = (64, 31, 22, 12), (0.15, 0.25, 0.28, 0.32)
"""Steps of the pieces of a batch, and how often each length comes."""
_SILENCE = 0.3  # of the shorter pieces
_SILENT_STEPS = (4, 16)
_CLEAR_STEPS = 2  # of silence in a window whose sound counts
LONG = 31
"""Steps from which on a piece is as good as the sequence: its ensemble sounds in it, and its classes can be told."""


class Pieces(NamedTuple):
    """What is learnt in a step.

    Attributes
    ----------
    columns : (P, n, F) Tensor
    presence, mask : (P, R, K) Tensor
        As of `irec_models.data.mixing.sequences.Labelled`.
    advice : (P, S, K) Tensor
        In 0..1; S is 0 without a teacher.
    advised : (P, S) Tensor
        1 where that is about sound that is in the piece.
    """

    columns: Tensor
    presence: Tensor
    mask: Tensor
    advice: Tensor
    advised: Tensor

    @property
    def long(self) -> bool:
        """Whether they have `LONG` steps."""
        return self.presence.shape[1] + WINDOW_STEPS - 1 >= LONG


def cut_pieces(
    columns: Tensor, presence: Tensor, mask: Tensor, advice: Tensor, step_columns: int, random: np.random.Generator
) -> Pieces:
    """Cut all sequences of a batch into pieces of one length.

    Parameters
    ----------
    columns : (B, n, F) Tensor
        Powers: zeros are silence.
    presence, mask : (B, R, K) Tensor
    advice : (B, S, K) Tensor
    step_columns : int
    random : Generator

    Returns
    -------
    Pieces
    """
    steps = min(columns.shape[1] // step_columns, presence.shape[1] + WINDOW_STEPS - 1)
    length = min(steps, int(random.choice(_LENGTHS, p=_SHARES)))
    count = steps // length
    # They begin with a window that the teacher was asked about.
    begin = TAUGHT * int(random.integers(0, (steps - count * length) // TAUGHT + 1))
    begins = [(begin + place * length) // TAUGHT * TAUGHT for place in range(count)]
    rows = length - WINDOW_STEPS + 1
    taught = -(-rows // TAUGHT) if advice.shape[1] else 0
    parts = Pieces(
        torch.cat([columns[:, step_columns * first :][:, : step_columns * length] for first in begins]),
        torch.cat([presence[:, first : first + rows] for first in begins]),
        torch.cat([mask[:, first : first + rows] for first in begins]),
        torch.cat([advice[:, first // TAUGHT :][:, :taught] for first in begins]),
        torch.ones(len(columns) * count, taught, device=columns.device),
    )
    if length < LONG:  # whoever sounds somewhere in an ensemble need not do so here
        parts = parts._replace(mask=parts.mask.clamp(min=0.0))
    if length < steps:
        _silence(parts, step_columns, random)
    return parts


def _silence(parts: Pieces, step_columns: int, random: np.random.Generator) -> None:
    """Begin some pieces with silence."""
    rows = np.arange(parts.presence.shape[1])
    taught = TAUGHT * np.arange(parts.advice.shape[1])
    fewest, most = _SILENT_STEPS
    most = max(fewest + 1, min(len(rows) + WINDOW_STEPS - 1 - 8, most))
    for place in np.flatnonzero(random.random(len(parts.columns)) < _SILENCE):
        silent = int(random.integers(fewest, most))
        parts.columns[place, : step_columns * silent] = 0.0
        nothing = rows + WINDOW_STEPS <= silent
        partly = ~nothing & (rows < silent - _CLEAR_STEPS)
        parts.presence[place, torch.from_numpy(nothing)] = 0.0
        parts.mask[place, torch.from_numpy(partly)] = 0.0
        parts.advised[place, torch.from_numpy(taught < silent)] = 0.0
