"""Several files at once: each is heard, in order, and none vanishes without a word."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from fake_session import FakeBackend, FakeModel, FakeSession, spec
from file_drop import drop
from pytestqt.qtbot import QtBot
from waiting import PATIENCE_S

from irec_live.errors import MediaError
from irec_live.gui import app, playlist
from irec_live.gui.app import Composition
from irec_live.gui.playlist import Playlist, sound_files
from irec_live.gui.requests import SourceRequest
from irec_live.input_kind import InputKind


class PickyBackend(FakeBackend):
    """Cannot decode files named bad."""

    def open(self, request: SourceRequest, models: list[FakeModel]) -> FakeSession:
        if request.path is not None and "bad" in request.path.name:
            raise MediaError(f"{request.path.name} cannot be decoded as audio")
        return super().open(request, models)


@pytest.fixture
def backend() -> FakeBackend:
    return PickyBackend()


def touched(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def wait_for(qtbot: QtBot, parts: Composition, path: Path) -> FakeSession:
    """The session of a file, once its first picture was shown."""
    qtbot.waitUntil(lambda: getattr(parts.manager.request, "path", None) == path)
    with qtbot.waitSignal(parts.window.bridge.snapshot_ready):
        pass
    session = parts.manager.session
    assert isinstance(session, FakeSession)
    return session


def test_files_that_the_command_line_names_are_played_one_after_another(
    qtbot: QtBot, parts: Composition, tmp_path: Path
) -> None:
    first, *more = touched(tmp_path, "c.flac", "a.flac", "b.flac")
    app._begin(parts.window, SourceRequest("file", path=first), False, more)
    for song in (first, *more):
        wait_for(qtbot, parts, song).state = "ended"


def test_three_files_dropped_are_played_one_after_another(qtbot: QtBot, parts: Composition, tmp_path: Path) -> None:
    songs = touched(tmp_path, "c.flac", "a.flac", "b.flac")
    said: list[str] = []
    drop(parts.window, *songs, between=lambda: said.append(parts.window.overlay.text))
    assert said == ["Listen to c.flac and 2 more"]
    for place, song in enumerate(songs, 1):
        session = wait_for(qtbot, parts, song)
        assert parts.window.messages.text == f"3 files; playing {place}: {song.name}"
        session.state = "ended"
    with qtbot.waitSignals([parts.window.bridge.snapshot_ready] * 3):
        pass
    assert parts.manager.session is session


def test_next_and_previous_lead_through_the_files_and_end_with_them(
    qtbot: QtBot, parts: Composition, tmp_path: Path
) -> None:
    actions, songs = parts.window.actions_, touched(tmp_path, "a.flac", "b.flac")
    assert not actions.next_file.isEnabled()
    parts.window.open_paths(songs)
    wait_for(qtbot, parts, songs[0])
    assert (actions.previous_file.isEnabled(), actions.next_file.isEnabled()) == (False, True)
    actions.next_file.trigger()
    wait_for(qtbot, parts, songs[1])
    assert (actions.previous_file.isEnabled(), actions.next_file.isEnabled()) == (True, False)
    actions.previous_file.trigger()
    wait_for(qtbot, parts, songs[0])


def test_a_folders_sound_files_are_played_in_order(qtbot: QtBot, parts: Composition, tmp_path: Path) -> None:
    touched(tmp_path, "album/2.flac", "album/1.mp3", "album/cover.jpg", "album/.hidden.wav", "album/cd2/1.ogg")
    drop(parts.window, tmp_path / "album")
    wait_for(qtbot, parts, tmp_path / "album" / "1.mp3")
    assert parts.window.messages.text == "3 files; playing 1: 1.mp3"
    names = [str(path.relative_to(tmp_path)) for path in sound_files([tmp_path])]
    assert names == ["album/1.mp3", "album/2.flac", "album/cd2/1.ogg"]


def test_a_folder_on_a_slow_disk_is_looked_through_while_the_window_lives(
    qtbot: QtBot, parts: Composition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_answers = threading.Event()

    def slowly(paths: Sequence[Path], most: int = playlist.MOST_FILES) -> list[Path]:
        assert tmp_path / "album" not in paths or disk_answers.wait(PATIENCE_S)
        return sound_files(paths, most)

    monkeypatch.setattr(playlist, "sound_files", slowly)
    (song,) = touched(tmp_path, "song.flac")
    touched(tmp_path, "album/1.flac")
    drop(parts.window, tmp_path / "album")
    qtbot.waitUntil(lambda: parts.window.messages.text == "Looking through the folder…")
    drop(parts.window, song)  # what was dropped last counts
    wait_for(qtbot, parts, song)
    assert parts.window.messages.text == ""
    disk_answers.set()
    drop(parts.window, tmp_path / "album")
    wait_for(qtbot, parts, tmp_path / "album" / "1.flac")


def test_a_file_that_cannot_be_opened_is_named_and_skipped(qtbot: QtBot, parts: Composition, tmp_path: Path) -> None:
    songs = touched(tmp_path, "a.flac", "bad.flac", "c.flac")
    parts.window.open_paths(songs)
    wait_for(qtbot, parts, songs[0]).state = "ended"
    wait_for(qtbot, parts, songs[2])
    assert parts.window.messages.text == "bad.flac cannot be decoded as audio"
    parts.window.actions_.dismiss.trigger()
    assert parts.window.messages.text == "3 files; playing 3: c.flac (not opened: bad.flac)"


def test_a_bad_last_file_is_tried_once_and_leaves_the_one_before(
    qtbot: QtBot, parts: Composition, tmp_path: Path
) -> None:
    songs = touched(tmp_path, "a.flac", "bad.flac")
    parts.window.open_paths(songs)
    session = wait_for(qtbot, parts, songs[0])
    failures: list[str] = []
    parts.manager.failed.connect(failures.append)
    session.state = "ended"
    qtbot.waitUntil(lambda: len(failures) == 1)
    with qtbot.waitSignals([parts.window.bridge.snapshot_ready] * 4):
        pass
    assert len(failures) == 1
    assert parts.window.playlist.text == "2 files; playing 1: a.flac (not opened: bad.flac)"


def test_nothing_but_bad_files_leaves_what_is_heard_and_no_list(
    qtbot: QtBot, parts: Composition, tmp_path: Path
) -> None:
    parts.window.open(SourceRequest(InputKind.MIC))
    qtbot.waitUntil(lambda: parts.manager.session is not None)
    running = parts.manager.session
    parts.window.open_paths(touched(tmp_path, "bad1.flac", "bad2.flac"))
    qtbot.waitUntil(lambda: parts.window.messages.text == "bad2.flac cannot be decoded as audio")
    assert parts.window.playlist.text == ""
    assert parts.manager.session is running


def test_another_source_ends_the_list(qtbot: QtBot, parts: Composition, tmp_path: Path) -> None:
    songs = touched(tmp_path, "a.flac", "b.flac")
    parts.window.open_paths(songs)
    wait_for(qtbot, parts, songs[0])
    parts.window.open(SourceRequest(InputKind.MIC))
    qtbot.waitUntil(lambda: parts.window.messages.text == "")
    assert not parts.window.actions_.next_file.isEnabled()


def test_of_two_models_dropped_the_one_left_out_is_named(
    qtbot: QtBot, parts: Composition, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.known["better"] = FakeModel(spec(name="better"))
    paths = touched(tmp_path, "a.flac", "better.onnx", "other.onnx")
    drop(parts.window, *paths)
    wait_for(qtbot, parts, paths[0])
    assert parts.window.messages.text == "Of several models, better.onnx is used; not loaded: other.onnx"
    assert backend.opened[-1] == (SourceRequest(InputKind.FILE, path=paths[0]), ["better", "neuroment-mel"])


def test_a_folder_of_a_million_files_is_not_read_to_its_end(tmp_path: Path) -> None:
    touched(tmp_path, *(f"{n}.wav" for n in range(7)))
    assert len(sound_files([tmp_path], most=5)) == 5


def test_the_end_of_a_file_is_noted_once(qapp: object) -> None:
    playlist, wanted = Playlist(), []
    playlist.wanted.connect(lambda path, _: wanted.append(path.name))
    playlist.set_files([Path("a"), Path("b"), Path("c")])
    playlist.note_state(ended=True)  # of what was played before
    playlist.note_opened(Path("a"))
    for _ in range(5):
        playlist.note_state(ended=True)
    assert wanted == ["a", "b"]
