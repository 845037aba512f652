"""What stands for something in a test takes every call that the thing takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import Signature
from pathlib import Path

import pytest
from fake_models import FakeActivation, FakeEnvelope
from fake_session import FakeBackend, FakeDevice, FakeFileSession, FakeModel, FakeProbe, FakeSecond, FakeSession, spec
from reviewed import ReviewBackend, Reviewed
from stand_ins import overridden, patched, refused, refused_by

from irec_live.gui.backend import Backend, LoadedModel, Probe, SecondModel
from irec_live.gui.source_picker import DeviceLike
from irec_live.models.names import Entry
from irec_live.session import PlayableSession, Session
from irec_live.streaming.model_stream import WindowPredictor

TESTS = Path(__file__).parent


@pytest.mark.parametrize(
    "replaced", [pytest.param(overridden, id="by a class of its own"), pytest.param(patched, id="by a patch")]
)
def test_what_replaces_a_function_takes_what_that_takes(
    replaced: Callable[[Path], Iterator[tuple[str, Signature, Signature]]],
) -> None:
    pairs = [(path, *each) for path in sorted(TESTS.rglob("*.py")) for each in replaced(path)]
    assert len(pairs) > 50
    wrong = [
        f"{path.relative_to(TESTS)}: {place} cannot be called {call}"
        for path, place, ours, theirs in pairs
        if (call := refused(ours, theirs))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("stand_in", "protocol"),
    [
        (FakeSession(), Session),
        (FakeFileSession(), PlayableSession),
        (Reviewed(Path("a.flac")), PlayableSession),
        (FakeBackend(), Backend),
        (ReviewBackend(), Backend),
        (FakeModel(spec()), LoadedModel),
        (FakeModel(spec()), Entry),
        (FakeDevice("USB"), DeviceLike),
        (FakeProbe(), Probe),
        (FakeSecond(spec()), SecondModel),
        (FakeActivation(), WindowPredictor),
        (FakeEnvelope(), WindowPredictor),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_fake_has_what_its_protocol_promises(stand_in: object, protocol: type) -> None:
    wrong = refused_by(stand_in, protocol)
    assert not wrong, "\n".join(wrong)
