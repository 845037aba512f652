"""Model picker: chooses the activation model (which instruments play) and the envelope model (how loud each is)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from irec_live.gui.icons import themed_icon
from irec_live.gui.language import decimal_mark, marked, tr
from irec_live.gui.menu_entries import entry
from irec_live.gui.message_translation import part as said
from irec_live.gui.theme import DARK, Theme
from irec_live.gui.wording import number_text
from irec_live.models.names import OWN, PUBLISHED, YOURS, by_origin

if TYPE_CHECKING:
    from irec_live.models.catalog import LeftOut
    from irec_live.models.names import Entry
    from irec_live.models.spec import ModelSpec

_REASON = 72
"""Letters of the reason why a file is no model that fit into the menu; the tool tip has all."""

_KINDS = (("activation", marked("Which instruments play")), ("envelope", marked("How loud each one is")))
_TELLS = {"activation": marked("Tells which instruments play"), "envelope": marked("Tells how loud each one is")}


class ModelPicker(QToolButton):
    """A button with the names of the models in use, which opens a menu of all models."""

    opened = Signal()
    """The menu is about to be seen."""
    chosen = Signal(str)
    """Name of the model to use."""
    dropped = Signal(str)
    """Kind of the model to stop using."""
    compare_wanted = Signal(str)
    """Name of a model to run beside the one of its kind; empty for none."""
    file_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._theme = DARK
        self._models: list[Entry] = []
        self._left_out: tuple[LeftOut, ...] = ()
        self._running: tuple[ModelSpec, ...] = ()
        self._used: dict[str, str] = {}
        self._speeds: dict[str, float] = {}
        self._compared = ""
        self._entries: list[tuple[QAction, ModelSpec, str]] = []
        self._narrow = False
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAccessibleName(tr("Models"))
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self.opened)
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

    def set_left_out(self, files: Sequence[LeftOut]) -> None:
        """Set the files in the user's folder that are no models: shown with the reason, not to be chosen."""
        if tuple(files) != self._left_out:
            self._left_out = tuple(files)
            self._fill()

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The files that are no models."""
        return self._left_out

    def set_running(self, specs: Sequence[ModelSpec], used: Mapping[str, str]) -> None:
        """Set the models in use, and by kind the name or path that each was loaded by."""
        self._running, self._used = tuple(specs), dict(used)
        self._fill()

    def set_compared(self, name: str) -> None:
        """Set the second model; empty for none."""
        self._compared = name
        self._fill()

    def set_speeds(self, speeds: Mapping[str, float]) -> None:
        """Set how long a hop takes, by name: milliseconds."""
        self._speeds = dict(speeds)
        for action, spec, name in self._entries:  # in place: the menu is open, and so may be one of its submenus
            action.setText(self._text(spec, name))
        if self._menu.isVisible():  # it grew, and may hang over the edge
            room = self._menu.screen().availableGeometry()
            x = min(self._menu.x(), room.right() + 1 - self._menu.width())
            self._menu.move(max(room.left(), x), self._menu.y())

    @property
    def models(self) -> tuple[Entry, ...]:
        """The models in the menu, without those that only run."""
        return tuple(self._models)

    def set_narrow(self, narrow: bool) -> None:
        """Show one word, and the names in the tool tip."""
        if narrow != self._narrow:
            self._narrow = narrow
            self._show_names()

    def _show_names(self) -> None:
        names = " + ".join(spec.name for spec in self._running) or tr("Models")
        self.setText(tr("Models") if self._narrow else names)
        hint = tr("Networks in use; drop an .onnx file on the window to load another")
        self.setToolTip(f"{names}\n{hint}")

    def _fill(self) -> None:
        self._show_names()
        self._menu.clear()
        for submenu in self._menu.findChildren(QMenu):
            submenu.deleteLater()
        self._entries.clear()
        groups = {kind: QActionGroup(self._menu) for kind, _ in _KINDS}
        offered = by_origin(self._models)
        for kind, heading in _KINDS:
            self._add_heading(tr(heading))
            self._add_models([model for model in offered[OWN] if model.spec.kind == kind], groups[kind], self._menu)
            yours = [model for model in offered[YOURS] if model.spec.kind == kind]
            unlisted = self._unlisted(kind)
            if yours or unlisted is not None:
                self._add_heading(tr(YOURS))
            self._add_models(yours, groups[kind], self._menu)
            if unlisted is not None:
                name = self._used.get(kind, unlisted.name)
                self._add_model(unlisted, name, groups[kind], self._menu, running=True)
            none = all(spec.kind != kind for spec in self._running)
            groups[kind].addAction(entry(self._menu, tr("None"), partial(self.dropped.emit, kind), checked=none))
            self._menu.addSeparator()
        self._add_left_out()
        if offered[PUBLISHED]:  # in a menu of their own: on small screens there is no room for all
            published = self._menu.addMenu(tr(PUBLISHED))
            published.setToolTipsVisible(True)
            for model in offered[PUBLISHED]:
                self._add_models([model], groups[model.spec.kind], published)
        self._fill_comparison(self._menu.addMenu(tr("Compare with another model")))
        entry(self._menu, tr("Load a model file…"), self.file_wanted.emit)

    def _fill_comparison(self, menu: QMenu) -> None:
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)

        def add(name: str, text: str) -> QAction:
            action = entry(menu, text, partial(self.compare_wanted.emit, name), checked=name == self._compared)
            return group.addAction(action)

        add("", tr("None"))
        for model in self._models:
            action = add(model.name, self._text(model.spec, model.name))
            self._entries.append((action, model.spec, model.name))

    def _text(self, spec: ModelSpec, name: str) -> str:
        return entry_text(spec, name, self._speeds.get(name))

    def _add_left_out(self) -> None:
        if not self._left_out:
            return
        self._add_heading(tr("Cannot be used"))
        for file in self._left_out:
            text = shorten(file.reason, _REASON, placeholder="…")
            entry = self._menu.addAction(text.replace("&", "&&"))
            entry.setToolTip(file.reason)
            entry.setEnabled(False)
        self._menu.addSeparator()

    def _unlisted(self, kind: str) -> ModelSpec | None:
        """The model of a kind that runs although it is in no folder, as a file that was dropped."""
        listed = any(self._runs(model) for model in self._models if model.spec.kind == kind)
        return None if listed else next((spec for spec in self._running if spec.kind == kind), None)

    def _runs(self, model: Entry) -> bool:
        """Whether a model of the menu is the one in use: by where it was loaded from, as names may be shared."""
        used = self._used.get(model.spec.kind)
        if used is None or all(spec.kind != model.spec.kind for spec in self._running):
            return False
        path: Path | None = getattr(model, "path", None)
        return used == model.name or (path is not None and Path(used) == path)

    def _add_heading(self, text: str) -> None:
        self._menu.addAction(text).setEnabled(False)

    def _add_models(self, models: Sequence[Entry], group: QActionGroup, menu: QMenu) -> None:
        for model in models:
            self._add_model(model.spec, model.name, group, menu, running=self._runs(model))

    def _add_model(self, spec: ModelSpec, name: str, group: QActionGroup, menu: QMenu, *, running: bool) -> None:
        action = group.addAction(entry(menu, self._text(spec, name), partial(self.chosen.emit, name), checked=running))
        self._entries.append((action, spec, name))
        action.setToolTip(describe_model(spec, name))


def entry_text(spec: ModelSpec, name: str, hop_ms: float | None = None) -> str:
    """A model as an entry of a menu: what it is at the left; its score and what a hop costs here at the right.

    Examples
    --------
    >>> from irec_live.models.spec import ModelSpec
    >>> spec = ModelSpec(name="toy", title="A toy", kind="activation", labels=("flute",), sample_rate=22050,
    ...                  window_length=22050, hop_length=2205, scores={"dev_macro_map": 0.86})
    >>> entry_text(spec, "/home/me/toy.onnx", 3.14)
    'A toy (toy.onnx)\\tmAP 0.86 on real clips · 3.1 ms a hop'
    """
    short = Path(name).name
    about = f"{spec.title} ({short})" if spec.title else short
    cost = tr("{time} ms a hop", time=number_text(hop_ms, 1)) if hop_ms is not None else ""
    score = said(spec.score_line).replace(".", decimal_mark())
    figures = " · ".join(part for part in (score, cost) if part)
    return f"{about}\t{figures}" if figures else about


def describe_model(spec: ModelSpec, name: str = "") -> str:
    """A summary of a model's metadata, for a tool tip."""
    window = tr("{time} ms window", time=round(1000 * spec.window_s))
    lines = [
        spec.title or spec.name,
        " · ".join((tr(_TELLS[spec.kind]), tr("%n labels", "", len(spec.labels)), window)),
    ]
    if spec.reference:
        lines.append(tr("After {reference}", reference=spec.reference))
    if spec.training_data:
        lines.append(tr("Trained on {data}", data=spec.training_data))
    if spec.licence:
        lines.append(tr("Licence: {licence}", licence=spec.licence))
    if name.lower().endswith(".onnx"):
        lines.append(tr("File: {path}", path=name))
    lines += [f"{score}: {number_text(value, 3)}" for score, value in list(spec.scores.items())[:4]]
    return "\n".join(lines)
