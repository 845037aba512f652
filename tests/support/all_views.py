"""Pictures of every view of the window, in every theme, on screens of every size, and what does not fit in them.

Run as ``python all_views.py FOLDER [--theme dark] [--screen 1366x768@150] [--view live]``. Each screen is an Xvfb of
that many pixels with a window manager, scaled as a desktop scales it; sessions are made up. The folder gets a picture
of each, and a sheet of all for each screen and theme. What does not fit is printed, and makes the exit status 1.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fake_session import FakeFileSession, FakeModel, FakeSession
from misfits import misfits
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMenu
from reviewed import ReviewBackend
from x_server import XServer

from irec_live.corrections import Corrections
from irec_live.devices import Device
from irec_live.gui.app import application, compose
from irec_live.gui.backend import AppBackend
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind
from irec_live.library import Match, Results, Span
from irec_live.models.catalog import find_model
from irec_live.models.detector import load_model

SCREENS = ("1280x720@100", "1366x768@150", "1920x1080@200", "1920x1080@100")
THEMES = ("dark", "light", "contrast")
PATIENCE_S = 120.0
ANALYSED, HALF = "Trio in B flat, second movement.flac", "String Quartet in A minor.flac"


class Backend(ReviewBackend):
    """Made-up sessions, with the models that there are."""

    list_models = AppBackend.list_models  # type: ignore[assignment]

    def load_model(self, name_or_path: str) -> FakeModel:
        """Its metadata are enough."""
        if name_or_path in self.known:
            return self.known[name_or_path]
        find_model(name_or_path)
        return FakeModel(load_model(name_or_path, provider="cpu").spec)

    def default_models(self) -> list[str]:
        """Those of the app."""
        return AppBackend().default_models()

    def time_model(self, name_or_path: str) -> float:
        """Some time."""
        return 12.5 if "348" in name_or_path else 31.0

    def open(self, request: SourceRequest, models: list) -> FakeSession:  # type: ignore[override, type-arg]
        """A microphone, a file that is half analysed, or a whole one."""
        if request.path is not None and request.path.name == HALF:
            session = FakeFileSession(request.path)
            session.corrections = Corrections()  # type: ignore[attr-defined]
        else:
            session = super().open(request, models)
        session.specs = tuple(model.spec for model in models)
        return session


class Photographer:
    """Shows one view after the other on the present screen, and takes its picture.

    Parameters
    ----------
    folder : Path
        Where pictures go.
    screen : str
        Name of the screen, for those of the pictures.
    """

    def __init__(self, folder: Path, screen: str) -> None:
        self.folder, self.screen = folder, screen
        self.app = application()
        self.home = Path(tempfile.mkdtemp(prefix="irec-views-"))
        for number in range(1, 5):
            (self.home / f"2026-11-{number:02d} rehearsal").mkdir()
        self.parts = compose(Backend(), Preferences.in_file(self.home / "settings.ini"))
        self.window = self.parts.window
        self.window.preferences.folder = self.home

    def take(self, themes: Sequence[str], views: Sequence[str]) -> list[str]:
        """Take all pictures; what does not fit, a sentence each."""
        problems: list[str] = []
        self.window.show()
        self.until(self.window.isActiveWindow)
        for theme in themes:
            self.parts.themes.choose(theme)
            taken: list[tuple[str, QPixmap]] = []
            for name in views:
                VIEWS[name](self)
                self.rest()
                problems += [f"{self.screen}, {theme}, {name}: {text}" for text in dict.fromkeys(misfits())]
                taken.append((name, self.window.screen().grabWindow(0)))
                taken[-1][1].save(str(self.folder / f"{self.screen}_{theme}_{name}.png"))
                self.tidy()
            _sheet(taken).save(str(self.folder / f"sheet_{self.screen}_{theme}.png"))
        self.parts.dispose()
        shutil.rmtree(self.home, ignore_errors=True)
        return problems

    def until(self, seen: Callable[[], object]) -> None:
        """Let the window work until something is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            self.app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > deadline:
                raise TimeoutError("a view did not appear")

    def rest(self) -> None:
        """Let what was asked for be laid out, sent to the screen and painted."""
        for _ in range(15):
            self.app.processEvents()
            time.sleep(0.02)

    def tidy(self) -> None:
        """Leave nothing over the window."""
        for widget in QApplication.topLevelWidgets():
            if widget is not self.window and widget.isVisible():
                widget.close()
        for key in ("failed", "note", "state"):
            self.window.messages.clear(key)
        self.window.overlay.hide()

    def open(self, name: str = "") -> FakeSession:
        """Open a file, or the microphone, and wait for its first picture."""
        window, manager = self.window, self.parts.manager
        request = SourceRequest(InputKind.FILE if name else InputKind.MIC, path=self.home / name if name else None)
        if manager.request != request or window.stack.currentWidget() is not window.page:
            before = manager.session
            window.open(request)
            self.until(lambda: manager.session not in (None, before))
        seen: list[object] = []
        window.bridge.snapshot_ready.connect(seen.append)
        self.until(lambda: seen)
        window.bridge.snapshot_ready.disconnect(seen.append)
        manager.list_models()
        self.until(lambda: window.top.models.models)
        session = manager.session
        assert isinstance(session, FakeSession)
        return session

    def menu(self, menu: QMenu, *through: str) -> None:
        """Open a menu at the right edge, and submenus by their titles, as hands do."""
        menu.popup(self.window.mapToGlobal(QPoint(self.window.width() - 60, 50)))
        for title in through:
            self.rest()
            action = next(one for one in menu.actions() if one.text().replace("&", "") == title)
            menu.setActiveAction(action)
            submenu = action.menu()
            assert isinstance(submenu, QMenu)
            submenu.popup(menu.mapToGlobal(menu.actionGeometry(action).topRight()))
            menu = submenu


def _first_page(me: Photographer) -> None:
    window = me.window
    window.source_check.set_devices([_device("USB Audio Interface"), _device("Built-in Microphone")])
    window.panel.hide()
    window.stack.setCurrentWidget(window.source_check)
    me.until(lambda: window.source_check.advice.text().startswith("Good"))


def _device(name: str) -> Device:
    return Device(name, "ALSA", 0, 2, 48_000, name.startswith("USB"), "input")


def _welcome(me: Photographer) -> None:
    me.window.panel.hide()
    me.window._show_welcome()


def _live(me: Photographer) -> None:
    me.open().time_s = 754.0
    me.window.actions_.dismiss.trigger()


def _behind(me: Photographer) -> None:
    _live(me)
    me.rest()
    me.window.recording.button.show_recording(83.0)
    me.window.timeline.viewport.pan(-132.0)
    me.rest()
    me.window.messages.say("failed", f"Take 3 of {ANALYSED} cannot be decoded: no sound in it", "error")


def _comparison(me: Photographer) -> None:
    _live(me)
    me.window.recording.button.show_idle()
    me.window.timeline.viewport.follow()
    me.window.comparison.compare("han-1s")
    me.until(lambda: me.window.comparison.running)
    me.rest()


def _models(me: Photographer) -> None:
    me.window.comparison.compare("")
    me.menu(me.window.top.models.menu())


def _published(me: Photographer) -> None:
    me.menu(me.window.top.models.menu(), "Published systems, for comparison")


def _compare_with(me: Photographer) -> None:
    me.menu(me.window.top.models.menu(), "Compare with another model")


def _input(me: Photographer) -> None:
    me.menu(me.window.inputs.menu)


def _decisions(me: Photographer) -> None:
    me.window.decisions.open_dialog()


def _half_analysed(me: Photographer) -> None:
    me.open(HALF)


def _file(me: Photographer) -> None:
    me.open(ANALYSED)


def _whole(me: Photographer) -> None:
    _file(me)
    me.window.timeline.viewport.show_all()
    me.window.timeline.selection.select(42.0, 97.0)


def _events(me: Photographer) -> None:
    _file(me)
    me.window.timeline.selection.clear()
    me.window.timeline.viewport.set_span(15.0)
    me.window.timeline.viewport.follow()
    if not me.window.timeline.actions.event_list.isChecked():
        me.window.timeline.actions.event_list.trigger()


def _correcting(me: Photographer) -> None:
    if me.window.timeline.actions.event_list.isChecked():
        me.window.timeline.actions.event_list.trigger()
    control = me.window.correcting
    if not control.mode.isChecked():
        control.mode.trigger()
    me.until(lambda: control.active)
    me.until(lambda: control._snapshot.events)
    control.step(1)


def _rename(me: Photographer) -> None:
    me.window.correcting._ask_label()


def _lane(me: Photographer) -> None:
    if me.window.correcting.mode.isChecked():
        me.window.correcting.mode.trigger()
    me.window.lanes.focus("violin")
    me.rest()
    me.menu(me.window.lanes.lane_menu("violin"))


def _library(me: Photographer) -> None:
    me.window.lanes.focus("violin")
    me.window.library.panel.show()
    spans = (Span("violin", 12.0, 40.0, 0.9, -18.0), Span("violin", 75.0, 97.5, 0.8, -21.0))
    names = ("Trio in B flat.flac", "a rather long name of a recording made in the rehearsal room on Sunday.wav")
    matches = tuple(Match(f"/music/{name}", "", 212.0, 49.5, None, spans) for name in names)
    me.window.library.panel.show_results(Results(matches, 87))
    me.window.library.panel.field.setText("violin for at least 30 s, no voice")


def _sessions(me: Photographer) -> None:
    me.window.recording._ask_session()


def _open_files(me: Photographer) -> None:
    me.window.actions_.open_file.trigger()


def _export(me: Photographer) -> None:
    me.window._ask_export("jams")


def _help(me: Photographer) -> None:
    me.window.actions_.help.trigger()


def _about(me: Photographer) -> None:
    me.window.actions_.about.trigger()


def _drop(me: Photographer) -> None:
    me.window.overlay.appear("Play 3 files, one after another")


def _main_menu(me: Photographer) -> None:
    me.menu(me.window.actions_.menu)


def _submenu(*through: str) -> Callable[[Photographer], None]:
    return lambda me: me.menu(me.window.actions_.menu, *through)


VIEWS: dict[str, Callable[[Photographer], None]] = {
    "first-page": _first_page,
    "welcome": _welcome,
    "live": _live,
    "behind": _behind,
    "comparison": _comparison,
    "models": _models,
    "published": _published,
    "compare-with": _compare_with,
    "input": _input,
    "decisions": _decisions,
    "half-analysed": _half_analysed,
    "file": _file,
    "whole": _whole,
    "events": _events,
    "correcting": _correcting,
    "rename": _rename,
    "lane": _lane,
    "library": _library,
    "sessions": _sessions,
    "open-files": _open_files,
    "export": _export,
    "help": _help,
    "about": _about,
    "drop": _drop,
    "menu": _main_menu,
    "settings-view": _submenu("View"),
    "settings-spectrogram": _submenu("View", "Spectrum"),
    "settings-instruments": _submenu("View", "Instruments"),
    "settings-size": _submenu("View", "Size of everything"),
    "settings-record": _submenu("Record"),
    "settings-send": _submenu("Send"),
    "settings-decisions": _submenu("Decisions"),
}
"""In this order: one begins where the one before ends."""


def _sheet(pictures: Sequence[tuple[str, QPixmap]]) -> QPixmap:
    """All pictures on one, with their names."""
    across, width, name_height = 3, 640, 20
    height = round(width * pictures[0][1].height() / pictures[0][1].width())
    whole = QPixmap(across * (width + 8), math.ceil(len(pictures) / across) * (height + name_height + 8))
    whole.fill(QColor("#777777"))
    painter = QPainter(whole)
    font = QFont("sans-serif")
    font.setPixelSize(14)
    painter.setFont(font)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for place, (name, picture) in enumerate(pictures):
        x, y = place % across * (width + 8), place // across * (height + name_height + 8)
        painter.drawText(QRect(x, y, width, name_height), Qt.AlignmentFlag.AlignVCenter, f" {name}")
        painter.drawPixmap(QRect(x, y + name_height, width, height), picture)
    painter.end()
    return whole


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", nargs="+", choices=THEMES, default=THEMES)
    parser.add_argument("--screen", nargs="+", default=SCREENS)
    parser.add_argument("--view", nargs="+", choices=VIEWS, default=tuple(VIEWS))
    parser.add_argument("--here", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _on_a_screen_of_its_own(screen: str) -> int:
    """Run this program on a new screen; its exit status."""
    size, _, percent = screen.partition("@")
    width, height = (int(number) for number in size.split("x"))
    server = XServer((width, height), window_manager=True)
    try:
        scale = {"QT_SCALE_FACTOR": f"{int(percent or 100) / 100:g}", "XDG_CONFIG_HOME": os.devnull}
        command = [sys.executable, __file__, *sys.argv[1:], "--here", screen]
        return subprocess.run(command, env={**server.environment, **scale}, check=False).returncode
    finally:
        server.close()


def main() -> int:
    """Take the pictures; the exit status."""
    arguments = _arguments()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    if not arguments.here:
        return max([_on_a_screen_of_its_own(screen) for screen in arguments.screen])
    problems = Photographer(arguments.folder, arguments.here).take(arguments.theme, arguments.view)
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    return int(bool(problems))


if __name__ == "__main__":
    raise SystemExit(main())
