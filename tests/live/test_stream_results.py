"""What is kept of a stream for its end: all rows, or nothing of one that is too long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_models import RATE, FakeActivation, FakeEnvelope

from irec_live.streaming.pipeline import Pipeline, PipelineStep
from irec_live.web.stream_results import StreamResults


def streamed(kept: StreamResults, seconds: float) -> Any:
    """A session that has ended, and whose steps were all kept."""
    pipeline = Pipeline(RATE, [FakeActivation(), FakeEnvelope()])
    rng = np.random.default_rng(0)
    for _ in range(round(seconds)):
        kept.take(pipeline.push(rng.uniform(-0.5, 0.5, (RATE, 1)).astype(np.float32)))
    kept.take(pipeline.flush())
    return SimpleNamespace(pipeline=pipeline, time_s=pipeline.time_s, warnings=())


def test_all_rows_are_kept_however_many() -> None:
    kept = StreamResults(3600.0)
    session = streamed(kept, 150.0)
    found = kept.analysis("a stream", session)
    assert found is not None
    assert (found.file, found.duration_s) == ("a stream", 150.0)
    times, rows, _ = session.pipeline.timeline.activations()
    assert len(found.activation) == len(rows) > 1024
    assert found.activation == pytest.approx(rows)
    assert found.activation_times == pytest.approx(times)
    assert len(found.envelope) == len(session.pipeline.timeline.envelopes()[1])


def test_a_stream_that_is_too_long_is_not_kept() -> None:
    kept = StreamResults(5.0)
    session = streamed(kept, 8.0)
    assert kept.analysis("a stream", session) is None
    assert not kept._events


def test_what_a_client_sees_to_be_too_long_is_not_kept() -> None:
    kept = StreamResults(5.0)
    row = np.zeros(2, np.float32)
    kept.take(PipelineStep(activations=((4.6, row),), envelopes=((4.9, row), (5.1, row))))
    session = SimpleNamespace(pipeline=Pipeline(RATE, [FakeActivation(), FakeEnvelope()]), time_s=5.2, warnings=())
    assert kept.analysis("a stream", session) is None
