"""Files that are odd but hold sound: never less of it than there is without a word."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from odd_files import (
    LENGTHS,
    encoded,
    flac_frames,
    flac_going_on,
    with_flac_total,
    with_length,
    write_long_wav,
    write_video,
)

from irec_live.errors import MediaError
from irec_live.media import open_audio

RATE = 44_100


def chirp(seconds: float, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """A sweep, half as loud in each further channel."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * (200 * t + 300 * t * t))[:, None] / 2.0 ** np.arange(channels)).astype(np.float32)


def heard(path: Path, **options: int) -> tuple[np.ndarray, int, tuple[str, ...], str]:
    """All of it, its rate, what is said, and what is said to be missing."""
    with open_audio(path, **options) as audio:
        signal = np.concatenate(list(audio.blocks(30_000)))
        return signal, audio.sample_rate, audio.warnings, audio.warning


# ---- lengths in headers


@pytest.mark.parametrize("form", LENGTHS)
@pytest.mark.parametrize("told", [0, 40_000])
def test_a_header_that_was_never_finished_is_read_to_the_end_of_the_file(tmp_path: Path, form: str, told: int) -> None:
    path = tmp_path / f"rec{LENGTHS[form][0]}"
    soundfile.write(path, chirp(2.0), RATE, format=form, subtype="PCM_16")
    wanted, *_ = heard(path)
    got, _, notes, missing = heard(with_length(path, form, told))
    np.testing.assert_array_equal(got, wanted)
    assert missing == ""
    assert len(notes) == 1
    assert notes[0].startswith(f"{path.name} has a header that was never finished: it tells of ")


@pytest.mark.parametrize("form", ["RF64", "W64"])
def test_a_header_of_the_largest_number_is_read_to_the_end_of_the_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"rec{LENGTHS[form][0]}"
    soundfile.write(path, chirp(2.0), RATE, format=form, subtype="PCM_16")
    got, _, notes, missing = heard(with_length(path, form, 0xFFFFFFFF_FFFFFFFF))
    assert (len(got), missing) == (2 * RATE, "")
    assert notes == (f"{path.name} has a header that was never finished: it was read to the end of the file",)


def test_an_aiff_that_counts_fewer_frames_than_it_holds_is_read_whole_and_named(tmp_path: Path) -> None:
    path = tmp_path / "rec.aiff"
    soundfile.write(path, chirp(2.0), RATE, subtype="PCM_16")
    wanted, *_ = heard(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"COMM") + 10  # behind the chunk's length and the number of channels
    data[at : at + 4] = (RATE // 2).to_bytes(4, "big")
    path.write_bytes(data)
    got, _, notes, missing = heard(path)
    np.testing.assert_array_equal(got, wanted)
    assert (len(notes), missing) == (1, "")
    assert notes[0].startswith(f"rec.aiff has a header that was never finished: it tells of {2 * RATE} bytes of sound")


@pytest.mark.parametrize("form", LENGTHS)
def test_a_header_that_is_right_is_believed(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"rec{LENGTHS[form][0]}"
    soundfile.write(path, chirp(1.0), RATE, format=form, subtype="PCM_16")
    got, _, notes, _ = heard(path)
    assert (len(got), notes) == (RATE, ())


@pytest.mark.parametrize("told", [0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x7FFFFFDB])
def test_a_wav_from_a_pipe_is_whole(tmp_path: Path, told: int) -> None:
    soundfile.write(tmp_path / "pipe.wav", chirp(1.0), RATE)
    got, _, notes, missing = heard(with_length(tmp_path / "pipe.wav", "WAV", told))
    assert len(got) == RATE
    assert missing == ""
    assert notes == ("pipe.wav has a header that was never finished: it was read to the end of the file",)


@pytest.mark.parametrize("chunk", [b"LIST\x04\x00\x00\x00INFO", b"id3 \x03\x00\x00\x00abc\x00LIST\x04\x00\x00\x00INFO"])
def test_chunks_behind_the_sound_are_no_sound(tmp_path: Path, chunk: bytes) -> None:
    path = tmp_path / "tagged.wav"
    for content in (chirp(1.0), chirp(0.0)):
        soundfile.write(path, content, RATE)
        path.write_bytes(path.read_bytes() + chunk)
        if len(content):
            got, _, notes, _ = heard(path)
            assert (len(got), notes) == (RATE, ())
        else:
            with pytest.raises(MediaError, match="without a single sample"):
                open_audio(path)


@pytest.mark.parametrize("told", [0, 1000])
def test_chunks_before_the_sound_of_an_unfinished_wav_do_not_matter(tmp_path: Path, told: int) -> None:
    path = tmp_path / "rec.wav"
    soundfile.write(path, chirp(1.0), RATE)
    data = path.read_bytes()
    at = data.index(b"data")
    path.write_bytes(data[:at] + b"bext\x05\x00\x00\x00dataX\x00" + data[at:])
    wanted, *_ = heard(path)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"data", 0, 80) + 4
    data[at : at + 4] = told.to_bytes(4, "little")
    path.write_bytes(data)
    got, *_ = heard(path)
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.skipif(os.name == "nt", reason="files have no holes there unless asked")
def test_a_wav_beyond_4_gib_whose_length_wrapped_goes_on_to_its_end(tmp_path: Path) -> None:
    tail = chirp(1.0, channels=1)[:, 0]
    before_s = (1 << 32) / 2 / RATE + 3.0
    path = write_long_wav(tmp_path / "concert.wav", before_s, tail, RATE)
    with open_audio(path) as audio:
        assert audio.duration_s == pytest.approx(before_s + 1.0, abs=0.001)
        audio.seek(round(before_s * RATE))
        np.testing.assert_allclose(audio.read(RATE)[:, 0], tail, atol=1e-4)
        assert "tells of" in audio.warnings[0]


def test_a_wav_that_was_cut_is_not_taken_for_one_that_was_never_finished(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, chirp(2.0), RATE)
    path.write_bytes(path.read_bytes()[: RATE * 4])
    _, _, notes, missing = heard(path)
    assert missing
    assert notes == (missing,)


# ---- FLAC


@pytest.mark.parametrize("total_s", [0.5, 1.9])
def test_a_flac_that_goes_on_behind_its_total_is_read_to_its_end(tmp_path: Path, total_s: float) -> None:
    data = encoded(tmp_path, "whole.flac", chirp(4.0), RATE)
    (tmp_path / "rec.flac").write_bytes(with_flac_total(data, round(total_s * RATE)))
    got, _, notes, missing = heard(tmp_path / "rec.flac")
    np.testing.assert_array_equal(got, heard(tmp_path / "whole.flac")[0])
    assert missing == ""
    assert notes == (
        f"rec.flac has a header that tells of {total_s:.1f} s of sound: it goes on to 4.0 s and was read to its end",
    )


def test_a_flac_that_ends_before_its_total_says_so(tmp_path: Path) -> None:
    data = encoded(tmp_path, "whole.flac", chirp(2.0), RATE)
    (tmp_path / "rec.flac").write_bytes(with_flac_total(data, 9 * RATE))
    got, _, _, missing = heard(tmp_path / "rec.flac")
    assert len(got) == 2 * RATE
    assert missing == "rec.flac ends early: 2.0 s of 9.0 s could be decoded"


@pytest.mark.parametrize("headless", [False, True])
@pytest.mark.parametrize(("rate", "channels"), [(RATE, 2), (48_000, 2), (22_050, 1), (RATE, 1)])
def test_joined_flac_is_heard_to_its_end(tmp_path: Path, headless: bool, rate: int, channels: int) -> None:
    first = encoded(tmp_path, "a.flac", chirp(2.0), RATE)
    second = encoded(tmp_path, "b.flac", chirp(3.0, rate, channels), rate)
    (tmp_path / "joined.flac").write_bytes(first + (flac_frames(second) if headless else second) + first)
    got, got_rate, notes, missing = heard(tmp_path / "joined.flac")
    assert (got_rate, missing) == (RATE, "")
    assert len(got) == pytest.approx(7 * RATE, abs=50)
    np.testing.assert_array_equal(got[: 2 * RATE], heard(tmp_path / "a.flac")[0])
    np.testing.assert_array_equal(got[-2 * RATE :], heard(tmp_path / "a.flac")[0])
    middle = chirp(3.0, channels=channels).mean(axis=1)
    inner = slice(2 * RATE + 2000, 5 * RATE - 2000)
    at = got[inner].mean(axis=1)
    assert min(np.abs(at - middle[2000 + s : 2000 + s + len(at)]).max() for s in range(-3, 4)) < 0.01
    assert any("changes its sample rate" in note for note in notes) == (rate != RATE)
    assert any("channels on the way" in note for note in notes) == (channels != 2)


@pytest.mark.parametrize(("rate", "channels"), [(22_050, 2), (RATE, 1)])
def test_a_flac_that_changes_its_rate_or_channels_on_the_way_is_heard_to_its_end(
    tmp_path: Path, rate: int, channels: int
) -> None:
    first = encoded(tmp_path, "a.flac", chirp(2.0), RATE)
    second = encoded(tmp_path, "b.flac", chirp(2.0, rate, channels), rate)
    (tmp_path / "changing.flac").write_bytes(flac_going_on(first, second))
    got, got_rate, notes, missing = heard(tmp_path / "changing.flac")
    assert (got_rate, missing) == (RATE, "")
    assert len(got) == pytest.approx(4 * RATE, abs=50)
    np.testing.assert_allclose(got[:80_000], heard(tmp_path / "a.flac")[0][:80_000], atol=1e-6)
    assert np.sqrt(np.mean(got[-RATE:] ** 2)) > 0.2
    assert any("on the way" in note for note in notes)


def test_a_joined_file_can_be_sought_in(tmp_path: Path) -> None:
    first = encoded(tmp_path, "a.flac", chirp(2.0), RATE)
    second = encoded(tmp_path, "b.flac", chirp(3.0, 48_000), 48_000)
    (tmp_path / "joined.flac").write_bytes(first + second + first)
    whole, *_ = heard(tmp_path / "joined.flac")
    with open_audio(tmp_path / "joined.flac") as audio:
        for second_at in (1.0, 6.0, 3.0, 0.5, 5.5, 2.0):
            sample = round(second_at * RATE)
            audio.seek(sample)
            np.testing.assert_allclose(audio.read(2000), whole[sample : sample + 2000], atol=1e-6)
        audio.seek(10**9)
        assert len(audio.read(100)) == 0
        audio.seek(0)
        np.testing.assert_array_equal(np.concatenate(list(audio.blocks(7777))), whole)


# ---- Ogg and MP3 of several rates


@pytest.mark.parametrize("rates", [(44_100, 48_000, 22_050), (22_050, 44_100), (48_000, 48_000)])
@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_parts_of_several_rates_are_heard_at_the_first_ones(
    tmp_path: Path, suffix: str, rates: tuple[int, ...]
) -> None:
    parts = [encoded(tmp_path, f"{number}.{suffix}", chirp(2.0, rate), rate) for number, rate in enumerate(rates)]
    (tmp_path / f"radio.{suffix}").write_bytes(b"".join(parts))
    got, rate, notes, missing = heard(tmp_path / f"radio.{suffix}")
    assert (rate, missing) == (rates[0], "")
    assert len(got) / rate == pytest.approx(2.0 * len(rates), abs=0.2)
    assert len(notes) == len(set(rates)) - 1
    assert all("changes its sample rate" in note for note in notes)
    for number in range(len(rates)):  # the sweep stands at 500 Hz after half a second of each; MP3 adds silence
        window = got[round((2 * number + 0.4) * rate) : round((2 * number + 0.7) * rate), 0]
        peak = np.abs(np.fft.rfft(window * np.hanning(len(window)))).argmax() * rate / len(window)
        assert peak == pytest.approx(200 + 600 * 0.55, abs=60 if suffix == "ogg" else 150)


def test_a_chained_ogg_of_other_codecs_and_channels_is_heard_to_its_end(tmp_path: Path) -> None:
    vorbis = encoded(tmp_path, "a.ogg", chirp(2.0), RATE)
    soundfile.write(tmp_path / "b.ogg", chirp(2.0, 48_000, 1), 48_000, format="OGG", subtype="OPUS")
    (tmp_path / "radio.ogg").write_bytes(vorbis + (tmp_path / "b.ogg").read_bytes() + vorbis)
    got, rate, _, missing = heard(tmp_path / "radio.ogg")
    assert len(got) / rate == pytest.approx(6.0, abs=0.05)
    assert missing == ""


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_that_was_cut_says_so(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "whole.ogg", chirp(3.0, 48_000), 48_000, format="OGG", subtype=subtype)
    data = (tmp_path / "whole.ogg").read_bytes()
    pages = [at for at in range(len(data)) if data.startswith(b"OggS", at)]
    (tmp_path / "cut.ogg").write_bytes(data[: pages[-1] - 20])
    (tmp_path / "open.ogg").write_bytes(data[: pages[-1]])
    assert heard(tmp_path / "whole.ogg")[2:] == ((), "")
    _, _, notes, missing = heard(tmp_path / "cut.ogg")
    assert missing == "cut.ogg was cut: it ends inside a page, and what followed is missing"
    assert notes == (missing,)
    _, _, notes, missing = heard(tmp_path / "open.ogg")
    assert (notes, missing) == (("open.ogg has no end mark: it may have been cut, or is still being recorded",), "")


# ---- codecs that cannot be sought in


@pytest.mark.parametrize(
    ("form", "subtype", "rate"),
    [
        *[("WAV", subtype, 8000) for subtype in ("GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32")],
        *[("AU", subtype, 8000) for subtype in ("G721_32", "G723_24", "G723_40")],
        *[("XI", subtype, 44_100) for subtype in ("DPCM_8", "DPCM_16")],
        *[("W64", "GSM610", 8000), ("AIFF", "GSM610", 8000)],
    ],
)
def test_codecs_that_are_decoded_in_order_only_are_heard_and_sought_in(
    tmp_path: Path, form: str, subtype: str, rate: int
) -> None:
    path = tmp_path / "call"
    soundfile.write(path, chirp(2.0, rate, 1), rate, format=form, subtype=subtype)
    got, got_rate, notes, _ = heard(path)
    assert (got_rate, notes) == (rate, ())
    assert len(got) / rate == pytest.approx(2.0, abs=0.05)
    assert np.sqrt(np.mean(got**2)) == pytest.approx(0.35, abs=0.05)
    with open_audio(path) as audio:
        for sample in (rate, 100, rate + 500):
            audio.seek(sample)
            np.testing.assert_array_equal(audio.read(500), got[sample : sample + 500])


# ---- videos


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mkv", "libopus"), (".mp4", "aac"), (".mov", "aac"), (".ts", "aac"), (".avi", "libmp3lame")]
)
def test_times_count_from_the_start_of_the_video(tmp_path: Path, suffix: str, codec: str) -> None:
    late_s = 0.0 if suffix == ".avi" else 1.5  # AVI knows no late beginning
    path = write_video(
        tmp_path / f"film{suffix}", [chirp(1.0, 48_000)], 48_000, codec=codec, starts_s=late_s, picture_s=4.0
    )
    got, rate, notes, missing = heard(path)
    assert np.flatnonzero(np.abs(got[:, 0]) > 0.05)[0] / rate == pytest.approx(late_s, abs=0.08)
    assert (notes, missing) == ((), "")
    with open_audio(path) as audio:
        for second in (2.0, 0.5, 1.7, 0.0) if late_s else ():
            audio.seek(round(second * rate))
            at = audio.position
            block = audio.read(3000)
            close = [np.abs(block - got[at + s : at + s + 3000]).max() for s in range(-50, 51) if at + s >= 0]
            assert min(close) < 0.1


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "libopus"), (".wmv", "aac"), (".nut", "aac"), (".ts", "aac")])
def test_a_video_whose_clock_does_not_begin_at_0_is_no_shorter_than_it_says(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    path = write_video(
        tmp_path / f"part{suffix}", [chirp(1.0, 48_000)], 48_000, codec=codec, starts_s=1.5, picture_s=4.0, clock_s=5.0
    )
    got, rate, notes, missing = heard(path)
    assert np.flatnonzero(np.abs(got[:, 0]) > 0.05)[0] / rate == pytest.approx(1.5, abs=0.08)
    assert (notes, missing) == ((), "")


def test_the_default_track_is_heard_and_the_others_by_number(tmp_path: Path) -> None:
    silent, sounding = np.zeros((48_000, 2), np.float32), chirp(1.0, 48_000)
    path = write_video(tmp_path / "film.mkv", [silent, sounding], 48_000, codec="libopus", default=1)
    got, _, notes, missing = heard(path)
    assert np.abs(got).max() > 0.3
    assert missing == ""
    assert notes == ("film.mkv has 2 sound tracks: track 2, its default, was used (--track selects another)",)
    with open_audio(path) as audio:
        pass
    assert audio.warnings == notes  # also of a file that is closed
    for track, loud in ((1, False), (2, True)):
        got, _, notes, _ = heard(path, track=track)
        assert (np.abs(got).max() > 0.3) == loud
        assert notes == ()
    with pytest.raises(MediaError, match=r"film\.mkv has 2 sound tracks: there is no track 3"):
        open_audio(path, track=3)
    soundfile.write(tmp_path / "song.flac", sounding, 48_000)
    with pytest.raises(MediaError, match=r"song\.flac has 1 sound track: there is no track 2"):
        open_audio(tmp_path / "song.flac", track=2)
    assert len(heard(tmp_path / "song.flac", track=1)[0]) == 48_000
    with pytest.raises(ValueError, match="counted from 1"):
        open_audio(path, track=0)


def test_a_video_that_was_cut_says_so(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mkv", [chirp(6.0, 48_000)], 48_000, codec="libopus", picture_s=6.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    got, _, _, missing = heard(path)
    assert 0 < len(got) < 5 * 48_000
    assert "film.mkv is damaged: nothing in it goes beyond" in missing


def test_a_stream_that_begins_on_the_way_does_not_end_the_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged transport stream has them; PyAV knows no stream but those of the beginning, and raises IndexError."""
    av = pytest.importorskip("av")
    path = write_video(tmp_path / "film.ts", [chirp(1.0, 48_000)], 48_000, codec="aac", picture_s=1.0)
    whole = heard(path)
    opened, begun = av.open, []

    class Container:
        def __init__(self, container: Any) -> None:
            self._container = container

        def __getattr__(self, name: str) -> Any:
            return getattr(self._container, name)

        def demux(self) -> Iterator[Any]:
            begun.append(self)
            packets = self._container.demux()
            yield from itertools.islice(packets, 5)
            if len(begun) == 1:
                raise IndexError("list index out of range")
            yield from packets

    monkeypatch.setattr(av, "open", lambda *given, **named: Container(opened(*given, **named)))
    got = heard(path)
    assert len(begun) > 1
    assert np.array_equal(got[0], whole[0])
    assert got[1:] == whole[1:]
