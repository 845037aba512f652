"""SoundFonts as a recording source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fonts import FONT, has_fluidsynth, needs_font

from irec_live.errors import DataError, MissingExtraError
from irec_models.data import LABELS, Bank, DataFolders, read_manifest
from irec_models.data.manifests.pitch import pitch_from_sound
from irec_models.data.rendering import soundfont
from irec_models.data.rendering.general_midi import PROGRAMS
from irec_models.data.rendering.soundfont import render_font, takes
from irec_models.data.rendering.synthesizer import Key, SoundFont


def test_a_missing_soundfont_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; on Debian, fluid-soundfont-gm"):
        SoundFont(tmp_path / "none.sf2")


def test_a_file_that_is_no_soundfont_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.sf2").write_bytes(b"RIFF\0\0\0\0WAVE" + b"\0" * 100)
    with pytest.raises(DataError, match="is not a SoundFont"):
        SoundFont(tmp_path / "a.sf2")


def test_a_truncated_soundfont_is_refused(tmp_path: Path) -> None:
    if not has_fluidsynth():
        pytest.skip("needs FluidSynth")
    (tmp_path / "a.sf2").write_bytes(b"RIFF\0\0\0\0sfbk" + b"\0" * 100)
    with pytest.raises(DataError, match="cannot be loaded"):
        SoundFont(tmp_path / "a.sf2")


def test_without_pyfluidsynth_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sf2").write_bytes(b"RIFF\0\0\0\0sfbk")
    monkeypatch.setitem(__import__("sys").modules, "fluidsynth", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'irec-live\[train\]'"):
        SoundFont(tmp_path / "a.sf2")


def test_every_label_has_programs_and_every_take_its_own_file() -> None:
    assert {program.name for program in PROGRAMS} | {"drums"} >= set(LABELS)
    files = [take.file for take in takes(phrases=1, seed=0)]
    assert len(set(files)) == len(files)


@needs_font
def test_a_key_sounds_at_its_pitch_and_time() -> None:
    assert FONT is not None
    with SoundFont(FONT, 22050) as font:
        audio = font.render(73, [Key(0.5, 1.0, 69, 100)], 2.0)
        assert audio is not None
        assert audio.shape == (44100,)
        assert np.abs(audio[: int(0.49 * 22050)]).max() < 1e-3
        assert pitch_from_sound(audio[11025:33075], 22050) == pytest.approx(69, abs=0.3)
    with SoundFont(FONT, 22050) as fresh:
        again = fresh.render(73, [Key(0.5, 1.0, 69, 100)], 2.0)
    np.testing.assert_array_equal(audio, again)


@needs_font
def test_a_rendered_folder_is_a_bank(tmp_path: Path) -> None:
    assert FONT is not None
    count = render_font(FONT, tmp_path / "out", source="sf:test", names=["flute"], phrases=1)
    clips = read_manifest(tmp_path / "out")
    assert len(clips) == count > 10
    assert {clip.source for clip in clips} == {"sf:test"}
    bank = Bank(DataFolders(tmp_path / "out", cache=tmp_path / "cache"), 22050)
    pitches = [entry.pitch for clip, entry in zip(bank.clips, bank.entries, strict=True) if clip.kind == "notes"]
    assert pitches[:3] == [60.0, 62.0, 64.0]
    first = (tmp_path / "out" / clips[0].file).stat().st_mtime_ns
    assert render_font(FONT, tmp_path / "out", source="sf:test", names=["flute"], phrases=1) == count
    assert (tmp_path / "out" / clips[0].file).stat().st_mtime_ns == first


def test_the_command_says_what_is_wrong_and_exits_with_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(soundfont.main, [str(tmp_path / "no.sf2"), str(tmp_path), "--source", "x"])
    assert result.exit_code == 2
    assert "does not exist" in result.output
