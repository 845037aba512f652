"""The limits that tests lengthen are those of the app."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from patience import LIMITS, be_patient
from waiting import PATIENCE_S


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_one_of_a_module_that_is_there(limit: str) -> None:
    assert find_spec(limit.rpartition(".")[0]) is not None


def test_what_is_loaded_is_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    from irec_live.streaming import engine

    be_patient(monkeypatch)
    assert engine.STOP_TIMEOUT_S == PATIENCE_S
