"""Published scores on IRMAS, for comparison with our measurements.

Six numbers are micro precision, recall and F1, then macro. NaN: no text gives the number.

References
----------
Y. Han, J. Kim, K. Lee, 2017: Tables III to V; Fig. 3 and section V.A for Fuhrmann and Herrera, whose recall is given as
"around 0.25"; the figure prints no numbers.
M. Vaznonis et al., 2022, section 2.1.1: micro F1 of the experiments of Bosch et al., of which the first is the method
of Fuhrmann and Herrera (without separation) and the fifth their best.
"""

from __future__ import annotations

from math import nan
from typing import Final, Literal

Six = tuple[float, float, float, float, float, float]
Strategy = Literal["s1", "s2"]
"""Aggregation over windows that Han et al. try."""

HAN_DEFAULT: Final = ("s2", 0.50)
"""Aggregation and threshold of Han et al."""

HAN_WINDOW_S: Final = 1.0
"""Window of Tables IV and V, seconds."""

TABLE_III: Final[dict[Strategy, tuple[float, ...]]] = {
    "s1": tuple(round(0.02 * step, 2) for step in range(1, 10)),
    "s2": tuple(round(0.20 + 0.05 * step, 2) for step in range(9)),
}
"""Thresholds that Han et al. try for the mean over windows and for the sum relative to the strongest label."""

TABLE_IV: Final[dict[str, Six]] = {
    "tanh": (0.416, 0.625, 0.499, 0.348, 0.537, 0.399),
    "relu": (0.640, 0.550, 0.591, 0.521, 0.508, 0.486),
    "prelu": (0.612, 0.565, 0.588, 0.502, 0.516, 0.490),
    "lrelu001": (0.640, 0.552, 0.593, 0.530, 0.507, 0.492),
    "lrelu033": (0.655, 0.557, 0.602, 0.541, 0.508, 0.503),
}
"""Han et al. by activation function, at `HAN_DEFAULT`."""

TABLE_V: Final[dict[tuple[str, float], Six]] = {
    ("s1", 0.16): (0.627, 0.572, 0.595, 0.525, 0.502, 0.486),
    HAN_DEFAULT: TABLE_IV["lrelu033"],
}
"""Han et al. by aggregation, each at its best threshold; leaky ReLU with 0.33."""

FIGURE_3: Final[dict[str, Six]] = {
    "Fuhrmann and Herrera, on IRMAS": (nan, 0.25, 0.378, nan, nan, nan),
    "Bosch et al., on IRMAS": (nan, nan, 0.503, nan, nan, nan),
    "Han et al., on IRMAS": TABLE_V[HAN_DEFAULT],
}
"""Systems that Fig. 3 of Han et al. compares."""


def han_rows(activation: str, window_s: float) -> dict[tuple[str, float], Six]:
    """Scores that Han et al. report of their network with an activation function and a window in seconds, by setting.

    Nothing of a window that their tables do not have.

    Examples
    --------
    >>> sorted(han_rows("lrelu033", 1.0)), sorted(han_rows("relu", 1.0)), han_rows("relu", 0.5)
    ([('s1', 0.16), ('s2', 0.5)], [('s2', 0.5)], {})
    """
    if window_s != HAN_WINDOW_S or activation not in TABLE_IV:
        return {}
    return dict(TABLE_V) if activation == "lrelu033" else {HAN_DEFAULT: TABLE_IV[activation]}
