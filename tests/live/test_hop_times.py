"""How long a hop takes: percentiles as numpy has them."""

from __future__ import annotations

import numpy as np
import pytest

from irec_live.streaming.hop_times import HopTimes


@pytest.mark.parametrize("hops", [1, 2, 7, 600, 1500])
def test_percentiles_are_those_of_numpy_over_the_last_minute(hops: int) -> None:
    seconds = np.random.default_rng(hops).exponential(0.003, hops)
    times = HopTimes()
    for value in seconds.tolist():
        times.add(value)
        times.close()
        times.percentiles(50)  # whoever asks in between changes nothing
    shares = (0, 1, 50, 99, 100)
    assert times.percentiles(*shares) == pytest.approx(np.percentile(1000.0 * seconds[-600:], shares).tolist())


def test_before_the_first_hop_there_is_nothing() -> None:
    assert HopTimes().percentiles(50, 99) == (0.0, 0.0)
