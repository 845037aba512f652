"""Fixtures that every room's tests may use."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_models


@pytest.fixture(scope="session")
def tiny_activation_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``.onnx`` file of the activation model of `tiny_models`: 8 kHz, 1 s windows, K = 3."""
    return tiny_models.write_activation_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_envelope_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``.onnx`` file of the envelope model of `tiny_models`: 8 kHz, 16 frames, K = 3."""
    return tiny_models.write_envelope_model(tmp_path_factory.mktemp("tiny"))
