"""The demo clip is what its README and its table say."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irec_assets import audio_clips
from irec_models.data import LABELS
from irec_models.data.rendering.demo import PARTS, RATE, keys_of, render_demo, write_demo
from irec_models.data.rendering.synthesizer import SoundFont

FOLDER = next(clip for clip in audio_clips() if clip.stem == "demo").parent
FLUID = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def _truth() -> list[dict[str, str]]:
    with (FOLDER / "demo.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_readme_states_the_checksums_of_the_files_that_ship() -> None:
    readme = (FOLDER.parent / "README.md").read_text("utf-8")
    for name in ("demo.ogg", "demo.csv"):
        assert f"`{hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()}`" in readme, name


def test_demo_is_small_half_a_minute_long_and_peaks_at_minus_3_db() -> None:
    audio, rate = soundfile.read(FOLDER / "demo.ogg")
    assert (FOLDER / "demo.ogg").stat().st_size <= 700_000
    assert rate == 44100
    assert 25 < len(audio) / rate < 35
    assert 20 * np.log10(np.abs(audio).max()) == pytest.approx(-3, abs=0.5)


def test_truth_names_our_labels_within_the_clip_and_covers_it() -> None:
    audio, rate = soundfile.read(FOLDER / "demo.ogg")
    spans = [(row["label"], float(row["onset_s"]), float(row["offset_s"])) for row in _truth()]
    assert {label for label, _, _ in spans} == {part.label for part in PARTS} <= set(LABELS)
    assert all(0 <= onset < offset <= len(audio) / rate for _, onset, offset in spans)
    sounding = np.zeros(len(audio), bool)
    for _, onset, offset in spans:
        sounding[int(onset * rate) : int(offset * rate)] = True
    assert np.abs(audio[~sounding]).max() < 0.1


def test_every_section_is_full() -> None:
    for part in PARTS:
        ends = [key.onset_s + key.duration_s for key in keys_of(part)]
        assert 4.0 < max(ends) <= 5.2, part.label


@pytest.mark.skipif(not FLUID.exists(), reason="Debian's fluid-soundfont-gm is not installed")
def test_rendering_again_gives_the_clip_that_ships(tmp_path: Path) -> None:
    pytest.importorskip("fluidsynth", exc_type=ImportError)
    with SoundFont(FLUID, RATE, room=True) as font:
        audio, truth = render_demo(font)
    write_demo(tmp_path, audio, truth)
    shipped, _ = soundfile.read(FOLDER / "demo.ogg", dtype="float32")
    again, _ = soundfile.read(tmp_path / "demo.ogg", dtype="float32")
    assert len(again) == len(shipped)
    # Another FluidSynth release may interpolate a little differently.
    assert np.corrcoef(again, shipped)[0, 1] > 0.99
    assert [row.label for row in truth] == [row["label"] for row in _truth()]
