"""Everything by keyboard, what is painted has a name, and the dialogs that explain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from irec_live.gui.about_dialog import AboutDialog
from irec_live.gui.app import Composition
from irec_live.gui.help_dialog import HelpDialog
from irec_live.gui.requests import SourceRequest
from irec_live.gui.theme import THEMES, Theme
from irec_live.input_kind import InputKind

SONG = SourceRequest(InputKind.FILE, path=Path("/music/song.flac"))


@pytest.fixture
def shown(qtbot: QtBot, parts: Composition) -> Composition:
    """A window with a file open and its overview filled in, which has the keyboard."""
    parts.window.open(SONG)
    qtbot.waitUntil(lambda: len(parts.window.panel.overview.strips) > 0)
    qtbot.waitUntil(lambda: len(parts.window.page.lanes.order) > 0)
    parts.window.activateWindow()
    return parts


def by_tab(qtbot: QtBot, parts: Composition, most: int = 30) -> list[QWidget]:
    """What Tab reaches, in order."""
    seen: list[QWidget] = []
    for _ in range(most):
        qtbot.keyClick(QApplication.focusWidget() or parts.window, Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused is None or focused in seen:
            break
        seen.append(focused)
    return seen


def test_tab_reaches_lanes_overview_and_every_control(qtbot: QtBot, shown: Composition) -> None:
    window = shown.window
    reached = by_tab(qtbot, shown)
    for widget in (window.page.lanes, window.panel.overview, window.top.sources, window.top.threshold.slider):
        assert widget in reached
    assert [widget for widget in reached if not widget.accessibleName()] == []


def test_arrows_lead_from_lane_to_lane_and_tell_its_numbers(qtbot: QtBot, shown: Composition) -> None:
    lanes = shown.window.page.lanes
    shown.window.manager.session.pause()  # type: ignore[union-attr]
    lanes.setFocus(Qt.FocusReason.TabFocusReason)
    order = lanes.order
    assert lanes.canvas.chosen == order[0]
    qtbot.keyClick(lanes, Qt.Key.Key_Down)
    assert lanes.canvas.chosen == lanes.order[1]
    assert "likely" in lanes.accessibleDescription()
    assert "level" in lanes.accessibleDescription()
    qtbot.keyClick(lanes, Qt.Key.Key_PageDown)
    assert lanes.canvas.chosen == lanes.order[-1]
    qtbot.keyClick(lanes, Qt.Key.Key_Down)
    assert lanes.canvas.chosen == lanes.order[-1]
    shown.window.panel.overview.setFocus()
    assert lanes.canvas.chosen is None


def test_page_keys_and_end_seek_in_the_overview(qtbot: QtBot, shown: Composition) -> None:
    overview, session = shown.window.panel.overview, shown.manager.session
    assert session is not None
    overview.setFocus()
    for key, share in ((Qt.Key.Key_End, 1.0), (Qt.Key.Key_PageUp, 0.9), (Qt.Key.Key_PageDown, 1.0)):
        shown.window.bridge.tick()
        qtbot.keyClick(overview, key)
        assert session.position_s == pytest.approx(share * session.duration_s)  # type: ignore[attr-defined]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_focus_can_be_seen_on_slider_lanes_and_overview(qtbot: QtBot, shown: Composition, theme: Theme) -> None:
    window = shown.window
    shown.themes.choose(theme.name)
    accent = theme.color("accent").getRgb()[:3]
    for widget in (window.top.threshold.slider, window.page.lanes, window.panel.overview):
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        with_focus = count_of(widget.grab().toImage(), accent)
        window.top.sources.setFocus()
        assert with_focus > count_of(widget.grab().toImage(), accent) + 40, widget


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_buttons_show_the_focus_by_a_thicker_border_and_stay_where_they_are(
    qtbot: QtBot, shown: Composition, theme: Theme
) -> None:
    """At least two pixels all around change (WCAG 2.2, 2.4.13): a border of another colour alone is easily missed."""
    window = shown.window
    shown.themes.choose(theme.name)
    accent = theme.color("accent").getRgb()[:3]
    buttons = (window.top.models, window.top.sources, window.top._menu_button, window.source_check.start)
    window.check_source(lambda: None)
    qtbot.waitUntil(window.source_check.start.isVisible)
    for button, other in zip(buttons, (*buttons[1:], buttons[0]), strict=True):
        other.setFocus(Qt.FocusReason.TabFocusReason)
        hint, without = button.sizeHint(), count_of(button.grab().toImage(), accent)
        button.setFocus(Qt.FocusReason.TabFocusReason)
        ring = count_of(button.grab().toImage(), accent) - without
        assert button.sizeHint() == hint, button
        assert abs(ring) > 2 * (button.width() + button.height()), button  # fewer where all of it was of that colour


def test_f10_opens_the_menu_at_its_first_entry(qtbot: QtBot, shown: Composition) -> None:
    menu = shown.window.actions_.menu
    qtbot.keyClick(shown.window, Qt.Key.Key_F10)
    qtbot.waitUntil(menu.isVisible)
    assert menu.activeAction() is shown.window.actions_.open_file
    menu.close()


def test_f1_opens_help_with_every_shortcut(qtbot: QtBot, shown: Composition, bury: Callable[[], None]) -> None:
    shown.window.actions_.help.trigger()
    dialog = shown.window.findChild(HelpDialog)
    assert isinstance(dialog, HelpDialog)
    assert shown.window.actions_.help.shortcut().toString() == "F1"
    text = dialog.page.toPlainText()
    for heading in ("What the curves mean", "Why a label may be wrong", "Keyboard"):
        assert heading in text
    for action in shown.window.actions():
        assert action.shortcut().toString() in text
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog.page, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: shown.window.findChild(HelpDialog) is None)
    bury()


def test_about_tells_versions_provider_counters_and_licence_and_copies_them(
    qtbot: QtBot, shown: Composition, bury: Callable[[], None]
) -> None:
    shown.window.actions_.about.trigger()
    dialog = shown.window.findChild(AboutDialog)
    assert isinstance(dialog, AboutDialog)
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    lines = dict(line.split(": ", 1) for line in QGuiApplication.clipboard().text().splitlines())
    assert lines["Provider"] == "CPU"
    assert lines["Overflows"] == "0"
    assert lines["Licence"] == "MIT"
    assert lines["Models"] == "han-1s, neuroment-mel"
    assert "not installed" not in lines.values()
    assert "song.flac" not in " ".join(lines.values())  # names of files are nobody's business
    dialog.close()
    bury()


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_buttons_of_the_file_dialog_are_not_blank(qtbot: QtBot, shown: Composition, theme: Theme) -> None:
    shown.themes.choose(theme.name)
    shown.window.actions_.open_file.trigger()
    dialog = shown.window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    buttons = [button for button in dialog.findChildren(QToolButton) if button.isVisible() and button.isEnabled()]
    assert len(buttons) >= 3
    for button in buttons:
        picture = button.grab().toImage()
        middle = picture.copy(picture.width() // 4, picture.height() // 4, picture.width() // 2, picture.height() // 2)
        assert len(np.unique(pixels(middle).reshape(-1, 3), axis=0)) > 3, button.objectName()
    dialog.close()


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return rows[:, : image.width(), 2::-1].copy()  # the memory is the image's, which ends here


def count_of(image: QImage, color: tuple[int, ...]) -> int:
    return int((np.abs(pixels(image).astype(int) - color).max(axis=2) < 6).sum())
