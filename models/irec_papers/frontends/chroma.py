"""Constant-Q chroma as a module that exports.

Shapes: B batch, T samples in a window, N frames, C pitch classes.

References
----------
Lumen Data Science 2023 project documentation, Zagreb, 2023, section 3.1.3 (36 x 100 CQT chromagrams by librosa).
B. McFee et al., "librosa: Audio and music signal analysis in Python", 14th Python in Science Conference, 2015
(``feature.chroma_cqt``: seven octaves from C1, three bins a semitone, frames divided by their maximum).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from irec_papers.frontends.cqt import ConstantQ

C1_HZ = 32.70319566257483
"""The lowest C of a piano at A4 = 440 Hz."""

OCTAVES = 7

_FLOOR = 1e-3
"""A frame whose maximum is below is not raised to 1: silence stays silence. The chroma of a sine so loud, roughly."""


class CqtChroma(nn.Module):
    """How strongly each pitch class sounds, octaves added up, the strongest of a frame being 1.

    As ``librosa.feature.chroma_cqt`` with as many chroma bins as bins per octave and no tuning estimate. That would
    need the whole recording, and a live window does not know what follows.

    Parameters
    ----------
    sample_rate : int
        Hz.
    window_length : int
        T.
    hop_length : int
        Samples between frames.
    frames : int
        N, in the middle of the window.
    classes : int
        C, also the bins per octave; class 0 is C.

    Examples
    --------
    >>> chroma = CqtChroma(22050, 22050, 224, frames=100, classes=36)
    >>> tone = torch.sin(2 * torch.pi * 440 * torch.arange(22050) / 22050)
    >>> int(chroma(tone[None])[0, 50].argmax())  # A: nine semitones above C, three bins each
    27
    """

    weights: Tensor

    def __init__(
        self,
        sample_rate: int,
        window_length: int,
        hop_length: int,
        frames: int,
        classes: int = 36,
    ) -> None:
        super().__init__()
        self.bins = classes
        self.cqt = ConstantQ(
            sample_rate,
            window_length,
            hop_length,
            frames,
            low_hz=C1_HZ,
            bins=OCTAVES * classes,
            bins_per_octave=classes,
        )
        # Kernels of equal energy rather than equal gain, relative to the longest: low notes count more.
        energy = torch.from_numpy((self.cqt.lengths / self.cqt.lengths[0]) ** 0.5)
        self.register_buffer("weights", energy.to(torch.float32), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to chroma (B, N, C) in 0..1."""
        spectrum: Tensor = self.cqt(audio) * self.weights
        chroma = spectrum.reshape(-1, self.cqt.frames, OCTAVES, self.bins).sum(dim=2)
        return chroma / torch.clamp(chroma.amax(dim=2, keepdim=True), min=_FLOOR)
