"""Scores that a SoundFont plays: parts, arrangements, and rows that say what can be heard."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from fonts import FONT, needs_font

from irec_live.errors import DataError
from irec_models.data import read_manifest
from irec_models.data.rendering.scores import main, played_by, program_named, read_parts
from irec_models.data.rendering.synthesizer import DRUM_BANK


def write_score(path: Path, programs: tuple[int, ...] = (73, 42), *, velocity: int = 90) -> Path:
    """Two bars of 60 beats a minute for each program, then one of 120; a drum at the end."""
    file = mido.MidiFile(ticks_per_beat=480)
    for channel, program in enumerate(programs):
        track = mido.MidiTrack()
        file.tracks.append(track)
        if channel == 0:
            track.append(mido.MetaMessage("set_tempo", tempo=1_000_000, time=0))
            track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=960))
            track.append(mido.MetaMessage("end_of_track", time=0))
            track = mido.MidiTrack()
            file.tracks.append(track)
        track.append(mido.Message("program_change", channel=channel, program=program, time=0))
        for _ in range(3):
            track.append(mido.Message("note_on", channel=channel, note=67 - 12 * channel, velocity=velocity, time=0))
            track.append(mido.Message("note_on", channel=channel, note=67 - 12 * channel, velocity=0, time=480))
    drums = mido.MidiTrack()
    file.tracks.append(drums)
    drums.append(mido.Message("note_on", channel=9, note=38, velocity=120, time=960))
    drums.append(mido.Message("note_off", channel=9, note=38, time=240))
    file.save(path)
    return path


def test_parts_keep_program_time_and_tempo(tmp_path: Path) -> None:
    flute, cello, drums = read_parts(write_score(tmp_path / "a.mid"))
    assert (flute.name, cello.name, drums.name, drums.bank) == ("flute", "cello", "drums", DRUM_BANK)
    np.testing.assert_allclose([key[:2] for key in flute.keys], [(0, 1), (1, 1), (2, 0.5)])
    assert {key.key for key in cello.keys} == {55}
    [hit] = drums.keys
    assert (hit.onset_s, hit.duration_s, hit.key) == (2.0, 0.25, 38)


def test_other_players_get_notes_that_they_have(tmp_path: Path) -> None:
    parts = read_parts(write_score(tmp_path / "a.mid"))
    tuba, flute, drums = played_by(parts, ["tuba", "flute"])
    assert (tuba.name, flute.name, drums.name) == ("tuba", "flute", "drums")
    for part, name in ((tuba, "tuba"), (flute, "flute")):
        program = program_named(name)
        assert all(program.low <= key.key <= program.high for key in part.keys)
        assert len({key.key % 12 for key in part.keys}) == 1


@pytest.mark.parametrize(("content", "message"), [(b"", "cut short"), (b"RIFF" * 9, "cannot be read as a MIDI file")])
def test_what_is_no_score_is_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_parts(tmp_path / "a.mid")


def test_a_score_without_notes_is_refused(tmp_path: Path) -> None:
    mido.MidiFile().save(tmp_path / "a.mid")
    with pytest.raises(DataError, match="has no notes"):
        read_parts(tmp_path / "a.mid")


@needs_font
def test_rows_name_what_is_audible(tmp_path: Path) -> None:
    score = str(write_score(tmp_path / "a.mid"))
    strings = str(write_score(tmp_path / "b.mid", (73, 48)))  # a string ensemble is no one instrument
    command = [str(FONT), str(tmp_path / "out"), score, strings, "--source", "scores:test", "--seconds", "3"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.stderr
    assert "1 files" in result.output
    assert "1 excerpts left out" in result.output
    [clip] = read_manifest(tmp_path / "out")
    assert (clip.split, clip.kind, clip.source, clip.stem) == ("test", "music", "scores:test", False)
    assert set(clip.labels) == {"flute", "cello", "drums"}
    audio, rate = soundfile.read(clip.audio_path)
    assert (len(audio), rate) == (3 * 44100, 44100)
    assert np.abs(audio).max() == pytest.approx(0.9, abs=0.01)
    played = CliRunner().invoke(main, [*command[:1], str(tmp_path / "two"), *command[2:], "--play", "violin,tuba"])
    assert played.exit_code == 0, played.stderr
    assert [set(clip.labels) for clip in read_manifest(tmp_path / "two")] == [{"violin", "tuba", "drums"}] * 2
    wrong = CliRunner().invoke(main, [*command, "--play", "kazoo"])
    assert (wrong.exit_code, "no instrument 'kazoo'; there are accordion" in wrong.stderr) == (2, True)
