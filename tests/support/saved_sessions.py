"""Recorded sessions for tests: any sound, as if it had been live."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fake_models import FakeActivation, FakeEnvelope
from waiting import PATIENCE_S

from irec_live.recording import Recorder
from irec_live.streaming.model_stream import WindowPredictor
from irec_live.streaming.pipeline import Pipeline


def save_session(
    folder: Path, sound: np.ndarray, sample_rate: int, models: Sequence[WindowPredictor] | None = None
) -> Path:
    """Record (n, C) float32 to a new folder, with the results of these networks, or of made-up ones; the folder."""
    pipeline = Pipeline(sample_rate, models or [FakeActivation(), FakeEnvelope()])
    recorder = Recorder(pipeline, sound.shape[1], lambda: "Test input")
    recorder.start(folder)
    block = sample_rate // 10
    for first in range(0, len(sound), block):
        part = sound[first : first + block]
        recorder.take_block(part, sample_rate, pipeline.position)
        recorder.take_step(pipeline.push(part))
    recorder.take_step(pipeline.flush())
    recorder.stop()
    assert recorder.wait(PATIENCE_S), "it was not written in time"
    assert recorder.state.state == "saved", recorder.state.message
    return folder
