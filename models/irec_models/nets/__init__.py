"""Networks by name; one architecture a file, the paper's table cited in it.

Shapes: B batch, T samples in a window, K labels, N frames.

Each maps raw audio float32 (B, T) to logits: (B, K) for activation networks, (B, K, N) for envelope networks. What the
app is given is ``network.predict(audio)``, values in 0..1. Splitting ``features`` (float32, no gradient needed) from
``classify`` lets training run the second in a narrower type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from irec_models.nets.hyperparameters import HyperparameterError, check_names, check_types
from irec_models.nets.network import HeadedNetwork, Network, TrunkNetwork
from irec_models.nets.stateful_network import StatefulNetwork
from irec_models.nets.tutti import TuttiNet
from irec_models.nets.tutti_envelope import TuttiEnvelopeNet
from irec_models.nets.tutti_mobile import TuttiMobileNet
from irec_models.nets.tutti_mobile_envelope import TuttiMobileEnvelopeNet
from irec_models.nets.tutti_stream import TuttiStreamNet
from irec_models.nets.tutti_stream_envelope import TuttiStreamEnvelopeNet
from irec_models.plugins import load, plugins

__all__ = [
    "ARCHITECTURES",
    "Architectures",
    "HeadedNetwork",
    "HyperparameterError",
    "Network",
    "StatefulNetwork",
    "TrunkNetwork",
    "TuttiEnvelopeNet",
    "TuttiMobileEnvelopeNet",
    "TuttiMobileNet",
    "TuttiNet",
    "TuttiStreamEnvelopeNet",
    "TuttiStreamNet",
    "build",
    "check_hyperparameters",
]


class Architectures(dict[str, type[Network]]):
    """Classes of networks by their names: this package's own, and those of plugins, imported when one is asked for."""

    def __init__(self, *own: type[Network]) -> None:
        super().__init__({network.architecture: network for network in own})

    def __missing__(self, name: str) -> type[Network]:
        for plugin in plugins():
            if name in plugin.architectures:
                network: type[Network] = load(plugin.architectures[name])
                self[name] = network
                return network
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or any(name in plugin.architectures for plugin in plugins())

    def names(self) -> list[str]:
        """All names, sorted; no network is imported."""
        return sorted({*self, *(name for plugin in plugins() for name in plugin.architectures)})


ARCHITECTURES = Architectures(
    TuttiNet, TuttiEnvelopeNet, TuttiMobileNet, TuttiMobileEnvelopeNet, TuttiStreamNet, TuttiStreamEnvelopeNet
)
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
        raise ValueError(f"unknown architecture '{architecture}'; there are: {', '.join(ARCHITECTURES.names())}")
    network = ARCHITECTURES[architecture]
    check_names(network, hyperparameters)
    if "labels" not in hyperparameters:
        raise HyperparameterError("labels", "is missing: the number of labels")
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
