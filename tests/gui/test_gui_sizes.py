"""The window on small screens: everything is on it, nothing is cut off and nothing overlaps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_session import FakeBackend, spec
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from irec_live.gui.about_dialog import AboutDialog
from irec_live.gui.app import Composition
from irec_live.gui.diagnostics import diagnostics
from irec_live.gui.language import ENGLISH, codes, tr, use_language
from irec_live.gui.main_window import MainWindow
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.window_size import LEAST, WANTED, first_size, least_size
from irec_live.models.spec import TradeOff

SCREENS = {
    "hd": (1280, 720),
    "fhd-200%": (960, 540),
    "wxga-150%": (911, 512),
    "netbook-125%": (819, 480),
    "fhd": (1920, 1080),
}
PANEL = 40
"""Height of a desktop's own panel."""


@pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
def test_the_first_window_fits_the_screen_with_title_bar_and_panel(screen: tuple[int, int]) -> None:
    room = QSize(screen[0], screen[1] - PANEL)
    for size in (first_size(room), least_size(room)):
        assert size.width() <= room.width()
        assert size.height() <= room.height() - 30
    assert first_size(room) == WANTED or first_size(room).height() >= room.height() - 40
    assert least_size(room) == LEAST, "all of the window has room"


def test_even_a_tiny_screen_is_not_too_small_for_the_least_size() -> None:
    assert least_size(QSize(640, 350)) == QSize(638, 312)
    assert least_size(QSize(1920, 1080)) == LEAST


@pytest.fixture(params=codes())
def spoken(request: pytest.FixtureRequest) -> Iterator[str]:
    """The window speaks each of its languages in turn."""
    use_language(request.param)
    yield request.param
    use_language(ENGLISH)


@pytest.mark.parametrize("kind", ["mic", "file"])
@pytest.mark.parametrize("screen", [*SCREENS.values(), (LEAST.width() + 2, LEAST.height() + 78)])
def test_every_part_is_inside_the_window_and_none_overlap(
    qtbot: QtBot, spoken: str, parts: Composition, screen: tuple[int, int], kind: str
) -> None:
    window = parts.window
    window.resize(first_size(QSize(screen[0], screen[1] - PANEL)))
    path = Path("/music/song.flac") if kind == "file" else None
    with qtbot.waitSignal(parts.manager.opened):
        window.open(SourceRequest(kind, path=path))
    window.messages.say("failed", "song.flac cannot be decoded", "error")
    QApplication.processEvents()
    page = window.page
    stacked = [window.top, window.messages, page.headline, page.lanes, page.spectrogram, page.ruler]
    stacked += [window.panel, window.status] if kind == "file" else [window.status]
    assert_apart(window, stacked)
    top = window.top
    assert_apart(window, [top.sources, top.meter, top.threshold.slider, top.threshold.effect, top.models])
    assert_apart(window, [child for child in window.top.children() if isinstance(child, QWidget)])
    assert_apart(window, [label for label in window.status.findChildren(QLabel) if label.isVisible()])
    assert page.lanes.height() >= 60
    assert page.spectrogram.height() >= 36
    if kind == "file":
        assert_apart(window, [window.panel.transport.play_button, window.panel.transport.clock])
        qtbot.waitUntil(lambda: len(window.panel.overview.strips) >= 3)


@pytest.mark.parametrize("width", [LEAST.width(), 911, 999, 1000])
@pytest.mark.parametrize("measured", [False, True])
def test_labels_of_the_bars_are_not_cut(
    qtbot: QtBot, spoken: str, parts: Composition, backend: FakeBackend, width: int, measured: bool
) -> None:
    window = parts.window
    window.resize(width, 440)
    if measured:
        points = ((0.0, 0.87, 0.85), (0.2, 0.95, 0.7))
        curve = tuple(TradeOff(offset=at, precision=right, recall=found) for at, right, found in points)
        backend.known["han-1s"].spec = spec().model_copy(update={"trade_off": curve})
    with qtbot.waitSignal(parts.manager.opened):
        window.open(SourceRequest("mic"))
    with qtbot.waitSignal(window.bridge.snapshot_ready):
        pass
    QApplication.processEvents()
    assert (tr("precision {precision}, recall {recall}").split()[0] in window.top.threshold.effect.text()) is measured
    assert_apart(
        window, [window.top.meter, window.top.threshold.slider, window.top.threshold.effect, window.top.models]
    )
    for label in [*window.top.findChildren(QLabel), *window.status.findChildren(QLabel)]:
        if label.isVisible() and label.text() and label is not window.status.state:
            assert label.width() >= label.fontMetrics().horizontalAdvance(label.text()), label.text()
    assert "han-1s + neuroment-mel" in window.top.models.toolTip()


def test_pages_and_dialogs_have_room_for_their_words(qtbot: QtBot, spoken: str, parts: Composition) -> None:
    window = parts.window
    window.resize(first_size(QSize(960, 540 - PANEL)))
    window.stack.setCurrentWidget(window.welcome)
    QApplication.processEvents()
    assert_whole(window.welcome)
    window.stack.setCurrentWidget(window.source_check)
    window.source_check.advice.setText(
        tr("Very quiet: go closer, turn the input up in the system's mixer, or choose another source")
    )
    QApplication.processEvents()
    assert_whole(window.source_check)
    panel = window.library.panel
    panel.offer([Path("/music/evening"), Path("/music/morning")])
    panel.show_work(tr("Looking through the folder…"))
    for dialog in (window.decisions.open_dialog(), panel, AboutDialog(diagnostics(), window)):
        dialog.show()
        qtbot.waitExposed(dialog)
        QApplication.processEvents()
        assert_whole(dialog)
        dialog.close()


def assert_whole(parent: QWidget) -> None:
    """Nothing that is written below a widget is cut."""
    written: list[QLabel | QAbstractButton] = [*parent.findChildren(QLabel), *parent.findChildren(QAbstractButton)]
    for widget in written:
        if not widget.isVisible() or not widget.text():
            continue
        if isinstance(widget, QLabel) and widget.wordWrap():
            assert widget.height() >= widget.heightForWidth(widget.width()), widget.text()
        else:
            assert widget.width() >= widget.minimumSizeHint().width(), widget.text()
        assert parent.rect().contains(QRect(widget.mapTo(parent, QPoint(0, 0)), widget.size())), widget.text()


def test_a_window_remembered_from_a_larger_screen_is_made_to_fit(
    build: Callable[..., Composition], tmp_path: Path
) -> None:
    store = tmp_path / "settings.ini"
    first = build(FakeBackend(), Preferences.in_file(store))
    first.window.resize(2400, 1500)
    first.window.close()
    again = MainWindow(first.manager, FakeBackend(), Preferences.in_file(store), first.themes)
    room = again.screen().availableGeometry().size()
    assert again.width() <= room.width()
    assert again.height() <= room.height()
    again.deleteLater()


def assert_apart(window: QWidget, widgets: list[QWidget]) -> None:
    places = {widget: QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()) for widget in widgets}
    for widget, place in places.items():
        assert widget.isVisible(), widget
        assert window.rect().contains(place), (widget, place)
    for one, other in itertools.combinations(places, 2):
        assert not places[one].intersects(places[other]), (one, places[one], other, places[other])
