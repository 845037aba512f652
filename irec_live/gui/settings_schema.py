"""Settings schema: every setting that persists, with its type and its default; migrations.

A setting is data: to add one, add a `Setting` below. What a store holds for it may be missing, of another type, or
edited by hand: `Setting.read` then returns the default, or the nearest value that is allowed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from irec_live.input_kind import InputKind

VERSION = 2
"""Of this schema. 1 is that of irec-live 0.1 and 0.2, whose files do not state it."""

VERSION_KEY = "schema"

T = TypeVar("T")


class Store(Protocol):
    """What is needed of a `QSettings`."""

    def value(self, key: str, /) -> Any: ...

    def setValue(self, key: str, value: Any, /) -> None: ...

    def remove(self, key: str, /) -> None: ...

    def contains(self, key: str, /) -> bool: ...


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One setting.

    Attributes
    ----------
    key : str
        ``group/name`` in the store.
    default : T
    parse : callable
        What the store holds -> T; raises ValueError or TypeError if it is not usable.
    dump : callable
        T -> what the store shall hold.
    """

    key: str
    default: T
    parse: Callable[[Any], T]
    dump: Callable[[T], Any]

    def read(self, held: object) -> T:
        """The value of what a store holds; the default if it holds nothing usable.

        Examples
        --------
        >>> SPAN_S.read("30.0"), SPAN_S.read("many"), THRESHOLD_OFFSET.read("9"), THRESHOLD_OFFSET.read("nan")
        (30.0, 15.0, 0.4, 0.0)
        """
        if held is None:
            return self.default
        try:
            return self.parse(held)
        except (ValueError, TypeError, RecursionError):
            return self.default


def number(key: str, default: float, low: float, high: float) -> Setting[float]:
    """A number, clipped to a range."""

    def parse(held: object) -> float:
        value = float(held)  # type: ignore[arg-type]  # an INI file returns numbers as strings
        if math.isnan(value):
            raise ValueError("not a number")
        return min(high, max(low, value))

    return Setting(key, default, parse, float)


def flag(key: str, default: bool) -> Setting[bool]:
    """On or off."""

    def parse(held: object) -> bool:
        return {"true": True, "false": False, "1": True, "0": False}.get(str(held).lower(), default)

    return Setting(key, default, parse, lambda value: "true" if value else "false")


def choice(key: str, default: str, values: Collection[str] = ()) -> Setting[str]:
    """One of several words; any text if none are given."""

    def parse(held: object) -> str:
        if not isinstance(held, str) or (values and held not in values):
            raise ValueError(f"one of {values}")
        return held

    return Setting(key, default, parse, str)


def structure(key: str, default: T, check: Callable[[Any], T]) -> Setting[T]:
    """A list or a mapping, held as JSON: INI files have neither."""

    def parse(held: object) -> T:
        if not isinstance(held, str):
            raise TypeError("not JSON")
        return check(json.loads(held))

    return Setting(key, default, parse, lambda value: json.dumps(value, ensure_ascii=False))


def names(held: object) -> tuple[str, ...]:
    """A list of different names; anything else in it is left out.

    Examples
    --------
    >>> names(["violin", 3, "bass", "violin"])
    ('violin', 'bass')
    """
    if not isinstance(held, list):
        raise TypeError("not a list")
    return tuple(dict.fromkeys(name for name in held if isinstance(name, str) and name))


def numbers(held: object) -> dict[str, float]:
    """Finite numbers by name; anything else in it is left out.

    Examples
    --------
    >>> numbers({"violin": 0.1, "bass": "loud", "voice": float("inf")})
    {'violin': 0.1}
    """
    if not isinstance(held, dict):
        raise TypeError("not a mapping")
    return {
        name: float(value)
        for name, value in held.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def texts(held: object) -> dict[str, str]:
    """Texts by name; anything else in it is left out."""
    return {name: value for name, value in mapping(held).items() if isinstance(value, str)}


def mapping(held: object) -> dict[str, Any]:
    """Anything by name; who uses it checks what it is."""
    if not isinstance(held, dict):
        raise TypeError("not a mapping")
    return held


SPANS_S = (5.0, 10.0, 15.0, 30.0, 60.0)
"""Time spans on offer, seconds."""

WIDEST_OFFSET = 0.4
"""Largest offset of the threshold slider, up and down."""


def _span(held: object) -> float:
    value = float(held)  # type: ignore[arg-type]
    if value not in SPANS_S:
        raise ValueError(f"one of {SPANS_S}")
    return value


THEME = choice("view/theme", "system")
SPAN_S: Setting[float] = Setting("view/span_s", 15.0, _span, float)
THRESHOLD_OFFSET = number("decisions/threshold_offset", 0.0, -WIDEST_OFFSET, WIDEST_OFFSET)
FOLDER = choice("files/folder", "")
SOURCE_KIND = choice("source/kind", InputKind.MIC.value)
SOURCE_DEVICE = choice("source/device", "")
SOURCE_HOSTAPI = choice("source/hostapi", "")
RECORD_FOLDER = choice("recording/folder", "")
RECORD_PREROLL_S = number("recording/preroll_s", 5.0, 0.0, 30.0)
OSC_TARGET = choice("sending/osc", "9000")
MIDI_PORT = choice("sending/midi", "")
RECORD_ONLY_DETECTED = flag("recording/only_detected", False)
KEEP_RESULTS = flag("recording/keep_results", True)
LANE_SORTING = choice("lanes/sorting", "own", ("own", "strongest", "family"))
LANE_SIZE = choice("lanes/size", "fit", ("fit", "compact", "normal", "large"))
LANE_ORDER: Setting[tuple[str, ...]] = structure("lanes/order", (), names)
LANE_HIDDEN: Setting[tuple[str, ...]] = structure("lanes/hidden", (), names)
LANE_PINNED: Setting[tuple[str, ...]] = structure("lanes/pinned", (), names)
DECISIONS: Setting[dict[str, Any]] = structure("decisions/present", {}, mapping)
OWN_PRESETS: Setting[dict[str, Any]] = structure("decisions/presets", {}, mapping)
MODELS: Setting[dict[str, str]] = structure("models/chosen", {}, texts)
INPUT_SHAPES: Setting[dict[str, Any]] = structure("source/shapes", {}, mapping)
SPECTROGRAM_COLORS = choice("spectrogram/colors", "theme", ("theme", "viridis", "cividis", "magma", "grey"))
SPECTROGRAM_LEVELS = choice("spectrogram/levels", "usual", ("usual", "wide", "loud", "quiet"))
SPECTROGRAM_AXIS = choice("spectrogram/axis", "mel", ("mel", "log"))
UI_SCALE = number("view/scale", 1.0, 0.5, 3.0)
LANGUAGE = choice("view/language", "system")

_RENAMED: Mapping[int, Mapping[str, str]] = {
    2: {
        "theme": THEME.key,
        "span_s": SPAN_S.key,
        "threshold_offset": THRESHOLD_OFFSET.key,
        "folder": FOLDER.key,
        "geometry": "window/geometry",
    }
}
"""By version, the keys that it renamed: former -> present."""


def migrate(store: Store) -> None:
    """Bring a store of an older version up to this one; one of a newer version stays as it is."""
    try:
        held = int(store.value(VERSION_KEY))
    except (TypeError, ValueError):
        held = 1
    if held >= VERSION:
        return
    for version in range(held + 1, VERSION + 1):
        for former, present in _RENAMED.get(version, {}).items():
            if store.contains(former):
                if not store.contains(present):
                    store.setValue(present, store.value(former))
                store.remove(former)
    store.setValue(VERSION_KEY, VERSION)
