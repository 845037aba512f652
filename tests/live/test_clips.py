"""Clips: parts of a sound file as files of their own, whole or not at all."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from irec_live.clips import save_clip
from irec_live.errors import MediaError, OutputError

RATE = 8000


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Four seconds of two channels, on the grid of 24 bits."""
    samples = np.random.default_rng(0).integers(-(2**22), 2**22, (4 * RATE, 2)) / 2**23
    soundfile.write(tmp_path / "song.wav", samples, RATE, subtype="PCM_24")
    return tmp_path / "song.wav"


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".FLAC"])
def test_a_clip_has_the_samples_of_its_span(song: Path, tmp_path: Path, suffix: str) -> None:
    whole, _ = soundfile.read(song)
    for number, (from_s, to_s) in enumerate(((1.0, 2.5), (-1.0, 0.5), (3.5, 9.0))):
        target = tmp_path / f"{number}{suffix}"
        save_clip(song, from_s, to_s, target)
        clip, rate = soundfile.read(target)
        assert rate == RATE
        assert np.array_equal(clip, whole[round(max(0.0, from_s) * RATE) : round(to_s * RATE)])


def test_what_cannot_be_cut_leaves_nothing_behind(song: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    with pytest.raises(MediaError, match=r"song\.wav has no sound from 5\.0 s to 6\.0 s"):
        save_clip(song, 5.0, 6.0, tmp_path / "a.flac")
    with pytest.raises(OutputError, match=r"a clip is a \.wav or \.flac file, not 'a\.mp3'"):
        save_clip(song, 0.0, 1.0, tmp_path / "a.mp3")
    with pytest.raises(OutputError, match="cannot write"):
        save_clip(song, 0.0, 1.0, tmp_path / "no" / "a.wav")
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    song: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Full(io.BytesIO):
        def write(self, _content: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, mode="r", *rest, **named: Full() if mode == "xb" else opened(path, mode, *rest, **named),
    )
    with pytest.raises(OutputError, match="No space left on device"):
        save_clip(song, 0.0, 2.0, tmp_path / f"clip{suffix}")
    assert capfd.readouterr().err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]
