"""The bundled networks, as something to rebuild; asked before PyTorch is imported."""

from __future__ import annotations

from irec_live.errors import ModelError
from irec_live.models.catalog import bundled_models
from irec_live.models.spec import ModelSpec


def shipped_spec(name: str) -> ModelSpec:
    """The spec of a bundled model.

    Raises
    ------
    ModelError
        None has this name.
    """
    models = {model.name: model.spec for model in bundled_models()}
    if name not in models:
        raise ModelError(f"no bundled model is called '{name}'; those that can be rebuilt: {', '.join(models)}")
    return models[name]
