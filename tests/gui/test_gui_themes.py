"""A theme is data: whoever adds one to the table finds it in the menu, in the settings and on the screen."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
from color_vision import SIGHT, ciede2000, lab
from fake_session import FakeBackend
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

import irec_live.gui
from irec_live.gui.app import Composition
from irec_live.gui.icons import icon_path
from irec_live.gui.instrument_colors import contrast
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.stylesheet import palette, stylesheet
from irec_live.gui.theme import DARK, SYSTEM, THEMES, Theme, ThemeSwitch, choices
from irec_live.instruments import MAIN_LABELS

GUI = Path(irec_live.gui.__file__).parent


def test_a_new_theme_is_one_entry(
    build: Callable[..., Composition], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    sepia = replace(DARK, name="sepia", title="Sepia", scheme=None, ground="#2b2118", surface="#31261c")
    monkeypatch.setitem(THEMES, "sepia", sepia)
    store = tmp_path / "settings.ini"
    parts = build(FakeBackend(), Preferences.in_file(store))
    assert "Sepia" in titles(parts.window.actions_.menu)
    parts.window.actions_.theme_chosen.emit("sepia")
    assert parts.themes.theme is sepia
    parts.manager.open(SourceRequest("mic"))
    qtbot.waitUntil(lambda: parts.manager.session is not None)
    qtbot.waitUntil(lambda: bool(parts.window.page.lanes.canvas.curves.activation.size))
    assert ground_of(parts) == QColor("#2b2118").rgb()
    parts.window.preferences.save()
    assert Preferences.in_file(store).theme == "sepia"
    monkeypatch.delitem(THEMES, "sepia")
    assert Preferences.in_file(store).theme == SYSTEM


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_theme_is_whole(theme: Theme) -> None:
    assert THEMES[theme.name] is theme
    assert theme.opposite in THEMES
    assert theme.opposite != theme.name
    assert icon_path(theme.switch_icon).exists()
    told = {"name", "title", "scheme", "opposite", "switch_icon", "instruments"}
    for field in fields(theme):
        value = getattr(theme, field.name)
        if isinstance(value, str) and field.name not in told:
            assert QColor(value).isValid(), field.name
    assert all(QColor(color).isValid() for color in theme.ramp)
    assert "$" not in stylesheet(theme)
    assert palette(theme).window().color() == theme.color("ground")


def test_the_desktops_schemes_have_a_theme_each() -> None:
    assert sorted(theme.scheme for theme in THEMES.values() if theme.scheme is not None) == ["dark", "light"]


def test_the_menu_offers_every_theme_and_the_desktops(parts: Composition) -> None:
    assert [title for title in titles(parts.window.actions_.menu) if title in choices().values()] == [
        *choices().values()
    ]
    for choice in choices():
        parts.window.actions_.theme_chosen.emit(choice)
        assert parts.themes.choice == choice
    with pytest.raises(ValueError, match="a theme is one of"):
        parts.themes.choose("plaid")


def test_the_switch_between_dark_and_light_leads_away_from_any_theme_and_back(qapp: object) -> None:
    for name in THEMES:
        themes = ThemeSwitch(name)
        seen = []
        for _ in range(3):
            themes.toggle()
            seen.append(themes.theme.name)
        assert seen[0] == seen[2] != seen[1]


def test_nothing_asks_whether_a_theme_is_dark() -> None:
    """Whoever does so is wrong about the next theme."""
    asked = [
        f"{path.name}:{node.lineno}"
        for path in sorted(GUI.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in ("dark", "light", "is_dark"))
        or (isinstance(node, ast.Constant) and node.value in THEMES and path.name != "theme.py")
        or (
            isinstance(node, ast.Compare)
            and any(isinstance(one, ast.Name) and one.id == "DARK" for one in ast.walk(node))
        )
    ]
    assert asked == []


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_main_instruments_can_be_told_apart_in_every_theme(theme: Theme, sight: str) -> None:
    """By CIEDE2000; where the ground asks for more contrast, less room is left between them."""
    colors = {label: lab(theme.instrument(label).getRgb()[:3], sight) for label in MAIN_LABELS}
    nearest = min((ciede2000(colors[a], colors[b]), a, b) for a, b in itertools.combinations(MAIN_LABELS, 2))
    assert nearest[0] >= 8.0, nearest


def test_high_contrast_is_that(qapp: object) -> None:
    theme = THEMES["contrast"]
    for name in ("text", "muted", "faint", "accent", "good", "warning", "error", "outline"):
        for behind in ("ground", "surface", "raised"):
            assert ratio(theme, name, behind) >= 7.0, (name, behind)
    for level in ("warning_ground", "error_ground", "info_ground"):
        assert ratio(theme, "text", level) >= 7.0, level
    assert ratio(theme, "line", "ground") >= 3.0
    for behind in ("ground", "raised"):
        assert ratio(theme, "hover", behind) >= 3.0, "entries of menus and lists that are chosen, scroll bars"
    assert ratio(theme, "text", "hover") >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_text_can_be_read_in_every_theme(theme: Theme) -> None:
    """At least 4.5:1 (WCAG 2, level AA), legends and axes included."""
    for name in ("text", "muted", "faint", "warning", "accent"):
        for behind in ("ground", "surface"):
            assert ratio(theme, name, behind) >= 4.5, (name, behind)
    for name in ("text", "muted", "faint"):
        assert ratio(theme, name, "raised") >= 4.5, name
    for level in ("warning_ground", "error_ground", "info_ground"):
        assert ratio(theme, "text", level) >= 4.5, level
    assert ratio(theme, "on_accent", "accent") >= 4.5
    assert ratio(theme, "text", "hover") >= 4.5
    for label in MAIN_LABELS:
        assert contrast(theme.lettering(label).getRgb()[:3], theme.color("ground").getRgb()[:3]) >= 4.5, label


def titles(menu: QMenu) -> list[str]:
    found = []
    for action in menu.actions():
        below = action.menu()
        found += titles(below) if isinstance(below, QMenu) else [action.text()]
    return found


def ground_of(parts: Composition) -> int:
    canvas = parts.window.page.lanes.canvas
    return canvas.grab().toImage().pixelColor(canvas.width() - 3, 2).rgb()


def ratio(theme: Theme, one: str, other: str) -> float:
    return contrast(*(theme.color(name).getRgb()[:3] for name in (one, other)))
