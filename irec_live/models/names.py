"""Names of models: the bundled defaults, and the headings under which models are offered.

Apart from the catalogue, and without its imports: menus are made of these before any model file is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from irec_live.models.spec import ModelSpec

DEFAULT_ACTIVATION = "tutti-1s"
"""Name of the bundled activation model."""

DEFAULT_ENVELOPE = "tutti-348ms"
"""Name of the bundled envelope model."""

OWN = "Made for this app"
YOURS = "Yours"
PUBLISHED = "Published systems, for comparison"


class Entry(Protocol):
    """What is shown of a model."""

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def bundled(self) -> bool: ...


SomeEntry = TypeVar("SomeEntry", bound=Entry)


def by_origin(models: Iterable[SomeEntry]) -> dict[str, list[SomeEntry]]:
    """Models under the heading that they are offered under, so that nobody takes a weak baseline for the product.

    Every heading is there, those without models too; within one, the order stays.
    """
    found: dict[str, list[SomeEntry]] = {heading: [] for heading in (OWN, YOURS, PUBLISHED)}
    for model in models:
        found[PUBLISHED if model.spec.published else OWN if model.bundled else YOURS].append(model)
    return found
