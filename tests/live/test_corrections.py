from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import soundfile
from saved_sessions import save_session
from waiting import wait_until

import tiny_models
from irec_live.corrections import Correction, Corrections, Span
from irec_live.corrections.store import corrections_path, load_corrections, save_corrections
from irec_live.errors import DataError
from irec_live.formats.json import schema
from irec_live.models.detector import Detector
from irec_live.report import Analysis
from irec_live.results import Event
from irec_live.session import FileSession, open_file, open_saved

HEARD = (Event("violin", 1.0, 3.0, 0.9), Event("bass", 2.0, 4.0, 0.7), Event("flute", 5.0, None, 0.8))
END_S = 8.0


def test_a_correction_replaces_the_detection_also_when_thresholds_move_it() -> None:
    mine = Corrections().changed(HEARD[0], Span("cello", 1.0, 3.0), END_S)
    moved = (Event("violin", 1.3, 2.8, 0.9), *HEARD[1:])
    assert [event.label for event in mine.apply(moved)] == ["cello", "bass", "flute"]
    elsewhere = (Event("violin", 6.0, 7.0, 0.9),)
    assert [event.label for event in mine.apply(elsewhere)] == ["cello", "violin"]


def test_deleting_what_was_added_leaves_nothing() -> None:
    mine = Corrections().added(Span("harp", 2.0, 3.0))
    (harp,) = mine.apply(())
    assert harp.corrected
    assert mine.changed(harp, None, END_S) == Corrections()


def test_changing_a_correction_keeps_what_it_replaces() -> None:
    mine = Corrections().changed(HEARD[0], Span("cello", 1.0, 3.0), END_S)
    (cello,) = (event for event in mine.apply(HEARD) if event.corrected)
    later = mine.changed(cello, Span("viola", 1.5, 3.0), END_S)
    assert later.entries == (Correction(Span("violin", 1.0, 3.0), Span("viola", 1.5, 3.0)),)
    (viola,) = (event for event in later.apply(HEARD) if event.corrected)
    assert [event.label for event in later.changed(viola, None, END_S).apply(HEARD)] == ["bass", "flute"]


def test_an_open_event_is_corrected_up_to_the_end() -> None:
    mine = Corrections().changed(HEARD[2], Span("flute", 5.0, 6.0), END_S)
    assert mine.entries[0].was == Span("flute", 5.0, END_S)
    assert [(event.label, event.offset_s) for event in mine.apply(HEARD)][-1] == ("flute", 6.0)


def test_labels_lit_follow_the_corrections() -> None:
    mine = Corrections().changed(HEARD[0], Span("cello", 1.0, 3.0), END_S)
    assert mine.lit(("violin", "bass"), mine.apply(HEARD), 2.5) == ("bass", "cello")


@pytest.mark.parametrize(("label", "onset_s", "offset_s"), [("", 0, 1), ("a", -1, 1), ("a", 2, 2), ("a", 0, np.inf)])
def test_an_event_needs_a_label_and_a_length(label: str, onset_s: float, offset_s: float) -> None:
    with pytest.raises(ValueError, match="an event needs"):
        Span(label, onset_s, offset_s)


def test_corrections_are_read_as_they_were_written(tmp_path: Path) -> None:
    song = tmp_path / "duo.flac"
    path = corrections_path(song)
    assert load_corrections(path) == Corrections()
    mine = Corrections().changed(HEARD[0], None, END_S).added(Span("harp", 0.5, 1.25))
    save_corrections(path, Corrections(), file="duo.flac", duration_s=8.0)
    assert not path.exists()
    save_corrections(path, mine, file="duo.flac", duration_s=8.0)
    assert path.name == "duo.flac.irec-corrections.json"
    assert load_corrections(path) == mine
    assert json.loads(path.read_text("utf-8"))["schema"] == "irec.corrections/1"
    save_corrections(path, Corrections(), file="duo.flac", duration_s=8.0)
    assert load_corrections(path) == Corrections()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"schema": "irec.corrections/2"}',
        '{"schema": "irec.corrections/1", "corrections": [{}]}',
        '{"schema": "irec.corrections/1", "corrections": [{"now": {"label": "a", "onset_s": 3, "offset_s": 1}}]}',
        '{"schema": "irec.corrections/1", "corrections": [{"now": {"label": "a", "onset_s": -3, "offset_s": 1}}]}',
    ],
)
def test_damaged_corrections_are_one_clear_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.irec-corrections.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"a\.irec-corrections\.json"):
        load_corrections(path)


def test_a_file_is_shown_and_exported_as_corrected(tmp_path: Path, tiny_activation_path: Path) -> None:
    song = tmp_path / "song.wav"
    sound = np.concatenate([tiny_models.tone(label, 2.0) for label in tiny_models.LABELS])
    soundfile.write(song, sound, tiny_models.SAMPLE_RATE)
    session: FileSession = open_file(song, [Detector(tiny_activation_path)], play=False, audible=False)
    try:
        wait_until(session.analysis)
        flute = next(event for event in session.overview().events if event.label == "flute")
        middle_s = (flute.onset_s + (flute.offset_s or 0.0)) / 2
        session.corrections = session.corrections.changed(
            flute, Span("violin", flute.onset_s, flute.offset_s or 0.0), session.duration_s
        )
        session.seek(middle_s)
        picture = session.snapshot(4.0)
        assert picture.detected == ("violin",)
        assert any(event.corrected for event in picture.events)
        assert "flute" not in session.overview().detected
        found = session.analysis()
        assert found is not None
        assert set(found.detected) == {"bass", "violin"}
        text = found.to_json()
        jsonschema.Draft202012Validator(schema()).validate(json.loads(text))
        assert any(event.corrected for event in Analysis.from_json(text).events)
        session.set_threshold_offset(0.1)
        wait_until(session.analysis)
        assert "flute" not in session.overview().detected
    finally:
        session.close()


def test_corrections_of_a_session_are_in_its_folder(tmp_path: Path) -> None:
    folder = save_session(tmp_path / "take", np.zeros((8000, 1), np.float32), 8000)
    assert corrections_path(folder) == corrections_path(folder / "audio.flac") == folder / "corrections.json"
    session = open_saved(folder, audible=False, play=False)
    try:
        session.corrections = Corrections().added(Span("flute", 0.2, 0.8))
        assert [event.label for event in session.overview().events] == ["flute"]
        found = session.analysis()
        assert found is not None
        assert [event.label for event in found.events] == ["flute"]
    finally:
        session.close()
