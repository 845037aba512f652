"""Decoding: every kind of file, damaged ones, and files that are no sound at all."""

from __future__ import annotations

import io
import os
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from encode import write_with_av, write_with_pause

from irec_live.decoders import NotDecodableError, candidates
from irec_live.decoders.chains import chain_of
from irec_live.decoders.extent import goes_on_unannounced, starts_of_ogg_links
from irec_live.decoders.guarded_file import GuardedFile, Part
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
        for sample in (0, 70_001, 12_345, len(signal) - 700, len(signal) // 2):
            audio.seek(sample)
            assert audio.position == sample
            block = audio.read(500)
            wanted = signal[sample : sample + 500]
            if suffix in ("webm", "mka"):  # time stamps in milliseconds: half of one is 24 samples
                shifts = range(max(-25, -sample), 26)
                assert min(np.abs(block - signal[sample + s : sample + s + 500]).max() for s in shifts) < 0.05
            else:  # AAC fills what is masked with noise that is different each time
                np.testing.assert_allclose(block, wanted, atol=0.01)


@pytest.mark.parametrize("pause_s", [2.0, 3000.0])
def test_sound_behind_a_pause_in_the_time_stamps_keeps_its_time(tmp_path: Path, pause_s: float) -> None:
    parts = chirp(1.0, channels=1), chirp(2.0, channels=1)
    path = write_with_pause(tmp_path / "a.mkv", *parts, RATE, pause_s)
    with open_audio(path) as audio:
        assert audio.duration_s == pytest.approx(3.0 + pause_s, abs=0.1)
        if pause_s > 100:
            audio.seek(round((1.0 + pause_s) * RATE))
            np.testing.assert_allclose(audio.read(1000), parts[1][:1000], atol=1e-3)
            audio.seek(0)
            tracemalloc.start()
            assert sum(map(len, audio.blocks(100_000))) == round((3.0 + pause_s) * RATE)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 20e6
            return
        signal = whole(audio)
        np.testing.assert_allclose(signal, np.concatenate((parts[0], np.zeros((2 * RATE, 1)), parts[1])), atol=1e-3)
        for second in (0.5, 2.0, 3.5, 1.2):
            sample = round(second * RATE)
            audio.seek(sample)
            block = audio.read(500)
            # Time stamps in milliseconds: half of one is 23 samples.
            assert min(np.abs(block - signal[sample + s : sample + s + 500]).max() for s in range(-23, 24)) < 1e-3
        assert audio.warning == ""


def test_seeking_beyond_the_end_is_the_end_and_back_works(folder: Path) -> None:
    with open_audio(folder / "a.flac") as audio:
        first = audio.read(100)
        audio.seek(10**9)
        assert len(audio.read(100)) == 0
        audio.seek(0)
        np.testing.assert_array_equal(audio.read(100), first)
        with pytest.raises(ValueError, match="cannot seek to sample -1"):
            audio.seek(-1)


@pytest.mark.parametrize(("channels", "rate"), [(8, 192_000), (1, 8000), (6, 96_000)])
def test_many_channels_and_high_rates_are_read_as_they_are(tmp_path: Path, channels: int, rate: int) -> None:
    signal = chirp(0.5, rate, channels)
    soundfile.write(tmp_path / "a.wav", signal, rate, subtype="FLOAT")
    with open_audio(tmp_path / "a.wav") as audio:
        assert (audio.channels, audio.sample_rate, audio.samples) == (channels, rate, len(signal))
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
        assert audio.samples == len(signal)
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
        announced = audio.samples
        audio.seek(announced - 10)
        assert len(audio.read(100)) == 0
        assert audio.samples == announced
        audio.seek(0)
        length = len(whole(audio))
        assert audio.samples == length < announced


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


def without_index(mp3: bytes) -> bytes:
    """The frame that held the index is silent then."""
    return mp3.replace(b"Xing", bytes(4), 1).replace(b"Info", bytes(4), 1)


ID3V2 = b"ID3\x04\x00\x00\x00\x00\x28\x00" + bytes(0x28 << 7)
ID3V1 = b"TAG" + bytes(125)
APE_END = b"APETAGEX" + (2000).to_bytes(4, "little") + (3000 + 32).to_bytes(4, "little") + bytes(7) + b"\x80" + bytes(8)
APE = b"APETAGEX" + bytes(24) + bytes(3000) + APE_END


@pytest.fixture(scope="module")
def long_files(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, float]]:
    """Files of which libsndfile decodes only the beginning, and how many seconds there are."""
    made = tmp_path_factory.mktemp("long")
    loud_first = 0.02 * chirp(12.0)
    loud_first[: 2 * RATE] = np.random.default_rng(0).uniform(-0.5, 0.5, (2 * RATE, 2))
    soundfile.write(made / "vbr.mp3", loud_first, RATE)
    soundfile.write(made / "other.ogg", chirp(2.0)[::-1], RATE)
    soundfile.write(made / "opus.ogg", chirp(3.0, 48_000), 48_000, format="OGG", subtype="OPUS")
    mp3, ogg, opus = (path.read_bytes() for path in (folder / "a.mp3", folder / "a.ogg", made / "opus.ogg"))
    contents = {
        "vbr.mp3": (without_index((made / "vbr.mp3").read_bytes()), 12.0),
        "joined.mp3": (mp3 + mp3, 6.0),
        "tagged.mp3": (mp3 + ID3V1 + mp3 + ID3V1, 6.0),
        "chained.ogg": (ogg + (made / "other.ogg").read_bytes(), 5.0),
        "twice.ogg": (ogg + ogg, 6.0),
        "opus.ogg": (opus + opus, 6.0),
    }
    for name, (content, _) in contents.items():
        (made / name).write_bytes(content)
    return {name: (made / name, seconds) for name, (_, seconds) in contents.items()}


LONG_FILES = ("vbr.mp3", "joined.mp3", "tagged.mp3", "chained.ogg", "twice.ogg", "opus.ogg")


@pytest.mark.parametrize("name", LONG_FILES)
def test_a_file_that_goes_on_behind_what_it_announces_is_decoded_to_its_end(
    long_files: dict[str, tuple[Path, float]], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path, seconds = long_files[name]
    with open_audio(path) as audio:
        announced_s = audio.duration_s
        signal = whole(audio)
        assert audio.warning == ""
        assert audio.duration_s == pytest.approx(seconds, abs=0.2)
    if name.endswith(".ogg"):
        assert announced_s is None
    with open_audio(path) as audio:  # which has not been read through: its length is at best an estimate
        for second in (0.7 * seconds, 0.9 * seconds, 0.1 * seconds, 0.0, 0.5 * seconds):
            sample = round(second * audio.sample_rate)
            audio.seek(sample)
            assert audio.position == sample
            np.testing.assert_array_equal(audio.read(3000), signal[sample : sample + 3000])
        audio.seek(10**9)
        assert len(audio.read(100)) == 0
        assert audio.warning == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", [name for name in LONG_FILES if name.endswith("mp3")])
def test_without_ffmpeg_such_a_file_is_decoded_as_far_as_it_goes_and_said_to_be_cut(
    long_files: dict[str, tuple[Path, float]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path, **__: int) -> None:
        raise NotDecodableError("PyAV is not installed")

    monkeypatch.setattr(candidates, "FFmpegDecoder", refuse)
    path, seconds = long_files[name]
    with open_audio(path) as audio:
        assert 0 < len(whole(audio)) <= (seconds + 0.2) * audio.sample_rate
        assert audio.warning.startswith(f"{name} is damaged: its end may be missing")


def test_lengths_are_believed_where_they_fit_the_file(folder: Path, tmp_path: Path) -> None:
    """Tags of every kind are no sound, and a file that was cut tells its length as it was."""
    mp3, ogg = (folder / "a.mp3").read_bytes(), (folder / "a.ogg").read_bytes()
    at = mp3.find(b"Xing")
    believed = {
        "plain.mp3": mp3,
        "tags.mp3": ID3V2 + mp3 + APE + ID3V1,
        "cut.mp3": mp3[: len(mp3) // 2],
        "plain.ogg": ogg,
        "cut.ogg": ogg[: len(ogg) // 2],
        "plain.wav": (folder / "a.wav").read_bytes(),
        "short": b"\x00",
    }
    doubted = {
        "bare.mp3": without_index(mp3),
        "tail.mp3": mp3 + mp3[-len(mp3) // 8 :],
        "uncounted.mp3": mp3[: at + 7] + b"\x0d" + mp3[at + 8 :],
    }
    for name, content in {**believed, **doubted}.items():
        (tmp_path / name).write_bytes(content)
        assert goes_on_unannounced(tmp_path / name) == (name in doubted), name
    (tmp_path / "chain.ogg").write_bytes(ogg + ogg[:100])
    chain = chain_of(tmp_path / "chain.ogg")
    assert chain is not None
    assert [part.start for part in chain.parts] == [0, len(ogg)]
    assert chain_of(tmp_path / "plain.ogg") is None


def test_where_a_page_lies_in_an_ogg_file_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.decoders.extent._CHUNK", 64)
    begin, sound = b"OggS\0\x02" + bytes(21), b"OggS\0\x00" + bytes(21)
    for gap in range(20):  # the second page begins at byte 54 + gap
        (tmp_path / "chain").write_bytes(begin + sound + bytes(gap) + begin)
        assert starts_of_ogg_links(tmp_path / "chain") == [0, 54 + gap]
        (tmp_path / "single").write_bytes(begin + begin + bytes(gap) + sound + bytes(gap) + sound)
        assert starts_of_ogg_links(tmp_path / "single") == [0]


def test_the_end_of_a_chain_that_was_cut_is_said_to_be_damaged(folder: Path, tmp_path: Path) -> None:
    ogg = (folder / "a.ogg").read_bytes()
    (tmp_path / "chain.ogg").write_bytes(ogg + ogg[:100])
    with open_audio(tmp_path / "chain.ogg") as audio:
        assert len(whole(audio)) == SECONDS * RATE
        assert audio.warning.startswith("chain.ogg is damaged: a part of it cannot be decoded")


def flac_without_length(folder: Path) -> bytearray:
    """As an encoder leaves it that writes to a pipe: the 36 bits of the length in STREAMINFO are 0."""
    data = bytearray((folder / "a.flac").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    return data


def test_a_flac_that_does_not_tell_its_length_is_read_and_sought_in(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pipe.flac").write_bytes(flac_without_length(folder))
    with open_audio(folder / "a.flac") as audio:
        wanted = whole(audio)
    with open_audio(tmp_path / "pipe.flac") as audio:
        assert audio.samples is None
        assert audio.duration_s is None
        for sample in (70_001, 12_345, len(wanted) - 700):
            audio.seek(sample)
            np.testing.assert_array_equal(audio.read(500), wanted[sample : sample + 500])
        audio.seek(10**12)
        assert len(audio.read(100)) == 0
        audio.seek(0)
        np.testing.assert_array_equal(whole(audio), wanted)
        assert (audio.samples, audio.warning) == (len(wanted), "")


def test_damage_in_a_flac_that_does_not_tell_its_length_is_got_over(folder: Path, tmp_path: Path) -> None:
    data = flac_without_length(folder)
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    (tmp_path / "hurt.flac").write_bytes(data)
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 2])
    with open_audio(folder / "a.flac") as audio:
        wanted = whole(audio)
    with open_audio(tmp_path / "hurt.flac") as audio:
        got = whole(audio)
        assert audio.warning.startswith("hurt.flac is damaged: ")
    assert len(got) == len(wanted)
    assert (got == wanted).all(axis=1).sum() > len(wanted) - 20_000
    with open_audio(tmp_path / "cut.flac") as audio:
        assert 0.3 * len(wanted) < len(whole(audio)) < 0.7 * len(wanted)


def test_an_estimated_length_does_not_limit_seeking(tmp_path: Path) -> None:
    signal = 0.001 * chirp(12.0)
    signal[:RATE] = np.random.default_rng(0).uniform(-0.5, 0.5, (RATE, 2))
    write(tmp_path / "loud-first.aac", signal)
    with open_audio(tmp_path / "loud-first.aac") as audio:
        decoded = whole(audio)
    with open_audio(tmp_path / "loud-first.aac") as audio:
        assert audio.announced_s is None
        audio.samples = 2 * RATE  # how far the estimate is off depends on the encoder
        audio.seek(10 * RATE)
        assert audio.position == 10 * RATE
        np.testing.assert_allclose(audio.read(3000), decoded[10 * RATE : 10 * RATE + 3000], atol=0.001)


class FailingFile(io.FileIO):
    """A file on a disk that goes away."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(path)
        self._limit = limit

    def read(self, size: int = -1) -> bytes:
        """Up to the limit."""
        if self.tell() >= self._limit:
            raise OSError(5, "Input/output error")
        return super().read(size)


def fail_behind(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let FFmpeg's files fail behind so many bytes."""
    real = GuardedFile.__init__

    def init(file: GuardedFile, part: Part) -> None:
        real(file, part)
        file._file.close()
        file._file = FailingFile(part.path, limit)

    monkeypatch.setattr(GuardedFile, "__init__", init)


def test_a_disk_that_goes_away_ends_the_file_with_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_audio(folder / "a.aac") as audio:
        length = len(whole(audio))
    fail_behind(30_000, monkeypatch)
    with open_audio(folder / "a.aac") as audio:
        assert 0 < len(whole(audio)) < length
        assert audio.warning == "a.aac is damaged: it could not be read to its end: Input/output error"
    fail_behind(0, monkeypatch)
    with pytest.raises(MediaError, match=r"a\.aac cannot be read: Input/output error"):
        open_audio(folder / "a.aac")
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
def test_a_file_that_is_gone_when_a_seek_opens_it_again_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "stick.m4a"
    path.write_bytes((folder / "a.m4a").read_bytes())
    with open_audio(path) as audio:
        path.unlink()
        with pytest.raises(MediaError, match=r"stick\.m4a cannot be read any more: No such file"):
            audio.seek(0)
        assert len(audio.read(100)) == 0
        path.write_bytes((folder / "a.m4a").read_bytes())
        audio.seek(0)
        assert len(audio.read(100)) == 100


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
            samples = sum(len(block) for block in audio.blocks(8000))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert samples == 4_800_000
    assert peak < 1_000_000


def test_closing_twice_is_allowed(folder: Path) -> None:
    for suffix in ("wav", "m4a"):
        audio = open_audio(folder / f"a.{suffix}")
        audio.close()
        audio.close()
