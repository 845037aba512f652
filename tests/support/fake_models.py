"""Networks without a network: what a pipeline needs of a model, computed by a formula that a test can repeat."""

from __future__ import annotations

import numpy as np

from irec_live.models.spec import ModelSpec

RATE = 8000


class FakeActivation:
    """Activation of label k: mean absolute sample of the k-th equal part of the window, times 2, at most 1."""

    providers = ("CPU",)
    sha256 = "a" * 64

    def __init__(self, labels: tuple[str, ...] = ("flute", "piano"), **changes: object) -> None:
        values = {"sample_rate": RATE, "window_length": 800, "hop_length": 200} | changes
        self.spec = ModelSpec(name="fake-activation", kind="activation", labels=labels, **values)
        self.calls = 0
        self.windows = 0

    def __call__(self, windows: np.ndarray, /) -> np.ndarray:
        self.calls += 1
        self.windows += len(windows)
        parts = np.abs(windows).reshape(len(windows), len(self.spec.labels), -1)
        return np.minimum(1.0, 2.0 * parts.mean(axis=2)).astype(np.float32)


class FakeEnvelope:
    """Envelope of label k: RMS of the samples around each frame centre, divided by k + 1."""

    providers = ("CPU",)
    sha256 = "e" * 64

    def __init__(self, labels: tuple[str, ...] = ("piano", "voice"), **changes: object) -> None:
        values = {"sample_rate": RATE, "window_length": 15 * 32, "hop_length": 8 * 32, "frames": 16, "frame_hop": 32}
        self.spec = ModelSpec(name="fake-envelope", kind="envelope", labels=labels, **(values | changes))
        self.calls = 0

    def __call__(self, windows: np.ndarray, /) -> np.ndarray:
        self.calls += 1
        spec = self.spec
        padded = np.pad(windows, ((0, 0), (spec.frame_hop, spec.frame_hop)))
        rms = np.stack(
            [
                np.sqrt(np.mean(padded[:, n * spec.frame_hop :][:, : 2 * spec.frame_hop] ** 2, axis=1))
                for n in range(spec.frames)
            ],
            axis=1,
        )  # (B, N)
        scale = 1.0 / (1.0 + np.arange(len(spec.labels)))
        return np.minimum(1.0, rms[:, None, :] * scale[None, :, None]).astype(np.float32)
