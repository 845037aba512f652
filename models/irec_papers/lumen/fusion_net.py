"""The Lumen project's fusion: an instrument plays if every network, by its own threshold, says so.

Shapes: B batch, T samples in a window, M member networks, K labels, N = 100 frames, F bins of all members together.

References
----------
Lumen Data Science 2023 project documentation, Zagreb, 2023. Section 3.4, Table 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from irec_models.frontends import LogMel
from irec_models.nets.network import Network
from irec_papers.frontends.group_delay import ModifiedGroupDelay
from irec_papers.lumen.chroma_net import LumenChromaNet
from irec_papers.lumen.net import SAMPLE_RATE, WINDOW_LENGTH, LumenNet, Output

MEMBERS = ("mel", "modgd", "chroma")
"""Networks that can be fused, in the paper's order."""

_SMALLEST = 1e-6  # the log odds of a threshold are finite: 0 always says yes, 1 never


class LumenFusion(Network):
    """Table 7: predict 1 if ``p1 > t1``, ``p2 > t2`` and ``p3 > t3``, as one network with an activation to show.

    Of a hard decision the app could draw no curve and shift no threshold. Here each member's log odds are lowered by
    those of its threshold, and the smallest of the three is the activation's: ``min(logit(p) - logit(t))``. This is
    above 0, and the activation above 0.5, exactly where all three are above their thresholds; on either side it says
    by how much the most doubtful member is.

    The members are trained one by one and joined by `irec_papers.lumen.fusion.fuse`; thresholds start at 0.5.

    Parameters
    ----------
    labels : int
        K; 11 in the paper, which makes 33 thresholds.
    members : sequence of {"mel", "modgd", "chroma"}
        All three, or fewer: Tables 9 and 10 compare one, two and three.
    output : {"sigmoid", "softmax"}
        Of every member; see `irec_papers.lumen.net.LumenNet`.
    alpha, gamma, lifter
        Of the group delay; likewise.

    Attributes
    ----------
    thresholds : (M, K) float32
        0..1, in the checkpoint.
    """

    architecture = "lumen-fusion"
    kind = "activation"
    sample_rate = SAMPLE_RATE
    window_length = WINDOW_LENGTH

    thresholds: Tensor

    def __init__(
        self,
        labels: int,
        members: Sequence[str] = MEMBERS,
        output: Output = "sigmoid",
        alpha: float = 0.9,
        gamma: float = 0.5,
        lifter: int = 8,
    ) -> None:
        super().__init__(labels, members=list(members), output=output)
        if not members or len(set(members)) != len(members) or not set(members) <= set(MEMBERS):
            raise ValueError(f"members must be some of {', '.join(MEMBERS)}, each once, not {', '.join(members)}")
        if "modgd" in members:
            self.hyperparameters |= {"alpha": alpha, "gamma": gamma, "lifter": lifter}
        self.networks = nn.ModuleDict()
        for name in members:
            self.networks[name] = (
                LumenChromaNet(labels, output)
                if name == "chroma"
                else LumenNet(labels, name, output, alpha, gamma, lifter)  # type: ignore[arg-type]  # checked above
            )
        self._share_transform()
        self.front_end = "; ".join(network.front_end for network in self._networks())
        self.register_buffer("thresholds", torch.full((len(members), labels), 0.5))

    def _networks(self) -> list[LumenNet | LumenChromaNet]:
        return list(self.networks.values())  # type: ignore[arg-type]

    def _share_transform(self) -> None:
        """One set of Fourier constants for mel and group delay: they cut the same frames."""
        spectra = [network.spectrum for network in self._networks() if isinstance(network, LumenNet)]
        mel = next((spectrum for spectrum in spectra if isinstance(spectrum, LogMel)), None)
        for spectrum in spectra:
            if mel is not None and isinstance(spectrum, ModifiedGroupDelay):
                spectrum.dft = mel.dft

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the members' features side by side (B, N, F)."""
        return torch.cat([network.raw_features(audio) for network in self._networks()], dim=2)

    def features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to standardised features side by side (B, N, F)."""
        return torch.cat([network.features(audio) for network in self._networks()], dim=2)

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to logits (B, K)."""
        networks = self._networks()
        parts = torch.split(features, [network.standardizer.mean.numel() for network in networks], dim=2)
        odds = torch.stack([network.classify(part) for network, part in zip(networks, parts, strict=True)])  # (M, B, K)
        needed = torch.logit(self.thresholds.clamp(_SMALLEST, 1.0 - _SMALLEST))
        return (odds - needed.unsqueeze(1)).amin(dim=0)

    @torch.no_grad()
    def fit_normalization(self, batches: Iterable[Tensor]) -> None:
        """Set every member's constants from training audio (B, T)."""
        kept = list(batches)
        for network in self._networks():
            network.fit_normalization(kept)
