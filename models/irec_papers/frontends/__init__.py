"""Front ends that only the published systems need, exported with a network as those of `irec_models.frontends` are.

Shapes: B batch, T samples in a window, N frames, F bins. Each takes audio float32 (B, T) and gives float32 (B, N, F).
"""

from irec_papers.frontends.chroma import CqtChroma
from irec_papers.frontends.cqt import ConstantQ
from irec_papers.frontends.group_delay import ModifiedGroupDelay
from irec_papers.frontends.long_dft import LongSpectrum
from irec_papers.frontends.stft import StftMagnitude

__all__ = ["ConstantQ", "CqtChroma", "LongSpectrum", "ModifiedGroupDelay", "StftMagnitude"]
