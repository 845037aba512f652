"""User settings that persist between runs (QSettings)."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import SYSTEM, ThemeChoice, choices
from irec_live.input_kind import InputKind

SPANS_S = (5.0, 10.0, 15.0, 30.0, 60.0)
"""Time spans on offer, seconds."""


class Preferences:
    """Typed access to a `QSettings` store; an unreadable value counts as absent.

    Parameters
    ----------
    store : QSettings, optional
        None stores nothing, for screenshots and tests.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store

    @classmethod
    def of_user(cls) -> Preferences:
        """The user's settings, in the system's folder for them."""
        return cls(QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "irec-live", "irec-live"))

    @classmethod
    def in_file(cls, path: Path) -> Preferences:
        """Settings in a given file."""
        return cls(QSettings(str(path), QSettings.Format.IniFormat))

    @property
    def theme(self) -> ThemeChoice:
        """Name of a theme, or `SYSTEM`."""
        value = self._text("theme")
        return value if value in choices() else SYSTEM

    @theme.setter
    def theme(self, value: ThemeChoice) -> None:
        self._set("theme", value)

    @property
    def geometry(self) -> QByteArray | None:
        """Position and size of the window, as encoded by Qt."""
        value = self._store.value("geometry") if self._store else None
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._set("geometry", value)

    @property
    def source(self) -> SourceRequest:
        """The last live source; devices are remembered by name and host API, never by index."""
        named = self._text("source/kind")
        kind = InputKind(named) if named in InputKind.live() else InputKind.MIC
        return SourceRequest(kind, self._text("source/device") or None, self._text("source/hostapi") or None)

    @source.setter
    def source(self, value: SourceRequest) -> None:
        if value.kind.is_live:
            self._set("source/kind", value.kind.value)
            self._set("source/device", value.device or "")
            self._set("source/hostapi", value.hostapi or "")

    @property
    def threshold_offset(self) -> float:
        """Position of the threshold slider, -0.4..0.4."""
        # An INI file can be edited by hand.
        return min(0.4, max(-0.4, self._number("threshold_offset", 0.0)))

    @threshold_offset.setter
    def threshold_offset(self, value: float) -> None:
        self._set("threshold_offset", value)

    @property
    def span_s(self) -> float:
        """Length of the time axis in seconds."""
        value = self._number("span_s", 15.0)
        return value if value in SPANS_S else 15.0

    @span_s.setter
    def span_s(self, value: float) -> None:
        self._set("span_s", value)

    @property
    def folder(self) -> Path:
        """Folder of the last file opened."""
        path = Path(self._text("folder") or Path.home())
        return path if path.is_dir() else Path.home()

    @folder.setter
    def folder(self, value: Path) -> None:
        self._set("folder", str(value))

    def save(self) -> None:
        """Write to disk now."""
        if self._store:
            self._store.sync()

    def _text(self, key: str) -> str:
        value = self._store.value(key) if self._store else None
        return value if isinstance(value, str) else ""

    def _number(self, key: str, fallback: float) -> float:
        value = self._store.value(key) if self._store else None  # an INI file returns numbers as strings
        try:
            return float(value) if isinstance(value, (str, int, float)) else fallback
        except ValueError:
            return fallback

    def _set(self, key: str, value: object) -> None:
        if self._store:
            self._store.setValue(key, value)
