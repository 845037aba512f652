"""Spectral front ends that live inside a network and are exported with it.

Shapes: B batch, T samples in a window, N frames, F bins or bands.

Each takes audio float32 (B, T) and gives float32 (B, N, F). None uses an FFT or STFT operator: the transform is a
few fixed matrix products (`irec_models.frontends.dft`), which every ONNX runtime does fast and in the same way.
"""

from irec_models.frontends.log_mel import LogMel

__all__ = ["LogMel"]
