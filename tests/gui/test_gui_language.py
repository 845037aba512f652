"""The window in another language: from the settings or the desktop, with its numbers, and with Qt's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_session import FakeBackend
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from irec_live.cli import main
from irec_live.gui import settings_schema as schema
from irec_live.gui.app import Composition
from irec_live.gui.decision_dialog import DecisionDialog
from irec_live.gui.decision_values import PRESETS
from irec_live.gui.event_table import EventTable, length_text
from irec_live.gui.language import ENGLISH, SYSTEM, codes, language, languages, tr, use_language
from irec_live.gui.message_translation import instrument_name, part, source_title, translated, with_labels
from irec_live.gui.preferences import Preferences
from irec_live.gui.requests import SourceRequest
from irec_live.gui.wording import clock_text, display_name, list_text, number_text, sentence
from irec_live.results import Event
from irec_live.streaming.decisions import Decisions


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use_language(ENGLISH)


@pytest.fixture
def german() -> None:
    use_language("de")


def test_languages_are_offered_by_their_own_names() -> None:
    assert languages()["en"] == "English"
    assert languages()["de"] == "Deutsch"


def test_a_language_that_is_not_there_is_english() -> None:
    use_language("tlh")
    assert language() == ENGLISH


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [({"LANG": "de_AT.UTF-8"}, "de"), ({"LANG": "xx_XX.UTF-8"}, "en"), ({"LANG": "C.UTF-8"}, "en")],
)
def test_the_language_of_the_desktop_is_followed(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], spoken: str
) -> None:
    from PySide6.QtCore import QLocale

    names = {"de_AT.UTF-8": ["de-AT", "de"], "xx_XX.UTF-8": ["xx-XX", "xx"], "C.UTF-8": ["C"]}[variables["LANG"]]

    class Desktop(QLocale):
        @staticmethod
        def system() -> Desktop:
            return Desktop()

        def uiLanguages(self, *_: object) -> list[str]:
            return names

    monkeypatch.setattr("PySide6.QtCore.QLocale", Desktop)
    use_language(SYSTEM)
    assert language() == spoken


@pytest.mark.usefixtures("german")
def test_what_is_written_next_is_in_the_language_that_was_chosen() -> None:
    assert tr("Saved {name} in {folder}.", name="a", folder="b") == "a in b gespeichert."
    assert (tr("%n events", "", 1), tr("%n events", "", 0)) == ("1 Ereignis", "0 Ereignisse")
    assert tr("not among them, {name}", name="so English") == "not among them, so English"
    assert list_text(["Geige", "Bass"]) == "Geige und Bass"
    use_language(ENGLISH)
    assert (tr("%n events", "", 1), tr("%n events", "", 0)) == ("1 event", "0 events")


@pytest.mark.usefixtures("german")
def test_numbers_have_the_decimal_mark_of_the_language() -> None:
    assert number_text(1234.56, 1) == "1234,6"
    assert clock_text(75.26, tenths=True) == "1:15,2"
    assert length_text(Event("flute", 1.0, 3.5, 0.9)) == "2,5 s"


@pytest.mark.usefixtures("german")
def test_instruments_are_found_by_the_names_that_are_shown() -> None:
    assert display_name("acoustic guitar") == "Akustikgitarre"
    assert instrument_name("theremin") == "theremin"
    table = EventTable()
    table.show_events((Event("violin", 0.0, 1.0, 0.9), Event("drums", 1.0, 2.0, 0.9), Event("viola", 2.0, 3.0, 0.9)))
    table.search("geige")
    assert [table.event_at(row).label for row in range(table.rowCount())] == ["violin"]
    table.search("")
    table.sort(1)
    assert [table.event_at(row).label for row in range(3)] == ["viola", "violin", "drums"]


@pytest.mark.usefixtures("german")
def test_the_library_is_searched_by_either_names_but_files_keep_theirs() -> None:
    assert with_labels("Geige at least 50 %, no Stimme") == "violin at least 50 %, no voice"
    assert with_labels("Streicher or piano") == "strings or piano"
    assert with_labels("e-gitarre, named Klavier") == "electric guitar, named Klavier"
    assert with_labels("french horn or Horn") == "french horn or french horn"
    assert with_labels("named die Orgel, Geige") == "named die Orgel, violin"
    assert with_labels('Klavier, named "Die Geige"') == 'piano, named "Die Geige"'


@pytest.mark.usefixtures("german")
def test_sentences_from_outside_of_the_window_are_translated_with_what_is_in_them() -> None:
    assert sentence("no sound arrives from 'Mic {1}': nothing plays there, or the sound server has stopped") == (
        "Von „Mic {1}“ kommt kein Ton: dort spielt nichts, oder der Audioserver steht"
    )
    assert sentence("song.flac is empty (0 bytes)") == "song.flac ist leer (0 Byte)"
    assert sentence("no instrument is called 'hron'; is french horn meant? (character 1 of the query)") == (
        "Kein Instrument heißt 'hron'; ist Horn gemeint? (Zeichen 1 der Suche)"
    )
    assert translated("a sentence of nobody") is None
    full = "recording stopped: the disk is full (3 MB are left)"
    stopped = "Die Aufnahme ist beendet: die Platte ist voll (3 MB sind frei)"
    assert translated(full) == stopped
    assert (
        translated(full + "; the 5 s before are kept in /takes")
        == stopped + "; die 5 s davor bleiben erhalten, in /takes"
    )
    assert sentence("a sentence of nobody") == "A sentence of nobody"
    assert source_title("Microphone: Headset") == "Mikrofon: Headset"
    assert part("mAP 0.73 on real clips") == "mAP 0.73 auf echten Aufnahmen"


@pytest.mark.usefixtures("german")
def test_qt_speaks_it_too(qapp: QApplication) -> None:
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Abbrechen"
    assert QKeySequence("Ctrl+O").toString(QKeySequence.SequenceFormat.NativeText) == "Strg+O"
    use_language(ENGLISH)
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Cancel"


def test_the_menu_keeps_the_choice_for_the_next_start(build: Callable[..., Composition], tmp_path: Path) -> None:
    preferences = Preferences.in_file(tmp_path / "settings.ini")
    window = build(FakeBackend(), preferences).window
    entries = {entry.text(): entry for entry in window.languages.menu.actions()}
    assert list(entries) == ["Like the system", *languages().values()]
    assert entries["Like the system"].isChecked()
    entries["Deutsch"].trigger()
    assert window.messages.text == "The language changes with the next start"
    assert Preferences.in_file(tmp_path / "settings.ini").get(schema.LANGUAGE) == "de"
    assert window.actions_.open_file.text() == "Open a &file…"


@pytest.mark.usefixtures("german")
def test_a_window_in_german_has_no_english_left(qtbot: QtBot, build: Callable[..., Composition]) -> None:
    parts = build(FakeBackend())
    window = parts.window
    assert window.actions_.open_file.text() == "&Datei öffnen…"
    with qtbot.waitSignal(parts.manager.opened):
        window.open(SourceRequest("file", path=Path("/music/song.flac")))
    with qtbot.waitSignal(window.bridge.snapshot_ready):
        pass
    dialog = window.decisions.open_dialog()
    for action in window.actions():
        assert translates(action.text()), action.text()
    for widget in (window, dialog):
        for child in widget.findChildren(QLabel) + widget.findChildren(QAbstractButton):
            assert translates(child.text()), child.text()
            assert translates(child.toolTip()), child.toolTip()
            assert translates(child.accessibleName()), child.accessibleName()
        for field in widget.findChildren(QLineEdit):
            assert translates(field.placeholderText()), field.placeholderText()
    dialog.close()


def translates(text: str) -> bool:
    """Whether a text is not one of the English sentences."""
    words = {word.strip(".,:;()…").casefold() for word in text.replace("&", "").split()}
    return not words & {"the", "of", "and", "is", "are", "this", "with", "open", "file", "save", "threshold"}


@pytest.mark.parametrize("code", codes())
def test_no_two_entries_of_a_menu_have_the_same_key(code: str, build: Callable[..., Composition]) -> None:
    use_language(code)
    menus = [build(FakeBackend()).window.actions_.menu]
    while menus:
        menu = menus.pop()
        menu.aboutToShow.emit()
        entries = [entry.text() for entry in menu.actions()]
        keys = [entry[entry.index("&") + 1].casefold() for entry in entries if "&" in entry]
        assert len(set(keys)) == len(keys), entries
        menus += [entry.menu() for entry in menu.actions() if isinstance(entry.menu(), QMenu)]


@pytest.mark.usefixtures("german")
def test_presets_have_translated_names_and_are_chosen_by_their_own(qtbot: QtBot) -> None:
    parent = QLabel()
    qtbot.addWidget(parent)
    dialog = DecisionDialog(parent)
    dialog.show_decisions(Decisions(), {"Probe": {}})
    shown = [dialog.preset.itemText(place) for place in range(dialog.preset.count())]
    assert shown == ["Bühne", "Üben", "Archiv", "Probe"]
    with qtbot.waitSignal(dialog.preset_chosen) as chosen:
        dialog.preset.activated.emit(0)
    assert chosen.args == [next(iter(PRESETS))]
    dialog.name.setText("Bühne")
    assert not dialog.save.isEnabled()


def test_a_language_for_this_time_only_is_named_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gui", "--language", "tlh"])
    assert ended.value.code == 2
    assert f"it speaks {', '.join(codes())}" in capsys.readouterr().err
