"""Standardising causally or by the whole recording: the forms agree where they must."""

from __future__ import annotations

import numpy as np
import pytest
import small_nets
import torch

from irec_live.spec import ModelSpec
from irec_models.judges import windows_of
from irec_models.standardization import Restandardized

SPEC = ModelSpec(
    name="small",
    kind="activation",
    labels=("flute", "piano", "drums"),
    sample_rate=8000,
    window_length=4096,
    hop_length=2048,
)


@pytest.fixture
def network() -> small_nets.SmallNet:
    torch.manual_seed(0)
    network = small_nets.SmallNet(3)
    network.fit_normalization([0.1 * torch.randn(4, 4096)])
    return network.eval()


def recording(seconds: float, level: float = 0.1) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal(round(seconds * 8000))
    return (level * noise).astype(np.float32)


def said(network: small_nets.SmallNet, form: str, audio: np.ndarray) -> np.ndarray:
    judge = Restandardized(network, SPEC, form)  # type: ignore[arg-type]
    judge.begin(audio)
    windows = windows_of(audio, 4096, 2048)
    return np.concatenate([judge(windows[:3]), judge(windows[3:])])


def test_constants_are_the_network_itself(network: small_nets.SmallNet) -> None:
    audio = recording(2.0)
    with torch.no_grad():
        expected = network.predict(torch.from_numpy(windows_of(audio, 4096, 2048))).numpy()
    np.testing.assert_allclose(said(network, "constants", audio), expected, atol=1e-6)


def test_what_was_heard_does_not_depend_on_what_comes(network: small_nets.SmallNet) -> None:
    audio = recording(3.0)
    changed = audio.copy()
    changed[8 * 2048 :] *= 30  # later than the sixth window ends
    first, second = said(network, "heard", audio), said(network, "heard", changed)
    np.testing.assert_array_equal(first[:6], second[:6])
    assert np.abs(first[8:] - second[8:]).max() > 0
    whole = said(network, "whole", audio), said(network, "whole", changed)
    assert np.abs(whole[0][:6] - whole[1][:6]).max() > 1e-3


def test_after_long_enough_what_was_heard_is_the_whole(network: small_nets.SmallNet) -> None:
    audio = recording(40.0, level=0.01)
    heard, whole = said(network, "heard", audio), said(network, "whole", audio)
    assert np.abs(heard[0] - whole[0]).max() > 2 * np.abs(heard[-1] - whole[-1]).max()
    np.testing.assert_allclose(heard[-1], whole[-1], atol=0.1)


def test_another_recording_begins_anew(network: small_nets.SmallNet) -> None:
    judge = Restandardized(network, SPEC, "heard")
    windows = windows_of(recording(1.0), 4096, 2048)
    judge.begin(recording(1.0))
    first = judge(windows)
    judge.begin(recording(1.0))
    np.testing.assert_array_equal(judge(windows), first)


def test_an_unknown_form_is_refused(network: small_nets.SmallNet) -> None:
    with pytest.raises(ValueError, match="unknown form 'future'"):
        Restandardized(network, SPEC, "future")  # type: ignore[arg-type]
