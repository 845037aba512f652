"""Spectral front ends that live inside a network and are exported with it.

Shapes: B batch, T samples in a window, N frames, F bins or bands.

Each takes audio float32 (B, T) and gives float32 (B, N, F). None uses an FFT or STFT operator: the transform is a
few fixed matrix products (`irec_models.frontends.dft`), which every ONNX runtime does fast and in the same way.
"""

from irec_papers.frontends.chroma import CqtChroma
from irec_papers.frontends.cqt import ConstantQ
from irec_papers.frontends.group_delay import ModifiedGroupDelay
from irec_papers.frontends.long_dft import LongSpectrum
from irec_papers.frontends.stft import StftMagnitude

from irec_models.frontends.log_mel import LogMel

__all__ = ["ConstantQ", "CqtChroma", "LogMel", "LongSpectrum", "ModifiedGroupDelay", "StftMagnitude"]
