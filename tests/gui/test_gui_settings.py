"""Settings: one table of them, older files are brought up to it, and nonsense counts as absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_session import FakeBackend
from PySide6.QtCore import QSettings

from irec_live.gui import settings_schema as schema
from irec_live.gui.app import Composition
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.settings_schema import Setting
from irec_live.input_kind import InputKind

OLD = """[General]
folder={folder}
geometry=@ByteArray(\\x1\\xd9)
span_s=30
theme=light
threshold_offset=-0.07

[source]
device=USB Audio Interface
hostapi=ALSA
kind=loopback
"""
"""A file as version 0.2 wrote it."""

SETTINGS = [value for value in vars(schema).values() if isinstance(value, Setting)]


def test_settings_that_cannot_be_saved_are_told(build: Callable[..., Composition], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, told in (("file", True), ("folder", False)):
        store = tmp_path / folder / "settings.ini"
        window = build(FakeBackend(), Preferences.in_file(store)).window
        window.check_settings()
        assert (f"{store} cannot be written" in window.messages.text) is told
        assert store.exists() is not told


def test_a_file_of_version_0_2_is_taken_over_whole(tmp_path: Path) -> None:
    store = tmp_path / "settings.ini"
    store.write_text(OLD.format(folder=tmp_path))
    preferences = Preferences.in_file(store)
    assert (preferences.theme, preferences.span_s, preferences.threshold_offset) == ("light", 30.0, -0.07)
    assert preferences.source == SourceRequest(InputKind.LOOPBACK, "USB Audio Interface", "ALSA")
    assert preferences.folder == tmp_path
    assert preferences.geometry is not None
    assert bytes(preferences.geometry.data()) == b"\x01\xd9"
    preferences.save()
    held = QSettings(str(store), QSettings.Format.IniFormat)
    assert int(held.value(schema.VERSION_KEY)) == schema.VERSION
    assert not held.contains("span_s")
    again = Preferences.in_file(store)
    assert (again.theme, again.span_s, again.threshold_offset) == ("light", 30.0, -0.07)


def test_what_a_newer_version_wrote_stays_in_the_file(tmp_path: Path) -> None:
    store = tmp_path / "settings.ini"
    store.write_text("[General]\nschema=99\n\n[view]\ntheme=light\nhologram=on\n")
    preferences = Preferences.in_file(store)
    assert preferences.theme == "light"
    preferences.span_s = 5.0
    preferences.save()
    text = store.read_text()
    assert "schema=99" in text
    assert "hologram=on" in text


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
@pytest.mark.parametrize("nonsense", ["", "\x00", "[1,", "{}", "[[[[", "nan", 7, [1], {"a": 1}, b"\xff"])
def test_nonsense_never_gets_past_the_table(setting: Setting[Any], nonsense: object) -> None:
    value = setting.read(nonsense)
    assert type(value) is type(setting.default)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.key)
def test_every_default_survives_the_store(setting: Setting[Any], tmp_path: Path) -> None:
    store = tmp_path / "settings.ini"
    preferences = Preferences.in_file(store)
    preferences.put(setting, setting.default)
    preferences.save()
    assert Preferences.in_file(store).get(setting) == setting.default


def test_no_two_settings_share_a_key() -> None:
    keys = [setting.key for setting in SETTINGS]
    assert len(set(keys)) == len(keys)


def test_a_file_that_is_no_settings_file_counts_as_empty(tmp_path: Path) -> None:
    store = tmp_path / "settings.ini"
    store.write_bytes(bytes(range(256)) * 20)
    preferences = Preferences.in_file(store)
    assert (preferences.theme, preferences.span_s) == ("system", 15.0)
    assert preferences.get(schema.LANE_ORDER) == ()
