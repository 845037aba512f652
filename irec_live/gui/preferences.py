"""User settings that persist between runs (QSettings); `settings_schema` lists them."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QByteArray, QSettings

from irec_live.files import look
from irec_live.gui import settings_schema as schema
from irec_live.gui.requests import SourceRequest
from irec_live.gui.settings_schema import SPANS_S, Setting
from irec_live.gui.theme import SYSTEM, ThemeChoice, choices
from irec_live.input_kind import InputKind

__all__ = ["SPANS_S", "Preferences"]

_GEOMETRY = "window/geometry"  # bytes of Qt's, which no `Setting` reads

T = TypeVar("T")


class Preferences:
    """Typed access to a `QSettings` store; an unreadable value counts as absent.

    Parameters
    ----------
    store : QSettings, optional
        None stores nothing, for screenshots and tests.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store
        if store is not None:
            schema.migrate(store)

    @classmethod
    def of_user(cls) -> Preferences:
        """The user's settings, in the system's folder for them."""
        return cls(QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "irec-live", "irec-live"))

    @classmethod
    def in_file(cls, path: Path) -> Preferences:
        """Settings in a given file."""
        return cls(QSettings(str(path), QSettings.Format.IniFormat))

    def get(self, setting: Setting[T]) -> T:
        """The value of a setting, or its default."""
        return setting.read(self._store.value(setting.key) if self._store else None)

    def put(self, setting: Setting[T], value: T) -> None:
        """Set a setting."""
        self._set(setting.key, setting.dump(value))

    @property
    def theme(self) -> ThemeChoice:
        """Name of a theme, or `SYSTEM`."""
        value = self.get(schema.THEME)
        return value if value in choices() else SYSTEM

    @theme.setter
    def theme(self, value: ThemeChoice) -> None:
        self.put(schema.THEME, value)

    @property
    def geometry(self) -> QByteArray | None:
        """Position and size of the window, as encoded by Qt."""
        value = self._store.value(_GEOMETRY) if self._store else None
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._set(_GEOMETRY, value)

    @property
    def stored(self) -> bool:
        """Whether anything is remembered at all."""
        return self._store is not None

    @property
    def is_first_run(self) -> bool:
        """Whether no source was ever listened to with these settings; False if nothing is stored at all."""
        return self._store is not None and not self._store.contains(schema.SOURCE_KIND.key)

    @property
    def source(self) -> SourceRequest:
        """The last live source; devices are remembered by name and host API, never by index."""
        named = self.get(schema.SOURCE_KIND)
        kind = InputKind(named) if named in InputKind.live() else InputKind.MIC
        return SourceRequest(kind, self.get(schema.SOURCE_DEVICE) or None, self.get(schema.SOURCE_HOSTAPI) or None)

    @source.setter
    def source(self, value: SourceRequest) -> None:
        if value.kind.is_live:
            self.put(schema.SOURCE_KIND, value.kind.value)
            self.put(schema.SOURCE_DEVICE, value.device or "")
            self.put(schema.SOURCE_HOSTAPI, value.hostapi or "")

    @property
    def threshold_offset(self) -> float:
        """Position of the threshold slider, -0.4..0.4."""
        return self.get(schema.THRESHOLD_OFFSET)

    @threshold_offset.setter
    def threshold_offset(self, value: float) -> None:
        self.put(schema.THRESHOLD_OFFSET, value)

    @property
    def span_s(self) -> float:
        """Length of the time axis in seconds."""
        return self.get(schema.SPAN_S)

    @span_s.setter
    def span_s(self, value: float) -> None:
        self.put(schema.SPAN_S, value)

    @property
    def folder(self) -> Path:
        """Folder of the last file opened."""
        path = Path(self.get(schema.FOLDER) or Path.home())
        return path if look(path) == "folder" else Path.home()

    @folder.setter
    def folder(self, value: Path) -> None:
        self.put(schema.FOLDER, str(value))

    def save(self) -> Path | None:
        """Write to disk now; the file if it cannot be written, else None."""
        if self._store is None:
            return None
        self._store.sync()
        refused = self._store.status() is QSettings.Status.AccessError
        return Path(self._store.fileName()) if refused else None

    def _set(self, key: str, value: object) -> None:
        if self._store:
            self._store.setValue(key, value)
