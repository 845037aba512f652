"""Decoding: every kind of file, damaged ones, and files that are no sound at all."""

from __future__ import annotations

import os
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from encode import write_with_av

from irec_live.errors import MediaError
from irec_live.media import AudioFile, open_audio

RATE = 44_100
SECONDS = 3


def chirp(seconds: float = SECONDS, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """A sweep from 200 Hz to 2 kHz, half as loud in each further channel: any shift in time shows."""
    t = np.arange(round(seconds * rate)) / rate
    mono = 0.5 * np.sin(2 * np.pi * (200 * t + 300 * t * t))
    return (mono[:, None] / 2.0 ** np.arange(channels)).astype(np.float32)


def write(path: Path, signal: np.ndarray, rate: int = RATE) -> Path:
    """By suffix."""
    codecs = {".m4a": "aac", ".aac": "aac", ".webm": "libopus", ".mp4": "aac", ".mka": "flac"}
    if path.suffix in codecs:
        return write_with_av(path, signal, rate, codecs[path.suffix], video=path.suffix == ".mp4")
    if path.suffix == ".opus":
        soundfile.write(path, signal, rate, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, signal, rate)
    return path


def whole(audio: AudioFile, block: int = 5000) -> np.ndarray:
    return np.concatenate(list(audio.blocks(block)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of each kind."""
    folder = tmp_path_factory.mktemp("media")
    for suffix in ("wav", "flac", "ogg", "mp3", "aiff", "m4a", "aac", "mp4", "mka"):
        write(folder / f"a.{suffix}", chirp())
    for suffix in ("opus", "webm"):
        write(folder / f"a.{suffix}", chirp(rate=48_000), 48_000)
    return folder


LOSSLESS = ("wav", "flac", "aiff", "mka")
ALL = (*LOSSLESS, "ogg", "mp3", "opus", "m4a", "aac", "mp4", "webm")


@pytest.mark.parametrize("suffix", ALL)
def test_every_kind_of_file_gives_its_sound(folder: Path, suffix: str) -> None:
    with open_audio(folder / f"a.{suffix}") as audio:
        signal = whole(audio)
        assert audio.channels == 2
        assert audio.warning == ""
        assert audio.duration_s == pytest.approx(SECONDS, abs=0.1)
        wanted = chirp(rate=audio.sample_rate)
    assert len(signal) == pytest.approx(len(wanted), abs=0.05 * audio.sample_rate)
    count = min(len(signal), len(wanted))
    # Encoders shift by a priming delay of up to 2112 samples that not every container lets a decoder undo (ADTS).
    shift = 1024 if suffix == "aac" else 0
    error = signal[shift:count] - wanted[: count - shift]
    inner = error[audio.sample_rate // 10 : -audio.sample_rate // 10]
    assert np.sqrt(np.mean(inner**2)) < (1e-4 if suffix in LOSSLESS else 0.03)


@pytest.mark.parametrize("suffix", ALL)
def test_decoding_does_not_depend_on_block_size(folder: Path, suffix: str) -> None:
    with open_audio(folder / f"a.{suffix}") as audio:
        once = whole(audio, 10**6)
    for size in (1152, 4999):
        with open_audio(folder / f"a.{suffix}") as audio:
            blocks = list(audio.blocks(size))
        assert {len(block) for block in blocks[:-1]} == {size}
        np.testing.assert_array_equal(np.concatenate(blocks), once)


@pytest.mark.parametrize("suffix", ALL)
def test_seeking_lands_where_reading_through_would(folder: Path, suffix: str) -> None:
    with open_audio(folder / f"a.{suffix}") as audio:
        signal = whole(audio)
        for frame in (0, 70_001, 12_345, len(signal) - 700, len(signal) // 2):
            audio.seek(frame)
            assert audio.position == frame
            block = audio.read(500)
            wanted = signal[frame : frame + 500]
            if suffix in ("webm", "mka"):  # time stamps in milliseconds: half of one is 24 samples
                shifts = range(max(-25, -frame), 26)
                assert min(np.abs(block - signal[frame + s : frame + s + 500]).max() for s in shifts) < 0.05
            else:  # AAC fills what is masked with noise that is different each time
                np.testing.assert_allclose(block, wanted, atol=0.01)


def test_seeking_beyond_the_end_is_the_end_and_back_works(folder: Path) -> None:
    with open_audio(folder / "a.flac") as audio:
        first = audio.read(100)
        audio.seek(10**9)
        assert len(audio.read(100)) == 0
        audio.seek(0)
        np.testing.assert_array_equal(audio.read(100), first)
        with pytest.raises(ValueError, match="cannot seek to frame -1"):
            audio.seek(-1)


@pytest.mark.parametrize(("channels", "rate"), [(8, 192_000), (1, 8000), (6, 96_000)])
def test_many_channels_and_high_rates_are_read_as_they_are(tmp_path: Path, channels: int, rate: int) -> None:
    signal = chirp(0.5, rate, channels)
    soundfile.write(tmp_path / "a.wav", signal, rate, subtype="FLOAT")
    with open_audio(tmp_path / "a.wav") as audio:
        assert (audio.channels, audio.sample_rate, audio.frames) == (channels, rate, len(signal))
        np.testing.assert_array_equal(whole(audio), signal)


def test_samples_that_are_not_finite_are_zero(tmp_path: Path) -> None:
    signal = chirp(0.5)
    signal[100:110] = np.nan
    signal[200, 0] = np.inf
    soundfile.write(tmp_path / "a.wav", signal, RATE, subtype="FLOAT")
    with open_audio(tmp_path / "a.wav") as audio:
        got = whole(audio)
    np.testing.assert_array_equal(got, np.where(np.isfinite(signal), signal, 0.0))


@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac", "mp3"])
def test_a_truncated_file_gives_what_is_there_and_a_warning(folder: Path, tmp_path: Path, suffix: str) -> None:
    data = (folder / f"a.{suffix}").read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(data[: len(data) // 2])
    with open_audio(path) as audio:
        signal = whole(audio)
        warning = audio.warning
        assert audio.frames == len(signal)
    with open_audio(folder / f"a.{suffix}") as audio:
        wanted = whole(audio)[: len(signal)]
    assert 0.3 * SECONDS * RATE < len(signal) < 0.7 * SECONDS * RATE
    np.testing.assert_allclose(signal[:-3000], wanted[:-3000], atol=1e-3)
    assert warning.startswith(f"cut.{suffix} ")
    assert "ends early" in warning or "announces more audio than the file holds" in warning


def test_jumping_past_the_end_of_a_truncated_file_teaches_nothing_about_its_length(
    folder: Path, tmp_path: Path
) -> None:
    data = (folder / "a.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 2])
    with open_audio(tmp_path / "cut.flac") as audio:
        announced = audio.frames
        audio.seek(announced - 10)
        assert len(audio.read(100)) == 0
        assert audio.frames == announced
        audio.seek(0)
        length = len(whole(audio))
        assert audio.frames == length < announced


@pytest.mark.parametrize("suffix", ["webm", "mka", "aac"])
def test_a_truncated_stream_gives_what_is_there(folder: Path, tmp_path: Path, suffix: str) -> None:
    data = (folder / f"a.{suffix}").read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(data[: len(data) // 2])
    with open_audio(path) as audio:
        assert 0.3 * SECONDS < len(whole(audio)) / audio.sample_rate < 0.7 * SECONDS


def test_damage_in_the_middle_of_a_file_is_silence_and_what_follows_keeps_its_time(
    folder: Path, tmp_path: Path
) -> None:
    data = bytearray((folder / "a.flac").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    (tmp_path / "hurt.flac").write_bytes(data)
    with open_audio(folder / "a.flac") as audio:
        wanted = whole(audio)
    for block in (1000, 44_100):
        with open_audio(tmp_path / "hurt.flac") as audio:
            got = whole(audio, block)
            assert audio.warning.startswith("hurt.flac is damaged: ")
        same = (got == wanted).all(axis=1)
        assert len(got) == len(wanted)
        assert same[: len(got) // 4].all()
        assert same[-(len(got) // 4) :].all()
        assert (~same).sum() < 20_000


def test_damage_in_the_middle_of_a_stream_costs_only_what_is_damaged(folder: Path, tmp_path: Path) -> None:
    data = bytearray((folder / "a.webm").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    (tmp_path / "hurt.webm").write_bytes(data)
    with open_audio(tmp_path / "hurt.webm") as audio:
        assert len(whole(audio)) > 0.5 * SECONDS * audio.sample_rate


NOT_SOUND = {
    "text.wav": (b"These are words. " * 500, "cannot be decoded as audio"),
    "noise.mp3": (np.random.default_rng(0).bytes(50_000), "cannot be decoded as audio"),
    "noise.raw": (np.random.default_rng(2).bytes(50_000), "cannot be decoded as audio"),
    "empty.flac": (b"", r"is empty \(0 bytes\)"),
    "list.m3u8": (b"#EXTM3U\n#EXTINF:3,\na.wav\n#EXT-X-ENDLIST\n", "cannot be decoded as audio"),
    "list.ffconcat": (b"ffconcat version 1.0\nfile a.wav\n", "cannot be decoded as audio"),
    "page.html": (b"<html><body>hello</body></html>", "cannot be decoded as audio"),
}


@pytest.mark.parametrize("name", NOT_SOUND)
def test_what_is_no_sound_is_refused_in_one_sentence(
    folder: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Playlists too: they would make the decoder open other files, here one that is really there."""
    content, sentence = NOT_SOUND[name]
    path = folder / name
    path.write_bytes(content)
    with pytest.raises(MediaError, match=sentence) as caught:
        open_audio(path)
    assert str(caught.value).startswith(name)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", ["wav", "aiff", "au"])
def test_a_file_without_samples_is_refused(tmp_path: Path, suffix: str) -> None:
    soundfile.write(tmp_path / f"none.{suffix}", np.zeros((0, 2)), RATE)
    with pytest.raises(MediaError, match=f"none.{suffix} is an audio file without a single sample"):
        open_audio(tmp_path / f"none.{suffix}")


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = write_with_av(tmp_path / "mute.mp4", chirp(), RATE, "aac", video=True, sound=False)
    with pytest.raises(MediaError, match=r"mute\.mp4 cannot be decoded as audio: there is no sound in it"):
        open_audio(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"there is no file gone\.wav"):
        open_audio(tmp_path / "gone.wav")
    with pytest.raises(MediaError, match="is a folder"):
        open_audio(tmp_path)
    with pytest.raises(MediaError, match="cannot be opened"):
        open_audio("nul\0byte.wav")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "secret.wav"
    path.write_bytes((folder / "a.wav").read_bytes())
    path.chmod(0)
    with pytest.raises(MediaError, match=r"secret\.wav cannot be opened: Permission denied"):
        open_audio(path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' file names are text")
@pytest.mark.parametrize("suffix", ["ogg", "m4a"])
def test_a_file_name_need_not_be_text(folder: Path, tmp_path: Path, suffix: str) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe." + suffix.encode()))
    path.write_bytes((folder / f"a.{suffix}").read_bytes())
    with open_audio(path) as audio:
        assert audio.name == rf"\xff\xfe.{suffix}"
        assert len(audio.read(100)) == 100


def test_a_nonsense_sample_rate_is_taken_for_damage(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "slow.wav", chirp(0.1), 11)
    with pytest.raises(MediaError, match="sample rate as 11 Hz"):
        open_audio(tmp_path / "slow.wav")


def test_a_long_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 8000, 1) as file:
        for _ in range(60):
            file.write(np.zeros(80_000, np.int16))  # 10 minutes in all, 19 MB as float32
    with open_audio(tmp_path / "long.wav") as audio:
        tracemalloc.start()
        try:
            frames = sum(len(block) for block in audio.blocks(8000))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert frames == 4_800_000
    assert peak < 1_000_000


def test_closing_twice_is_allowed(folder: Path) -> None:
    for suffix in ("wav", "m4a"):
        audio = open_audio(folder / f"a.{suffix}")
        audio.close()
        audio.close()
