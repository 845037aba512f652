"""Minutes of sound through the engine, as `make soak` sends hours: nothing is left out, nothing is heard wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest
from soak import Soak


@pytest.mark.parametrize("seed", [3, 4])
def test_rows_are_complete_and_right_through_losses_gaps_and_jumps(tmp_path: Path, seed: int) -> None:
    soak = Soak(hours=0.05, seed=seed, restart_s=15.0, gap_share=0.02, samples_wanted=300)
    found = soak.run(tmp_path)
    assert found["mistakes"] == []
    assert found["devices"] > 4
    assert found["gaps"] > 3
    assert found["hours_of_sound"] >= 0.05
    assert min(found["compared"].values()) > 100
