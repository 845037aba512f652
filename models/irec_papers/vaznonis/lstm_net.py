"""LSTM on the raw waveform, sample by sample, after Vaznonis et al.

Shapes: B batch, T samples in a window, H = 22 units, K labels.

References
----------
M. Vaznonis, L. de Jeu, F. Mozes, M. F. Toutonghi, Y.-R. Woo, "Recognizing predominant musical instruments in music
using deep learning techniques", 2022. Section 4.1.2 (structure), 3.2.1 (silence), 5.1 (results).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from irec_models.frontends.normalize import LevelNormalizer, Standardizer
from irec_models.nets.network import Network
from irec_papers.glorot import glorot_uniform

UNITS = 22

_HIDDEN = (2048, 32, 1024)
_SLOPE = 0.01
_OPSET = 18
_ONNX_GATES = (0, 3, 1, 2)  # torch orders its gates input, forget, cell, output; ONNX input, output, forget, cell


class SilencePadding(nn.Module):
    """Add silence before and after the sound, in random shares, while training; nothing in evaluation mode.

    Section 3.2.1 does so to teach the network what silence means and not to tie it to places in time.

    Parameters
    ----------
    length : int
        Samples of silence, both ends together.

    Examples
    --------
    >>> padding = SilencePadding(3)
    >>> padding(torch.ones(1, 4, 1)).shape, padding.eval()(torch.ones(1, 4, 1)).shape
    (torch.Size([1, 7, 1]), torch.Size([1, 4, 1]))
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        if length < 0:
            raise ValueError(f"there cannot be {length} samples of silence")
        self.length = length

    def forward(self, audio: Tensor) -> Tensor:
        """Audio (B, T, 1) to (B, T + length, 1) in training, the same share for the whole batch; else unchanged."""
        if not self.training or not self.length:
            return audio
        before = int(torch.randint(self.length + 1, ()))
        return nn.functional.pad(audio, (0, 0, before, self.length - before))


class VaznonisLstmNet(Network):
    """Section 4.1.2: an LSTM of 22 units over raw samples, then 2048, 32, 1024 and K.

    The state starts at zero in every window and is thrown away after it: the app's windows overlap, so a state carried
    over would take in the same samples twice, and make the output depend on when the analysis began. What the network
    knows of the past is therefore one window, as with all others; 22 numbers at its last sample hold all of it.

    The paper reports that its network learnt the same answer for every sound (section 5.1.1). It is here to be tried
    doing better or not.

    The list of layers gives 159 851 weights at K = 11. Torch keeps two biases for each of an LSTM's gates where one
    does, which makes 159 939.

    Parameters
    ----------
    labels : int
        K; 11 in the paper.
    sample_rate : int
        Hz; 44 100 in the paper, whose excerpts had 882 000 steps. A second at 22 050 has 22 050.
    window_length : int
        T.
    silence : int
        Samples of silence added in training, before and after at random.
    """

    architecture = "vaznonis-lstm"
    kind = "activation"
    front_end = "raw samples, window brought to equal RMS"

    def __init__(self, labels: int, sample_rate: int = 22_050, window_length: int = 22_050, silence: int = 0) -> None:
        super().__init__(labels, sample_rate=sample_rate, window_length=window_length, silence=silence)
        if window_length < 1:
            raise ValueError(f"window_length must be at least 1, not {window_length}")
        self.sample_rate = sample_rate
        self.window_length = window_length
        self.level = LevelNormalizer()
        self.standardizer = Standardizer(1)
        self.padding = SilencePadding(silence)
        self.memory = nn.LSTM(1, UNITS, batch_first=True)
        layers: list[nn.Module] = []
        previous = UNITS
        for units in _HIDDEN:
            layers += [nn.Linear(previous, units), nn.LeakyReLU(_SLOPE)]
            previous = units
        self.layers = nn.Sequential(*layers, nn.Linear(previous, labels))
        self._initialize()

    def _initialize(self) -> None:
        """Initialise as Keras, which the paper used: orthogonal recurrence, and a forget gate biased to remember."""
        glorot_uniform(self.layers)
        inward, recurrent, *biases = self._gates()
        nn.init.xavier_uniform_(inward)
        nn.init.orthogonal_(recurrent)
        for bias in biases:
            nn.init.zeros_(bias)
        with torch.no_grad():
            biases[0][UNITS : 2 * UNITS] = 1.0

    def _gates(self) -> list[Tensor]:
        """Weights of input and state, each (4 H, ...), and the bias of either (4 H,)."""
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        return [self.memory.get_parameter(name) for name in names]

    def raw_features(self, audio: Tensor) -> Tensor:
        """Audio (B, T) to the same of equal RMS (B, T, 1)."""
        level: Tensor = self.level(audio)
        return level.unsqueeze(2)

    def classify(self, features: Tensor) -> Tensor:
        """Features (B, T, 1) to logits (B, K)."""
        padded = self.padding(features)
        last = self._exported_memory(padded) if torch.onnx.is_in_onnx_export() else self.memory(padded)[1][0]
        logits: Tensor = self.layers(last[0])
        return logits

    def _exported_memory(self, audio: Tensor) -> Tensor:
        """The last hidden state (1, B, H) by ONNX's own LSTM: the exporter would write out its 22 050 steps one by one.

        Called while exporting only; what it returns then has a shape but no values.
        """
        order = torch.tensor(_ONNX_GATES)
        inward, recurrent, *biases = (
            weight.reshape(4, UNITS, -1)[order].reshape(4 * UNITS, -1) for weight in self._gates()
        )
        batch, steps = audio.shape[:2]
        _, last = torch.onnx.ops.symbolic_multi_out(
            "LSTM",
            (audio.transpose(0, 1), inward[None], recurrent[None], torch.cat(biases).T),
            {"hidden_size": UNITS},
            dtypes=(torch.float32, torch.float32),
            shapes=((steps, 1, batch, UNITS), (1, batch, UNITS)),
            version=_OPSET,
        )
        return last
