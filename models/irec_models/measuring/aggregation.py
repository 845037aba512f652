"""Aggregation over windows: from activations of windows to those of a clip.

Shapes: R windows, K labels.

References
----------
Y. Han, J. Kim, K. Lee, 2017, section IV.B: S1 averages, S2 sums and divides by the largest sum.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Aggregation = Literal["s1", "s2", "max"]
"""S1 is the mean over windows, S2 the sum over windows relative to the strongest label, max the highest window."""

AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)


def aggregate(activations: npt.NDArray[np.floating], how: Aggregation) -> npt.NDArray[np.float32]:
    """Activations of a clip's windows (R, K) to one row (K,), 0..1.

    Examples
    --------
    >>> windows = np.array([[0.75, 0.25], [0.25, 0.25]])
    >>> [aggregate(windows, how).tolist() for how in ("s1", "s2", "max")]
    [[0.5, 0.25], [1.0, 0.5], [0.75, 0.25]]
    """
    row: npt.NDArray[np.float32] = np.asarray(activations.max(axis=0) if how == "max" else activations.mean(axis=0))
    if how == "s2":
        row = row / max(float(row.max()), 1e-9)
    return row.astype(np.float32, copy=False)
