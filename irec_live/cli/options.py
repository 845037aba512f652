"""From what the user typed to what the rooms below take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from irec_live.detector import Detector


def hop_seconds(hop_ms: float | None, detectors: Sequence[Detector]) -> float | None:
    """``--hop-ms`` in seconds.

    Raises
    ------
    click.BadParameter
        The hop is longer than a window: sound in between would go unheard.
    """
    if hop_ms is None:
        return None
    for spec in (detector.spec for detector in detectors):
        if spec.kind == "activation" and hop_ms > 1000 * spec.window_s:
            raise click.BadParameter(
                f"{hop_ms:g} ms is longer than the {1000 * spec.window_s:g} ms window of {spec.name}",
                param_hint="--hop-ms",
            )
    return hop_ms / 1000
