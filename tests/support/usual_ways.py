"""The usual ways to ask one of our networks, for comparison: librosa and torch, window by window or in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.models.spec import ModelSpec

Array = npt.NDArray[np.float32]
Way = Callable[[Array], Any]

MEL: dict[str, dict[str, Any]] = {
    "han": {"n_fft": 1024, "hop_length": 512, "n_mels": 128, "fmin": 0.0, "fmax": None},
    "neuroment": {"n_fft": 2048, "hop_length": 1024, "n_mels": 128, "fmin": 27.5, "fmax": 20_000.0},
    "tutti": {"n_fft": 1024, "hop_length": 512, "n_mels": 128, "fmin": 30.0, "fmax": None},
    "tutti-envelope": {"n_fft": 1024, "hop_length": 512, "n_mels": 128, "fmin": 30.0, "fmax": None},
    "tutti-mobile": {"n_fft": 1024, "hop_length": 320, "win_length": 800, "n_mels": 128, "fmax": 15_000.0},
    "tutti-stream": {"n_fft": 1024, "hop_length": 320, "win_length": 800, "n_mels": 128, "fmax": 15_000.0},
    "tutti-mobile-envelope": {"n_fft": 1024, "hop_length": 320, "win_length": 800, "n_mels": 128, "fmax": 15_000.0},
    "tutti-stream-envelope": {"n_fft": 1024, "hop_length": 320, "win_length": 800, "n_mels": 128, "fmax": 15_000.0},
}
"""By architecture: what librosa is told to come to a spectrogram of the same size."""

FRAMES = {
    "han": 43,
    "neuroment": 16,
    "tutti": 43,
    "tutti-envelope": 16,
    "tutti-mobile": 98,
    "tutti-stream": 96,
    "tutti-mobile-envelope": 35,
    "tutti-stream-envelope": 32,
}


def usual_ways(spec: ModelSpec) -> dict[str, Way]:
    """Functions of windows (B, T), by name: ``librosa + torch``, which takes one window, and ``torch``.

    Weights do not change the cost, so the network has random ones.

    Raises
    ------
    LookupError
        No usual way is written down for the architecture.
    ImportError
        librosa, torch or the training half is not installed.
    """
    import librosa
    import torch

    from irec_models import nets

    if spec.architecture not in MEL:
        raise LookupError(f"no usual way is written down for the architecture {spec.architecture}")
    network = nets.build(spec.architecture, labels=len(spec.labels)).eval()
    options, frames = MEL[spec.architecture], FRAMES[spec.architecture]

    def with_librosa(windows: Array) -> Any:
        (window,) = windows
        mel = librosa.feature.melspectrogram(y=window, sr=spec.sample_rate, power=1.0, **options)
        features = torch.from_numpy(np.log(mel[:, :frames].T + 1e-3).astype(np.float32))
        with torch.inference_mode():
            return network.outputs(network.classify(features[None]), torch.from_numpy(windows)).numpy()

    def eager(windows: Array) -> Any:
        with torch.inference_mode():
            return network.predict(torch.from_numpy(windows)).numpy()

    return {"librosa + torch": with_librosa, "torch": eager}
