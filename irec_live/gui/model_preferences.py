"""Model preferences: remembers which models were chosen, and measures what each costs on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from irec_live.gui import settings_schema as schema
from irec_live.gui.backend import Backend
from irec_live.gui.background import Background
from irec_live.gui.model_picker import ModelPicker
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import is_model_file
from irec_live.gui.session_opener import Change
from irec_live.models.names import DEFAULT_ACTIVATION, DEFAULT_ENVELOPE

_KINDS = ("activation", "envelope")


def remembered_changes(preferences: Preferences) -> tuple[Change, ...]:
    """What the user changed about the bundled models in an earlier run."""
    held = preferences.get(schema.MODELS)
    changes: list[Change] = []
    for kind in _KINDS:
        name = held.get(kind)
        if name:
            changes.append(("use", name))
        elif name is not None:
            changes.append(("drop", kind))
    return tuple(changes)


class ModelPreferences(QObject):
    """Remembers the models in use once they differ from those at the start, and times those on offer.

    Parameters
    ----------
    backend : Backend
    picker : ModelPicker
        Gets the times; they are measured when its menu is opened first.
    preferences : Preferences
    """

    def __init__(self, backend: Backend, picker: ModelPicker, preferences: Preferences) -> None:
        super().__init__(picker)
        self._backend, self._picker, self._preferences = backend, picker, preferences
        self._former: dict[str, str] | None = None
        self._speeds: dict[str, float] = {}
        self._asked: set[str] = set()
        self._worker = Background("irec-model-timer", self)
        picker.opened.connect(self._measure)

    def note_used(self, used: Mapping[str, str]) -> None:
        """Take over the models in use, kind to name or path; those of the first session were chosen before."""
        former, self._former = self._former, dict(used)
        if former is None or former == self._former:
            return
        chosen = {kind: _lasting(used.get(kind, "")) for kind in _KINDS}
        defaults = {DEFAULT_ACTIVATION, DEFAULT_ENVELOPE}  # not remembered: a later version may bring better ones
        self._preferences.put(schema.MODELS, {kind: name for kind, name in chosen.items() if name not in defaults})

    def stop(self) -> None:
        """Give up measuring."""
        self._worker.stop()

    def _measure(self) -> None:
        """Time the next model that was not timed yet; one after another, so that closing waits for one at most."""
        waiting = [model.name for model in self._picker.models if model.name not in self._asked]
        if waiting and not self._worker.busy:
            name = waiting[0]
            self._asked.add(name)
            self._worker.submit(partial(self._backend.time_model, name), partial(self._take, name), self._skip)

    def _take(self, name: str, hop_ms: float) -> None:
        self._speeds[name] = hop_ms
        self._picker.set_speeds(self._speeds)
        self._measure()

    def _skip(self, _: str) -> None:
        """A model that cannot be run has no time; choosing it will say why."""
        self._measure()


def _lasting(name_or_path: str) -> str:
    """A name, or a path that does not depend on the folder in which the app was started."""
    return str(Path(name_or_path).absolute()) if is_model_file(Path(name_or_path)) else name_or_path
