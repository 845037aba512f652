"""The demo clip is what its README and its table say, and the app hears in it what plays."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irec_assets import audio_clips
from irec_live.analysis import analyze
from irec_live.errors import DataError
from irec_models.data import LABELS
from irec_models.data.rendering.demo import EXCERPTS, RATE, Excerpt, cut, make_demo, write_demo

FOLDER = next(clip for clip in audio_clips() if clip.stem == "demo").parent


def _truth() -> list[tuple[str, float, float]]:
    with (FOLDER / "demo.csv").open(newline="") as stream:
        return [(row["label"], float(row["onset_s"]), float(row["offset_s"])) for row in csv.DictReader(stream)]


def test_readme_states_the_checksums_of_the_files_that_ship() -> None:
    readme = (FOLDER.parent / "README.md").read_text("utf-8")
    for name in ("demo.ogg", "demo.csv"):
        assert f"`{hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()}`" in readme, name


def test_demo_is_small_less_than_half_a_minute_long_and_peaks_at_minus_3_db() -> None:
    audio, rate = soundfile.read(FOLDER / "demo.ogg")
    assert (FOLDER / "demo.ogg").stat().st_size <= 700_000
    assert rate == RATE
    assert 20 < len(audio) / rate < 30
    assert 20 * np.log10(np.abs(audio).max()) == pytest.approx(-3, abs=0.5)


def test_truth_names_our_labels_within_the_clip_and_covers_it() -> None:
    audio, rate = soundfile.read(FOLDER / "demo.ogg")
    spans = _truth()
    assert [label for label, _, _ in spans] == [excerpt.label for excerpt in EXCERPTS]
    assert {label for label, _, _ in spans} <= set(LABELS)
    assert all(0 <= onset < offset <= len(audio) / rate for _, onset, offset in spans)
    sounding = np.zeros(len(audio), bool)
    for _, onset, offset in spans:
        sounding[int(onset * rate) : int(offset * rate)] = True
    assert np.abs(audio[~sounding]).max() < 0.1


def test_solos_come_first_and_then_two_and_three_together() -> None:
    spans = _truth()
    moments = np.arange(0, 24.5, 0.1)
    together = np.array([sum(onset <= moment < offset for _, onset, offset in spans) for moment in moments])
    assert (together[moments < 18] <= 1).all()
    assert {2, 3} <= set(together[moments >= 18].tolist())


def test_the_app_names_what_plays_in_the_demo_and_nothing_else() -> None:
    analysis = analyze(FOLDER / "demo.ogg")
    spans = _truth()
    assert set(analysis.detected) == {label for label, _, _ in spans}
    for label, onset, offset in spans:  # each for at least half of the time that it plays
        heard = sum(
            max(0.0, min(offset, event.offset_s or 0.0) - max(onset, event.onset_s))
            for event in analysis.events
            if event.label == label
        )
        assert heard > 0.5 * (offset - onset), label


def test_the_envelope_of_a_solo_is_its_own_and_the_others_are_silent() -> None:
    analysis = analyze(FOLDER / "demo.ogg")
    columns = {label: number for number, label in enumerate(analysis.labels)}
    times = analysis.envelope_start_s + analysis.envelope_frame_s * np.arange(len(analysis.envelope))
    for label, onset, offset in _truth()[:5]:
        playing = analysis.envelope[(times > onset + 0.2) & (times < offset - 0.2)]
        level = np.sqrt(np.mean(playing**2, axis=0))
        own = level[columns[label]]
        others = np.delete(level, columns[label])
        assert 20 * np.log10(others.max() / own) < -20, label


def _folder(root: Path) -> tuple[Path, list[Excerpt]]:
    """Two tones of different strength, and a table of pieces of them."""
    time = np.arange(3 * RATE) / RATE
    for name, strength, hz in (("a.wav", 0.5, 220.0), ("b.wav", 0.05, 330.0)):
        soundfile.write(root / name, strength * np.sin(2 * np.pi * hz * time), RATE, "FLOAT")
    return root, [Excerpt("flute", "a.wav", 0.5, 2.0, 0.0, 0.0), Excerpt("violin", "b.wav", 0.0, 2.0, 1.0, -6.0)]


def test_pieces_stand_where_the_table_says_at_their_levels(tmp_path: Path) -> None:
    folder, excerpts = _folder(tmp_path)
    audio, truth = make_demo(folder, excerpts)
    assert len(audio) == 3 * RATE + 1
    assert np.abs(audio).max() == pytest.approx(10 ** (-3 / 20), abs=1e-3)
    rms = [float(np.sqrt(np.mean(audio[int(s * RATE) : int((s + 0.5) * RATE)] ** 2))) for s in (0.2, 2.2)]
    assert 20 * np.log10(rms[0] / rms[1]) == pytest.approx(6.0, abs=0.1)
    assert [row.label for row in truth] == ["flute", "violin"]
    assert truth[1].onset_s == pytest.approx(1.0, abs=0.03)
    assert truth[1].offset_s == pytest.approx(3.0, abs=0.06)
    write_demo(tmp_path, audio, truth)
    again, rate = soundfile.read(tmp_path / "demo.ogg", dtype="float32")
    assert rate == RATE
    assert np.corrcoef(again, audio)[0, 1] > 0.99


def test_a_piece_that_the_recording_does_not_have_is_refused(tmp_path: Path) -> None:
    folder, excerpts = _folder(tmp_path)
    with pytest.raises(DataError, match=r"a\.wav has no sound from 2 to 4 s"):
        make_demo(folder, [excerpts[0]._replace(start_s=2.0)])
    with pytest.raises(DataError, match="cannot be decoded"):
        make_demo(folder, [excerpts[0]._replace(file="c.wav")])
    with pytest.raises(DataError, match="no sound"):
        cut(np.zeros(3 * RATE, np.float32), excerpts[0])
