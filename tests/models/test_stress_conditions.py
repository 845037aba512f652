"""How clips are spoilt: every condition does what its name says, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import stress_predictors
from recorded_progress import RecordedProgress
from stress_predictors import Formula

from irec_models.data import ClipSelection, DataFolders, EvalClip
from irec_models.measuring.stress import robustness as module
from irec_models.measuring.stress.codecs import codec_name, lossy
from irec_models.measuring.stress.noises import SAMPLE_RATE, coloured, noises
from irec_models.measuring.stress.robustness import CLEAN, conditions, robustness
from irec_models.measuring.stress.rooms import impulse_response, reverberate


def db(ratio: float) -> float:
    return float(20 * np.log10(ratio))


def rms(sound: np.ndarray[Any, Any]) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def tone(hz: float, seconds: float = 1.0, level: float = 0.3) -> np.ndarray[Any, Any]:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


def spoil(name: str, sound: np.ndarray[Any, Any], seed: int = 0) -> np.ndarray[Any, Any]:
    return conditions()[name](sound, np.random.default_rng(seed))


@pytest.mark.parametrize("name", list(conditions()))
def test_every_condition_keeps_length_and_repeats_itself(name: str) -> None:
    sound = tone(500) + tone(3000, level=0.1)
    once = spoil(name, sound)
    assert len(once) == len(sound)
    assert np.isfinite(once).all()
    np.testing.assert_array_equal(once, spoil(name, sound))
    assert np.array_equal(once, sound) == (name == CLEAN)


@pytest.mark.parametrize(("name", "kept", "lost"), [("recorded at 8 kHz", 3000, 4500), ("low-pass 8 kHz", 6000, 14000)])
def test_band_limits_keep_what_is_below_and_lose_what_is_above(name: str, kept: float, lost: float) -> None:
    assert db(rms(spoil(name, tone(kept))) / rms(tone(kept))) == pytest.approx(0, abs=0.5)
    assert db(rms(spoil(name, tone(lost))[4000:-4000]) / rms(tone(lost))) < -35


def test_gain_and_clipping_are_what_they_say() -> None:
    sound = tone(500)
    assert db(rms(spoil("-30 dB", sound)) / rms(sound)) == pytest.approx(-30, abs=0.01)
    for level in (0.01, 0.9):  # whatever the clip's own level, its peak goes 12 dB past full scale
        loud = spoil("+12 dB, clipped", tone(500, level=level))
        assert np.abs(loud).max() == 1.0
        expected = 1 - 2 / np.pi * np.arcsin(10 ** (-12 / 20))
        assert float((np.abs(loud) == 1.0).mean()) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("name", "snr"), [("noise, 10 dB SNR", 10.0), ("noise, 0 dB SNR", 0.0)])
def test_noise_has_its_level_whatever_the_clips(name: str, snr: float) -> None:
    for level in (0.01, 0.5):
        sound = tone(500, level=level)
        assert db(rms(sound) / rms(spoil(name, sound) - sound)) == pytest.approx(snr, abs=0.4)


@pytest.mark.parametrize("rt60", [0.4, 2.0])
def test_a_room_decays_by_60_db_in_its_reverberation_time(rt60: float) -> None:
    response = impulse_response(SAMPLE_RATE, rt60, direct_db=0.0, gap_s=0.01, rng=np.random.default_rng(1))
    tail = response[round(0.01 * SAMPLE_RATE) + 1 :].astype(np.float64)
    assert response[0] == 1.0
    assert not response[1 : round(0.01 * SAMPLE_RATE)].any()
    assert np.sum(tail**2) == pytest.approx(1.0, rel=1e-3)
    size = 2 * len(tail)  # a band has no sharp edges in time; nothing may wrap around
    spectrum = np.fft.rfft(tail, size)
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum[(hz < 355) | (hz > 1410)] = 0  # the octaves of 500 Hz and 1 kHz
    energy = np.cumsum(np.fft.irfft(spectrum, size)[: len(tail)][::-1] ** 2)[::-1]
    decay = 10 * np.log10(energy / energy[0])
    slope_s = (np.argmax(decay < -25) - np.argmax(decay < -5)) / SAMPLE_RATE  # T20 of ISO 3382
    assert 3 * slope_s == pytest.approx(rt60, rel=0.15)


def test_reverberation_keeps_level_and_never_comes_before_the_sound() -> None:
    sound = np.concatenate([np.zeros(1000, np.float32), tone(500)])
    response = impulse_response(SAMPLE_RATE, 0.4, direct_db=0.0, gap_s=0.003, rng=np.random.default_rng(1))
    wet = reverberate(sound, response)
    assert rms(wet) == pytest.approx(rms(sound), rel=1e-3)
    assert np.abs(wet[:1000]).max() < 1e-5
    assert not reverberate(np.zeros(100, np.float32), response).any()


@pytest.mark.parametrize("mp3", [True, False])
def test_codecs_keep_time_and_change_the_sound(mp3: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not mp3:
        monkeypatch.setattr(av, "codecs_available", frozenset())
    elif "libmp3lame" not in av.codecs_available:
        pytest.skip("this build of PyAV has no MP3 encoder")
    assert codec_name().startswith("MP3 48" if mp3 else "Ogg Vorbis")
    sound = (coloured("pink", 2 * SAMPLE_RATE, np.random.default_rng(2)) * 0.1).astype(np.float32)
    coded = lossy(sound, SAMPLE_RATE)
    assert coded.shape == sound.shape
    lags = np.fft.irfft(np.fft.rfft(coded) * np.conj(np.fft.rfft(sound)))
    assert int(np.argmax(lags)) == 0
    assert 0.05 < rms(coded - sound) / rms(sound) < 1.0


def test_noises_have_their_levels_and_silence_is_silent() -> None:
    made = list(noises(1.0))
    assert [noise.name for noise in made if noise.silent] == ["digital silence"]
    for noise in made:
        assert np.abs(noise.audio).max() <= 1.0
        if "dBFS" in noise.name and "-10" not in noise.name:  # the loudest are clipped
            assert db(rms(noise.audio)) == pytest.approx(float(noise.name.split()[-2]), abs=0.2)
    again = list(noises(1.0))
    assert all(np.array_equal(a.audio, b.audio) for a, b in zip(made, again, strict=True))


def test_colours_fall_by_their_slope() -> None:
    for colour, fall in (("white", 0.0), ("pink", 3.0), ("brown", 6.0)):
        power = np.abs(np.fft.rfft(coloured(colour, 1 << 17, np.random.default_rng(3)))) ** 2
        hz = np.fft.rfftfreq(1 << 17, 1 / SAMPLE_RATE)
        bands = [power[(hz >= low) & (hz < 1.2 * low)].mean() for low in (500, 4000)]
        assert 10 * np.log10(bands[0] / bands[1]) == pytest.approx(3 * fall, abs=1.0)
    with pytest.raises(ValueError, match="green"):
        coloured("green", 100, np.random.default_rng(0))


def two_clips(selection: ClipSelection, sample_rate: int) -> Iterator[EvalClip]:
    for name, value, label in (("a", 0.5, "flute"), ("b", -0.5, "piano")):
        audio = np.full(sample_rate, value, np.float32)
        yield EvalClip(name, audio, (label,), (), (), "stage", label, "phrases")


NOWHERE = ClipSelection(DataFolders(Path()))


def signed() -> Formula:
    """A flute is a sample above 0.4, a piano one below -0.4."""
    columns = ((lambda w: w > 0.4), (lambda w: w < -0.4), (lambda w: w > 9.0))
    return Formula(lambda windows: np.stack([test(windows).mean(axis=1) for test in columns], axis=1))


def test_drops_are_relative_to_the_clean_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "eval_clips", two_clips)
    recorded = RecordedProgress()
    found = robustness(signed(), NOWHERE, only=["-30 dB", "+12 dB, clipped"], progress=recorded)
    assert list(found.conditions) == [CLEAN, "-30 dB", "+12 dB, clipped"]
    assert (found.clips, found.solos, sum(map(len, recorded.done.values()))) == (2, 2, 6)
    assert (found.conditions[CLEAN].macro_map, found.conditions[CLEAN].map_drop) == (1.0, 0.0)
    assert found.conditions["+12 dB, clipped"].map_drop == 0.0
    assert found.conditions["-30 dB"].top1 == found.conditions["-30 dB"].top1_drop == 0.5  # all zeros: the first label
    assert found.worst == "-30 dB"
    assert (found.conditions[CLEAN].unheard, found.conditions["-30 dB"].unheard) == (0, 2)
    assert found.to_dict()["conditions"]["-30 dB"]["map_drop"] == pytest.approx(0.5)


def test_an_unknown_condition_is_named() -> None:
    with pytest.raises(ValueError, match="no condition is called under water"):
        robustness(stress_predictors.always(0, 0, 0), NOWHERE, only=["under water"])
