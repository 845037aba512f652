"""Model picker: chooses the activation model (which instruments play) and the envelope model (how loud each is)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from irec_live.gui.icons import themed_icon
from irec_live.gui.theme import DARK, Theme
from irec_live.models.catalog import OWN, PUBLISHED, YOURS, by_origin

if TYPE_CHECKING:
    from irec_live.models.catalog import Entry
    from irec_live.models.spec import ModelSpec

_KINDS = (("activation", "Which instruments play"), ("envelope", "How loud each one is"))


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
        self._models: list[Entry] = []
        self._running: tuple[ModelSpec, ...] = ()
        self._narrow = False
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

    def set_models(self, models: Sequence[Entry]) -> None:
        """Set the models in the menu."""
        self._models = list(models)
        self._fill()

    def set_running(self, specs: Sequence[ModelSpec]) -> None:
        """Set the models in use."""
        self._running = tuple(specs)
        self._fill()

    def set_narrow(self, narrow: bool) -> None:
        """Show one word, and the names in the tool tip."""
        if narrow != self._narrow:
            self._narrow = narrow
            self._show_names()

    def _show_names(self) -> None:
        names = " + ".join(spec.name for spec in self._running) or "Models"
        self.setText("Models" if self._narrow else names)
        self.setToolTip(f"{names}\nNetworks in use; drop an .onnx file on the window to load another")

    def _fill(self) -> None:
        self._show_names()
        self._menu.clear()
        groups = {kind: QActionGroup(self._menu) for kind, _ in _KINDS}
        offered = self._offered()
        for kind, heading in _KINDS:
            self._add_heading(heading)
            for spec in offered[OWN]:
                if spec.kind == kind:
                    self._add_model(spec, spec.name, groups[kind])
            yours = [spec for spec in offered[YOURS] if spec.kind == kind]
            if yours:
                self._add_heading(YOURS)
            for spec in yours:
                self._add_model(spec, spec.name, groups[kind])
            without = self._checkable("None", groups[kind], all(spec.kind != kind for spec in self._running))
            without.triggered.connect(lambda _=False, unwanted=kind: self.dropped.emit(unwanted))
            self._menu.addSeparator()
        if offered[PUBLISHED]:
            self._add_heading(PUBLISHED)
            for spec in offered[PUBLISHED]:
                about = ", ".join(part for part in (spec.title, spec.score_line) if part)
                self._add_model(spec, f"{spec.name}: {about}" if about else spec.name, groups[spec.kind])
            self._menu.addSeparator()
        load = self._menu.addAction("Load a model file…")
        load.triggered.connect(self.file_wanted)

    def _offered(self) -> dict[str, list[ModelSpec]]:
        """Models to choose from, by origin; what runs is among them even if it is in no folder."""
        offered = {heading: [model.spec for model in models] for heading, models in by_origin(self._models).items()}
        names = {model.name for model in self._models}
        for spec in self._running:
            if spec.name not in names:
                offered[PUBLISHED if spec.published else YOURS].append(spec)
        return offered

    def _add_heading(self, text: str) -> None:
        self._menu.addAction(text).setEnabled(False)

    def _add_model(self, spec: ModelSpec, text: str, group: QActionGroup) -> None:
        action = self._checkable(text, group, any(running.name == spec.name for running in self._running))
        action.setToolTip(describe_model(spec))
        action.triggered.connect(lambda _=False, wanted=spec.name: self.chosen.emit(wanted))

    def _checkable(self, text: str, group: QActionGroup, checked: bool) -> QAction:
        action = self._menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(checked)
        group.addAction(action)
        return action


def describe_model(spec: ModelSpec) -> str:
    """A summary of a model's metadata, for a tool tip."""
    lines = [spec.title or spec.name, f"{len(spec.labels)} labels · {1000 * spec.window_s:.0f} ms window"]
    if spec.reference:
        lines.append(f"After {spec.reference}")
    if spec.training_data:
        lines.append(f"Trained on {spec.training_data}")
    if spec.licence:
        lines.append(f"Licence: {spec.licence}")
    lines += [f"{name}: {score:.3f}" for name, score in list(spec.scores.items())[:4]]
    return "\n".join(lines)
