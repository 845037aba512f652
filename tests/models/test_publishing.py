"""Publishing: what is decided on arrays is what the decided network would say."""

from __future__ import annotations

import numpy as np
import pytest
import small_nets
import torch

from irec_live.models.spec import ModelSpec
from irec_models.data import EvalClip, EvalMix
from irec_models.measuring.clip_scores import predict_clips
from irec_models.measuring.mixture_scores import predict_mixtures
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.publishing.calibration import calibrate
from irec_models.publishing.decide import calibrated, decide
from irec_models.publishing.predict import Predictions
from irec_models.publishing.score import score
from irec_models.recipes.recipe import DecisionsSection

LABELS = ("flute", "piano", "drums")
SPEC = ModelSpec(name="small", kind="activation", labels=LABELS, sample_rate=8000, window_length=4096, hop_length=2048)


def sound(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Two seconds, of which the first is silent."""
    rng = np.random.default_rng(seed)
    return np.concatenate([np.zeros(8192), rng.uniform(-0.5, 0.5, 8192)]).astype(np.float32)


CLIPS = [EvalClip(f"{n}.wav", sound(n), (LABELS[n % 3],), (), (), "stage", "", "phrases") for n in range(4)]
MIXES = [EvalMix(sound(9 + n), n, LABELS[:n], (), np.zeros((3, 4), np.float32), 512, 8000) for n in range(3)]


def predictions(network: small_nets.SmallNet) -> Predictions:
    predictor = CheckpointPredictor(network, SPEC)
    windows = torch.from_numpy(np.stack([sound(seed)[8192:12288] for seed in range(20, 60)]))
    with torch.no_grad():
        noise = network.predict(windows)
    targets = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (40, 3)))
    return Predictions(predict_clips(predictor, CLIPS), (noise, targets), noise[:5], predict_mixtures(predictor, MIXES))


def test_calibrating_predictions_is_predicting_with_the_calibrated_network() -> None:
    torch.manual_seed(0)
    network = small_nets.SmallNet(labels=3).eval()
    scale, offset = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([-1.0, 0.0, 0.5])
    moved = calibrated(predictions(network), scale, offset)
    calibrate(network, scale, offset)
    again = predictions(network)
    for how, values in again.clips.activations.items():
        torch.testing.assert_close(moved.clips.activations[how], values, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(moved.clips.levels[how], values, atol=1e-5, rtol=1e-4)
    for mine, theirs in zip(moved.clips.windows, again.clips.windows, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
        assert not mine[0].any()  # silence is not asked about, whatever the calibration
    assert moved.mixtures is not None
    assert again.mixtures is not None
    torch.testing.assert_close(moved.mixtures.levels, again.mixtures.levels, atol=1e-5, rtol=1e-4)
    assert moved.noise is not None
    torch.testing.assert_close(moved.noise, again.noise, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("mixed", [True, False])
def test_a_decision_tells_what_it_was_made_on(mixed: bool) -> None:
    torch.manual_seed(0)
    found = predictions(small_nets.SmallNet(labels=3).eval())
    if not mixed:
        found = Predictions(found.clips)
    options = DecisionsSection(precision_floor=0.0)
    decision = decide(found, SPEC, options, calibrating=mixed, name="clips of the split dev")
    assert set(decision.thresholds) == set(LABELS)
    assert (decision.calibration is not None) == mixed
    real = len(found.clips.sounding_windows()[1])
    assert (f"on 40 windows of mixtures of the held-out sources and {real} of" in decision.chosen_on) == mixed
    assert (f"on {real} windows of the clips of the split dev" in decision.chosen_on) != mixed
    spec = SPEC.model_copy(update={"thresholds": decision.thresholds})
    scores = score(decision.predictions, spec)
    assert ("mixes_macro_map" in scores.headline) == mixed
    assert scores.clips.clips == len(CLIPS)
