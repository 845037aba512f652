"""Decision dialog: presets, smoothing and durations with what they cost in latency, own thresholds, calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from irec_live.gui.decision_values import LONGEST_S, MOST_WINDOWS, PRESETS, preset_of, preset_title
from irec_live.gui.language import marked, tr
from irec_live.gui.wording import label_text, list_text, offset_text
from irec_live.streaming.decisions import Decisions, TrackerSettings, decision_delay_s, pooled_windows

_STEP_S = 0.05
_CUSTOM = marked("Custom")


class DecisionDialog(QDialog):
    """Shows `Decisions` and asks for changes. Does not block the window."""

    changed = Signal(object)
    """The `Decisions` that are wanted."""
    preset_chosen = Signal(str)
    preset_saved = Signal(str)
    """Name under which to keep the present decisions."""
    preset_deleted = Signal(str)
    calibration_wanted = Signal()
    undo_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Decisions – irec-live"))
        self._decisions = Decisions()
        self._hop_s, self._latency_ms = 0.1, 0.0
        self._own_presets: Mapping[str, Mapping[str, Any]] = {}
        self._build_presets()
        self.smoothing = _slider(tr("Smoothing"), 1, MOST_WINDOWS)
        self.duration = _slider(tr("Shortest time above the threshold"), 0, round(LONGEST_S / _STEP_S))
        self.gap = _slider(tr("Longest gap that is bridged"), 0, round(LONGEST_S / _STEP_S))
        self.smoothing_text, self.duration_text, self.gap_text = _note(), _note(), _note()
        self.total = _note()
        self.own = _note()
        self.reset_own = QPushButton(tr("Reset"))
        self.reset_own.setToolTip(tr("Give every instrument the model's own threshold again"))
        self._build_calibration()
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.setHorizontalSpacing(16)
        form.addRow(tr("Preset"), self._presets)
        form.addRow(tr("Save as"), self._saving)
        for name, slider, text in (
            (tr("Smoothing"), self.smoothing, self.smoothing_text),
            (tr("Shortest"), self.duration, self.duration_text),
            (tr("Gaps up to"), self.gap, self.gap_text),
        ):
            form.addRow(name, _with_text(slider, text))
        form.addRow(tr("Latency"), self.total)
        form.addRow(tr("Own thresholds"), _row(self.own, self.reset_own))
        form.addRow(tr("Room"), self._calibration)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.addLayout(form)
        layout.addWidget(self.outcome)
        for slider in (self.smoothing, self.duration, self.gap):
            slider.valueChanged.connect(self._ask)
        self.reset_own.clicked.connect(lambda: self.changed.emit(replace(self._decisions, own=())))
        self.resize(560, self.sizeHint().height())

    def show_decisions(self, decisions: Decisions, own_presets: Mapping[str, Mapping[str, Any]]) -> None:
        """Show what is in force."""
        self._decisions, self._own_presets = decisions, own_presets
        settings = decisions.settings
        for slider, value in (
            (self.smoothing, settings.pool),
            (self.duration, round(settings.min_duration_s / _STEP_S)),
            (self.gap, round(settings.refractory_s / _STEP_S)),
        ):
            slider.blockSignals(True)  # to show is not to ask
            slider.setValue(value)
            slider.blockSignals(False)
        own = [f"{label_text(label)} {offset_text(offset)}" for label, offset in decisions.own]
        self.own.setText(list_text(own) or tr("none: drag the line in a lane"))
        self.reset_own.setEnabled(bool(own))
        self._fill_presets(preset_of(decisions, own_presets))
        self._tell()

    def show_timing(self, hop_s: float, latency_ms: float) -> None:
        """Take over the time between windows, and the latency of the running session, which includes the settings."""
        if (hop_s, round(latency_ms)) != (self._hop_s, round(self._latency_ms)):
            self._hop_s, self._latency_ms = hop_s, latency_ms
            self._tell()

    def show_calibration(self, *, possible: bool, running: bool, undoable: bool, text: str = "") -> None:
        """Show how the calibration stands."""
        self.calibrate.setEnabled(possible and not running)
        self.undo.setEnabled(undoable)
        self.progress.setVisible(running)
        self.outcome.setText(text)
        self.outcome.setVisible(bool(text))
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    def _build_presets(self) -> None:
        self.preset = QComboBox()
        self.preset.setAccessibleName(tr("Preset"))
        self.delete = QPushButton(tr("Delete"))
        self.delete.setToolTip(tr("Delete this preset of yours"))
        self._presets = _row(self.preset, self.delete)
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("Name of a preset of your own"))
        self.name.setAccessibleName(tr("Name of a preset of your own"))
        self.name.setMaxLength(40)
        self.save = QPushButton(tr("Save"))
        self.save.setEnabled(False)
        self._saving = _row(self.name, self.save)
        self.name.textChanged.connect(lambda text: self.save.setEnabled(_is_free(text)))
        self.save.clicked.connect(self._save)
        self.name.returnPressed.connect(self.save.click)
        self.preset.activated.connect(lambda index: self.preset_chosen.emit(self.preset.itemData(index)))
        self.delete.clicked.connect(lambda: self.preset_deleted.emit(self.preset.currentData()))

    def _build_calibration(self) -> None:
        self.calibrate = QPushButton(tr("Calibrate to this room"))
        self.calibrate.setToolTip(
            tr("Listens to the noise for 3 s, while nobody plays, and raises the thresholds it reaches")
        )
        self.undo = QPushButton(tr("Undo"))
        self.undo.setAccessibleName(tr("Undo the calibration"))
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(tr("Progress of the calibration"))
        self.progress.setFixedHeight(8)
        self._calibration = _row(self.calibrate, self.undo, self.progress)
        self.outcome = _note()
        self.calibrate.clicked.connect(self.calibration_wanted)
        self.undo.clicked.connect(self.undo_wanted)

    def _save(self) -> None:
        self.preset_saved.emit(self.name.text().strip())
        self.name.clear()

    def _fill_presets(self, current: str) -> None:
        names = [*PRESETS, *self._own_presets]
        self.preset.clear()
        for name in names:
            self.preset.addItem(preset_title(name), name)
        for place, name in enumerate(PRESETS):
            self.preset.setItemData(place, tr(PRESETS[name][0]), Qt.ItemDataRole.ToolTipRole)
        if not current:
            self.preset.setPlaceholderText(tr(_CUSTOM))
        self.preset.setCurrentIndex(names.index(current) if current else -1)
        self.delete.setEnabled(current in self._own_presets)

    def _ask(self) -> None:
        settings = replace(
            self._decisions.settings,
            pool=self.smoothing.value(),
            min_duration_s=round(self.duration.value() * _STEP_S, 3),
            refractory_s=round(self.gap.value() * _STEP_S, 3),
        )
        self.changed.emit(replace(self._decisions, settings=settings))

    def _tell(self) -> None:
        """Say what each setting costs."""
        settings = self._decisions.settings
        alone = replace(settings, min_duration_s=0.0)
        smoothing_ms = 1000 * decision_delay_s(alone, self._hop_s)
        duration_ms = 1000 * decision_delay_s(replace(settings, pool=1), self._hop_s)
        windows = tr("%n windows", "", pooled_windows(settings, self._hop_s))
        self.smoothing_text.setText(f"{windows}: {_cost(smoothing_ms)}")
        self.duration_text.setText(f"{1000 * settings.min_duration_s:.0f} ms: {_cost(duration_ms)}")
        gap_ms = 1000 * settings.refractory_s
        self.gap_text.setText(tr("{duration} ms: costs no time; labels go out that much later", duration=round(gap_ms)))
        for slider, said in (
            (self.smoothing, self.smoothing_text),
            (self.duration, self.duration_text),
            (self.gap, self.gap_text),
        ):
            slider.setAccessibleDescription(said.text())  # its value counts windows, or steps of `_STEP_S`
        now, usual = (round(1000 * decision_delay_s(one, self._hop_s)) for one in (settings, TrackerSettings()))
        if self._latency_ms:
            total = tr(
                "{now} ms for deciding ({usual} ms as the model was measured), {total} ms from sound to label "
                "altogether",
                now=now,
                usual=usual,
                total=round(self._latency_ms),
            )
        else:
            total = tr("{now} ms for deciding ({usual} ms as the model was measured)", now=now, usual=usual)
        self.total.setText(total)


def _cost(delay_ms: float) -> str:
    return tr("{delay} ms later", delay=round(delay_ms)) if round(delay_ms) else tr("costs no time")


def _is_free(name: str) -> bool:
    """Whether a preset of the user's may be called so."""
    return bool(name.strip()) and not any(name in (preset, preset_title(preset)) for preset in PRESETS)


def _slider(name: str, low: int, high: int) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setMinimumWidth(140)
    slider.setAccessibleName(name)
    slider.setToolTip(name)
    return slider


def _note() -> QLabel:
    label = QLabel()
    label.setProperty("role", "muted")
    label.setWordWrap(True)
    return label


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widgets[0], 1)
    for widget in widgets[1:]:
        layout.addWidget(widget)
    return row


def _with_text(slider: QSlider, text: QLabel) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(slider, 2)
    layout.addWidget(text, 3)
    return row
