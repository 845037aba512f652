"""Decisions as values: presets, and what of them is stored. No widget here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from irec_live.gui.language import marked, tr
from irec_live.gui.settings_schema import WIDEST_OFFSET, numbers
from irec_live.streaming.decisions import Decisions, TrackerSettings

MOST_WINDOWS = 10
LONGEST_S = 2.0
"""Largest values on offer: windows smoothed, and seconds of the durations."""

WIDEST_OWN = 0.9
"""Largest offset of one instrument's threshold, up and down."""

PRESETS: Mapping[str, tuple[str, Decisions]] = {
    marked("Stage"): (
        marked("Quick: labels light soon, and gaps between phrases are bridged"),
        Decisions(0.05, (), TrackerSettings(pool=2, min_duration_s=0.1, refractory_s=0.5)),
    ),
    marked("Practice"): (marked("As the model was measured"), Decisions()),
    marked("Archive"): (
        marked("Steady: slower, with fewer short events that are wrong"),
        Decisions(0.0, (), TrackerSettings(pool=5, min_duration_s=0.5, refractory_s=0.5)),
    ),
}
"""By name: what it is for, and its values. They leave the thresholds of single instruments as they are."""


def preset_title(name: str) -> str:
    """A preset's name in the language of the window; one of the user's own as it is."""
    return tr(name) if name in PRESETS else name


def stored(decisions: Decisions) -> dict[str, Any]:
    """Decisions as plain values, for JSON."""
    settings = decisions.settings
    return {
        "offset": decisions.offset,
        "own": dict(decisions.own),
        "pool": settings.pool,
        "min_duration_s": settings.min_duration_s,
        "refractory_s": settings.refractory_s,
    }


def restored(held: object) -> Decisions:
    """Decisions of what `stored` returned; what is missing or out of range is as in `Practice`, or the nearest allowed.

    Raises
    ------
    TypeError
        Not a mapping.

    Examples
    --------
    >>> restored(stored(PRESETS["Stage"][1])) == PRESETS["Stage"][1]
    True
    >>> restored({"pool": 99, "min_duration_s": "long", "offset": -7}).settings.pool
    10
    """
    if not isinstance(held, dict):
        raise TypeError("not a mapping")
    plain, usual = numbers(held), TrackerSettings()
    own_held = held.get("own")
    own = numbers(own_held) if isinstance(own_held, dict) else {}
    settings = replace(
        usual,
        pool=round(min(MOST_WINDOWS, max(1, plain.get("pool", usual.pool)))),
        min_duration_s=min(LONGEST_S, max(0.0, plain.get("min_duration_s", usual.min_duration_s))),
        refractory_s=min(LONGEST_S, max(0.0, plain.get("refractory_s", usual.refractory_s))),
    )
    made = Decisions(min(WIDEST_OFFSET, max(-WIDEST_OFFSET, plain.get("offset", 0.0))), (), settings)
    for label, offset in own.items():
        made = made.with_own(label, min(WIDEST_OWN, max(-WIDEST_OWN, offset)))
    return made


def restored_presets(held: object) -> dict[str, dict[str, Any]]:
    """The user's presets by name, of what the settings hold; unusable ones are left out."""
    if not isinstance(held, dict):
        raise TypeError("not a mapping")
    return {name: stored(restored(values)) for name, values in held.items() if name and isinstance(values, dict)}


def applied(preset: str, own_presets: Mapping[str, Mapping[str, Any]], present: Decisions) -> Decisions:
    """Decisions after a preset is chosen."""
    if preset in own_presets:
        return restored(dict(own_presets[preset]))
    return replace(PRESETS[preset][1], own=present.own)


def preset_of(decisions: Decisions, own_presets: Mapping[str, Mapping[str, Any]]) -> str:
    """Name of the preset that these decisions are; empty if none.

    Examples
    --------
    >>> preset_of(Decisions().with_own("bass", 0.1), {}), preset_of(Decisions(0.3), {})
    ('Practice', '')
    """
    for name, values in own_presets.items():
        if restored(dict(values)) == decisions:
            return name
    plain = replace(decisions, own=())
    return next((name for name, (_, values) in PRESETS.items() if values == plain), "")


def raised(
    decisions: Decisions,
    labels: Sequence[str],
    peaks: Sequence[float],
    thresholds: Sequence[float],
    margin: float = 0.08,
) -> tuple[Decisions, dict[str, float]]:
    """Decisions by which noise lights no label: thresholds that it reached, or nearly, are raised above it.

    Parameters
    ----------
    decisions : Decisions
        In force while the noise was heard.
    labels : sequence of str
    peaks, thresholds : sequence of float
        Highest smoothed activation of each label, and the thresholds then, 0..1; NaN for labels that are not named.
    margin : float
        How far above the peak a threshold has to be.

    Returns
    -------
    Decisions
    raised : dict of str to float
        New thresholds of the labels that were raised.

    Examples
    --------
    >>> decisions, said = raised(Decisions(), ["bass", "voice"], [0.55, 0.1], [0.5, 0.5])
    >>> said, [(label, round(offset, 3)) for label, offset in decisions.own]
    ({'bass': 0.63}, [('bass', 0.13)])
    """
    own = dict(decisions.own)
    said: dict[str, float] = {}
    for label, peak, threshold in zip(labels, peaks, thresholds, strict=True):
        needed = min(0.95, peak + margin)
        if needed > threshold:  # false for NaN
            said[label] = round(needed, 3)
            decisions = decisions.with_own(label, round(own.get(label, 0.0) + needed - threshold, 3))
    return decisions, said
