"""Networks by name; one architecture a file, the paper's table cited in it.

Shapes: B batch, T samples in a window, K labels, N frames.

Each maps raw audio float32 (B, T) to logits: (B, K) for activation networks, (B, K, N) for envelope networks. What the
app is given is ``network.predict(audio)``, values in 0..1. Splitting ``features`` (float32, no gradient needed) from
``classify`` lets training run the second in a narrower type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from irec_papers.bosch.net import BoschMachines
from irec_papers.chen.net import ChenNet
from irec_papers.han.net import HanConvNet
from irec_papers.lumen.chroma_net import LumenChromaNet
from irec_papers.lumen.fusion_net import LumenFusion
from irec_papers.lumen.net import LumenNet
from irec_papers.neuroment.net import NeuromentNet
from irec_papers.vaznonis.fft_net import VaznonisFftNet
from irec_papers.vaznonis.lstm_net import VaznonisLstmNet

from irec_models.nets.hyperparameters import HyperparameterError, check_names, check_types
from irec_models.nets.network import Network
from irec_models.nets.tutti import TuttiNet
from irec_models.nets.tutti_envelope import TuttiEnvelopeNet

__all__ = [
    "ARCHITECTURES",
    "BoschMachines",
    "ChenNet",
    "HanConvNet",
    "HyperparameterError",
    "LumenChromaNet",
    "LumenFusion",
    "LumenNet",
    "Network",
    "NeuromentNet",
    "TuttiEnvelopeNet",
    "TuttiNet",
    "VaznonisFftNet",
    "VaznonisLstmNet",
    "build",
    "check_hyperparameters",
]

_NETWORKS: tuple[type[Network], ...] = (
    TuttiNet,
    TuttiEnvelopeNet,
    HanConvNet,
    NeuromentNet,
    LumenNet,
    LumenChromaNet,
    LumenFusion,
    ChenNet,
    VaznonisLstmNet,
    VaznonisFftNet,
    BoschMachines,
)

ARCHITECTURES: dict[str, type[Network]] = {network.architecture: network for network in _NETWORKS}
"""Every architecture that recipes and checkpoints can name."""


def build(architecture: str, **hyperparameters: Any) -> Network:
    """A freshly initialised network.

    Parameters
    ----------
    architecture : str
        A key of `ARCHITECTURES`.
    **hyperparameters
        Of that network's class.

    Raises
    ------
    ValueError
        For an unknown architecture, or values that it cannot be made with.
    HyperparameterError
        For a name or a type that it does not have.

    Examples
    --------
    >>> sum(p.numel() for p in build("han", labels=11).parameters())
    1446123
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown architecture '{architecture}'; there are: {', '.join(sorted(ARCHITECTURES))}")
    network = ARCHITECTURES[architecture]
    check_names(network, hyperparameters)
    if "labels" not in hyperparameters:
        raise HyperparameterError("labels", "lacks; give their number")
    try:
        return network(**hyperparameters)
    except (TypeError, ArithmeticError, RuntimeError) as error:  # what a wrong type or a size of -1 ends in
        check_types(network, hyperparameters)
        given = ", ".join(f"{key} = {value!r}" for key, value in hyperparameters.items())
        raise ValueError(f"architecture '{architecture}' cannot be made with {given}: {error}") from error


def check_hyperparameters(architecture: str, hyperparameters: Mapping[str, Any]) -> None:
    """See whether a recipe's hyperparameters are an architecture's; the number of labels is not among them.

    Parameters
    ----------
    architecture : str
        A key of `ARCHITECTURES`.
    hyperparameters : mapping of str to value

    Raises
    ------
    HyperparameterError
        At the first name or type that is wrong.
    """
    if "labels" in hyperparameters:
        raise HyperparameterError("labels", "belongs in [data], not here")
    check_names(ARCHITECTURES[architecture], hyperparameters)
    check_types(ARCHITECTURES[architecture], hyperparameters)
