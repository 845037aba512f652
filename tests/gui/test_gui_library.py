"""The library in the window: search, play from a span, add a folder; the window never waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from fake_session import FakeSession
from file_drop import drop
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from waiting import PATIENCE_S

from irec_live.batch.items import Item, Outcome, Settings
from irec_live.gui.app import Composition
from irec_live.gui.library_control import LibraryControl
from irec_live.library import EXAMPLES, Library, Recording, Results, Span
from irec_live.library.query import Query

SETTINGS = Settings(models=("a",), sha256=("1",), providers=("CPU",))


def recording(path: Path, *spans: Span) -> Recording:
    return Recording(
        path=str(path),
        name=path.name,
        sha256=f"hash of {path.name}",
        size_bytes=5,
        duration_s=60.0,
        settings=SETTINGS.analysis,
        models=("a@1",),
        labels=("piano", "voice"),
        detected=(),
        warnings=(),
        spans=spans,
    )


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library.duckdb")


@pytest.fixture
def control(parts: Composition, library: Library) -> LibraryControl:
    found = parts.window.library
    found.make_library = lambda: library
    found.make_settings = lambda: SETTINGS
    return found


@pytest.fixture
def song(tmp_path: Path, library: Library) -> Path:
    path = tmp_path / "song.flac"
    path.touch()
    library.put(
        [
            recording(path, Span("piano", 5.0, 10.0, 0.9, -20.0), Span("piano", 30.0, 50.0, 0.9, -20.0)),
            recording(tmp_path / "aria.flac", Span("voice", 1.0, 9.0, 0.9, -20.0)),
        ]
    )
    return path


def find(qtbot: QtBot, control: LibraryControl, text: str) -> None:
    """Type a query and press Enter."""
    control.panel.field.setText(text)
    QTest.keyClick(control.panel.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not control._searcher.busy)


def test_a_search_that_waits_for_another_program_says_so(
    qtbot: QtBot, control: LibraryControl, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, real = threading.Event(), Library.search

    def search(self: Library, query: str | Query, *, limit: int = 100, offset: int = 0) -> Results:
        free.wait(PATIENCE_S)
        return real(self, query, limit=limit, offset=offset)

    monkeypatch.setattr(Library, "search", search)
    control.action.trigger()
    qtbot.waitUntil(lambda: "If another program is adding to the library" in control.panel.note.text())
    free.set()
    qtbot.waitUntil(lambda: control.panel.note.text() == "2 recordings. Double-click to play from there.")


def test_an_empty_library_tells_how_to_fill_it(qtbot: QtBot, control: LibraryControl) -> None:
    control.action.trigger()
    qtbot.waitUntil(lambda: control.panel._pages.currentWidget() is control.panel._empty)
    assert control.panel.isVisible()
    assert control.panel.field.placeholderText() == EXAMPLES[0]


def test_a_double_click_plays_from_that_span(
    qtbot: QtBot, parts: Composition, control: LibraryControl, song: Path
) -> None:
    control.show()
    find(qtbot, control, "piano")
    (row,) = control.panel.table.findItems("song.flac", Qt.MatchFlag.MatchExactly)
    assert [row.text(column) for column in range(4)] == ["song.flac", "0:05–0:10 and 1 more", "0:25", "1:00"]
    control.panel.table.itemActivated.emit(row.child(1), 0)
    qtbot.waitUntil(lambda: getattr(parts.manager.request, "path", None) == song)
    session = parts.manager.session
    assert isinstance(session, FakeSession)
    qtbot.waitUntil(lambda: session.position_s >= 30.0)
    control.panel.table.itemActivated.emit(row, 0)  # of what is open already
    qtbot.waitUntil(lambda: 5.0 <= session.position_s < 30.0)
    assert parts.manager.session is session


def test_what_is_not_understood_is_said_and_the_results_stay(qtbot: QtBot, control: LibraryControl, song: Path) -> None:
    control.show()
    find(qtbot, control, "piano")
    find(qtbot, control, "pianp")
    assert "is piano meant? (character 1 of the query)" in control.panel.note.text()
    assert control.panel.table.topLevelItemCount() == 1
    find(qtbot, control, "no piano, longer than 2 min")
    assert control.panel.note.text() == "No recording is like that."


def engine_of(gate: threading.Event) -> Callable[..., Callable[[Iterable[Item]], Iterator[Outcome]]]:
    """Engines that hear a piano, after a gate was opened; what is told meanwhile may end them."""

    def make(_: Settings, on_share: Callable[[str, float], None]) -> Callable[[Iterable[Item]], Iterator[Outcome]]:
        def run(items: Iterable[Item]) -> Iterator[Outcome]:
            for item in items:
                while not gate.wait(0.01):
                    on_share(item.key, 0.5)
                yield Outcome(item.key, "done", recording=recording(Path(item.key), Span("piano", 1.0, 2.0, 0.5, None)))

        return run

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "album"
    made.mkdir()
    (made / "one.wav").touch()
    (made / "two.wav").touch()
    return made


def test_a_dropped_folder_is_offered_and_added_in_the_background(
    qtbot: QtBot, control: LibraryControl, folder: Path, library: Library
) -> None:
    gate = threading.Event()
    control.make_engine = engine_of(gate)
    control.show()
    drop(control.panel, folder)
    assert "Add “album” to the library?" in control.panel._offer_text.text()
    assert not control._adder.busy
    control.panel.add_wanted.emit([folder])
    qtbot.waitUntil(lambda: control.panel._work_text.text() == "0 of 2")
    gate.set()
    qtbot.waitUntil(lambda: "2 recordings analysed" in control.panel.note.text())
    assert control.panel.table.topLevelItemCount() == 2
    assert library.search("piano").total == 2
    assert not control.panel._work.isVisible()


def test_adding_can_be_stopped_and_says_how_to_go_on(qtbot: QtBot, control: LibraryControl, folder: Path) -> None:
    control.make_engine = engine_of(threading.Event())
    control.show()
    control.add([folder])
    qtbot.waitUntil(lambda: control.panel._work_text.text() == "0 of 2")
    control.panel.stop_wanted.emit()
    qtbot.waitUntil(lambda: control.panel.note.text().startswith("Stopped"))


def test_a_folder_without_sound_is_one_sentence(qtbot: QtBot, control: LibraryControl, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    control.show()
    control.add([tmp_path / "empty"])
    qtbot.waitUntil(lambda: "has no sound files" in control.panel.note.text())
