"""Model picker: chooses the activation model (which instruments play) and the envelope model (how loud each is)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from irec_live.gui.icons import themed_icon
from irec_live.gui.theme import DARK, Theme

if TYPE_CHECKING:
    from irec_live.models.spec import ModelSpec

_SECTIONS = (("activation", "Which instruments play"), ("envelope", "How loud each one is"))


class ModelLike(Protocol):
    """The properties of a model that the menu shows."""

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> ModelSpec: ...


class ModelPicker(QToolButton):
    """A button with the names of the models in use, which opens a menu of all models."""

    chosen = Signal(str)
    """Name of the model to use."""
    dropped = Signal(str)
    """Kind of the model to stop using."""
    file_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._models: list[ModelLike] = []
        self._running: tuple[ModelSpec, ...] = ()
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAccessibleName("Models")
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.setMenu(self._menu)
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        """Draw the icon in another theme."""
        self._theme = theme
        self.setIcon(themed_icon("layers", theme.muted))
        self._fill()

    def set_models(self, models: Sequence[ModelLike]) -> None:
        """Set the models in the menu."""
        self._models = list(models)
        self._fill()

    def set_running(self, specs: Sequence[ModelSpec]) -> None:
        """Set the models in use."""
        self._running = tuple(specs)
        self._fill()

    def _fill(self) -> None:
        self.setText(" + ".join(spec.name for spec in self._running) or "Models")
        self.setToolTip("Networks in use; drop an .onnx file on the window to load another")
        self._menu.clear()
        for kind, heading in _SECTIONS:
            title = self._menu.addAction(heading)
            title.setEnabled(False)
            self._add_kind(kind)
            self._menu.addSeparator()
        load = self._menu.addAction("Load a model file…")
        load.triggered.connect(self.file_wanted)

    def _add_kind(self, kind: str) -> None:
        group = QActionGroup(self._menu)
        running = next((spec for spec in self._running if spec.kind == kind), None)
        offered = {model.name: model.spec for model in self._models if model.spec.kind == kind}
        if running is not None:
            offered.setdefault(running.name, running)  # one that was loaded from a file is not on the list
        for name, spec in offered.items():
            action = self._checkable(name, group, running is not None and running.name == name)
            action.setToolTip(describe_model(spec))
            # `triggered` passes whether the action is checked; `wanted` keeps the name of this turn of the loop.
            action.triggered.connect(lambda _=False, wanted=name: self.chosen.emit(wanted))
        without = self._checkable("None", group, running is None)
        without.triggered.connect(lambda _=False: self.dropped.emit(kind))

    def _checkable(self, text: str, group: QActionGroup, checked: bool) -> QAction:
        action = self._menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(checked)
        group.addAction(action)
        return action


def describe_model(spec: ModelSpec) -> str:
    """A summary of a model's metadata, for a tool tip."""
    lines = [spec.title or spec.name, f"{len(spec.labels)} labels · {1000 * spec.window_s:.0f} ms window"]
    if spec.training_data:
        lines.append(f"Trained on {spec.training_data}")
    if spec.licence:
        lines.append(f"Licence: {spec.licence}")
    lines += [f"{name}: {score:.3f}" for name, score in list(spec.scores.items())[:4]]
    return "\n".join(lines)
