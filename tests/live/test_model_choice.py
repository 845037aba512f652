"""Which models are loaded, and how."""

from __future__ import annotations

import gc
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import PATIENCE_S

from irec_live.cli.imports import quick_imports
from irec_live.errors import ModelError
from irec_live.models import choice
from irec_live.models.detector import Detector, Provider


@pytest.fixture
def tiny(tiny_activation_path: Path, tiny_envelope_path: Path) -> dict[str, Detector]:
    return {"a": Detector(tiny_activation_path), "e": Detector(tiny_envelope_path)}


def test_two_models_are_loaded_at_the_same_time(tiny: dict[str, Detector], monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2)

    def load(name_or_path: str, *, provider: Provider = "auto", threads: int = 1) -> Detector:
        both.wait(PATIENCE_S)
        return tiny[name_or_path]

    monkeypatch.setattr(choice, "load_model", load)
    assert choice.load_models(["e", "a"]) == (tiny["e"], tiny["a"])


def test_on_a_gpu_one_is_loaded_after_the_other(tiny: dict[str, Detector], monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Lock()
    alone = []

    def load(name_or_path: str, *, provider: Provider = "auto", threads: int = 1) -> Detector:
        alone.append(free.acquire(blocking=False))
        threading.Event().wait(0.01)  # for the other to come, if it would
        free.release()
        return tiny[name_or_path]

    monkeypatch.setattr(choice, "load_model", load)
    assert choice.load_models(["a", "e"], "cuda") == (tiny["a"], tiny["e"])
    assert alone == [True, True]


def test_of_two_models_that_cannot_be_loaded_the_first_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="first"):
        choice.load_models([tmp_path / "first.onnx", tmp_path / "second.onnx"])


def test_modules_are_imported_without_the_collector_which_is_on_again_afterwards() -> None:
    with suppress(ImportError), quick_imports():
        assert not gc.isenabled()
        raise ImportError("there is no such module")
    assert gc.isenabled()
