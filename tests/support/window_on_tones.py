"""The app's window on a made-up microphone: a process that tests may press keys in, and kill.

Run as ``python window_on_tones.py HOME [FILE] --model A.onnx --model B.onnx``: settings and recordings are in HOME; the
microphone plays the labels of `tiny_models` in turn, for ever; with a FILE, or session, that is opened instead. With
``--first`` it begins as at the first start, and with ``--speed 20`` the microphone is so much faster than time.

HOME/seen.json is what the window shows, written anew ten times a second: a user has eyes, too. Places are pixels from
the window's corner.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from endless_tones import EndlessTones
from fake_session import FakeDevice
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QAbstractButton, QWidget

from irec_live.files import write_atomically
from irec_live.gui.app import _begin, application, compose
from irec_live.gui.backend import AppBackend
from irec_live.gui.main_window import MainWindow
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest, as_playable
from irec_live.gui.settings_schema import RECORD_FOLDER
from irec_live.gui.theme import LEFT_GUTTER, RIGHT_GUTTER
from irec_live.input_kind import InputKind
from irec_live.session import Session, open_stream
from irec_live.source.level_probe import LevelProbe

_LOOK_MS = 100


class TonesBackend(AppBackend):
    """Opens the made-up microphone, and files and sessions as they are."""

    def __init__(self, speed: float) -> None:
        super().__init__(audible=False)
        self._speed = speed

    def list_devices(self) -> Sequence[Any]:
        """The made-up one."""
        return [FakeDevice("Tones")]

    def open_probe(self, request: SourceRequest) -> LevelProbe:
        """Measure it."""
        return LevelProbe(EndlessTones("Tones"))

    def open(self, request: SourceRequest, models: Sequence[Any]) -> Session:
        """See `AppBackend.open`."""
        if request.path is not None:
            return super().open(request, models)
        return open_stream(EndlessTones("Tones", self._speed), models)


def _seen(window: MainWindow) -> dict[str, Any]:
    """What a user would see, in words and numbers."""
    session, canvas, overview = window.manager.session, window.page.lanes.canvas, window.panel.overview
    playable, viewport, held = as_playable(session), window.timeline.viewport, window.correcting.held
    lines = {label: canvas.threshold_y(label) for label in (session.labels if session is not None else ())}
    buttons = [one for one in window.findChildren(QAbstractButton) if one.isVisible() and one.text()]
    focus = window.focusWidget()
    return {
        "title": window.windowTitle(),
        "message": window.messages.text,
        "buttons": {one.text(): _at(one, one.width() / 2, one.height() / 2) for one in buttons},
        "lines": {label: _at(canvas, canvas.width() / 2, y) for label, y in lines.items() if y is not None},
        "lane_height": canvas.place_of(session.labels[0]).height() if lines and session is not None else 0,
        "overview": [_at(overview, x, 30) for x in (LEFT_GUTTER, overview.width() - RIGHT_GUTTER)],
        "span_s": viewport.span_s,
        "end_s": viewport.end_s,
        "now_s": viewport.now_s,
        "following": viewport.following,
        "position_s": playable.position_s if playable is not None else None,
        "playing": playable.playing if playable is not None else None,
        "duration_s": playable.duration_s if playable is not None else None,
        "own": dict(window.decisions.decisions.own),
        "recording": window.recording.record.isChecked(),
        "can_open_last": window.recording.open_last.isEnabled(),
        "correcting": window.correcting.active,
        "held": [held.label, held.onset_s, held.offset_s] if held is not None else None,
        "focus": focus.accessibleName() if focus is not None else "",
        "rows": window.timeline.events.table.rowCount() if window.timeline.events.isVisible() else -1,
    }


def _at(widget: QWidget, x: float, y: float) -> tuple[int, int]:
    place = widget.mapTo(widget.window(), QPoint(round(x), round(y)))
    return place.x(), place.y()


def main() -> None:
    """Show the window until it is closed, or the process killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--speed", type=float, default=1.0)
    arguments = parser.parse_args()
    app = application()
    preferences = Preferences.in_file(arguments.home / "settings.ini")
    preferences.put(RECORD_FOLDER, str(arguments.home / "takes"))
    parts = compose(TonesBackend(arguments.speed), preferences, arguments.model)
    window = parts.window
    window.resize(1200, 640)
    window.show()
    kind = InputKind.MIC if arguments.file is None else InputKind.FILE
    if arguments.first:
        _begin(window, SourceRequest(kind), True)
    else:
        parts.manager.open(SourceRequest(kind, path=arguments.file))
    eyes = QTimer()
    eyes.timeout.connect(lambda: write_atomically(arguments.home / "seen.json", json.dumps(_seen(window))))
    eyes.start(_LOOK_MS)
    app.exec()


if __name__ == "__main__":
    main()
