"""How notes are joined and shaped."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_bank

from irec_models.data import Bank, ClipSelection, DataFolders
from irec_models.data.mixing.expression import FRETTED, STEADY, SUSTAINED, Manner, bend
from irec_models.data.mixing.phrases import PHRASE_RMS, active_rms, render_phrase
from irec_models.data.mixing.pools import Pools

RATE = 22050


def _tone(seconds: float = 4.0, hz: float = 440.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(RATE * seconds)) / RATE).astype(np.float32)


def _pitch_cents(audio: np.ndarray, hz: float = 440.0) -> np.ndarray:
    """Of every 20 ms, from the phase of a tone, in cents from `hz`."""
    time = np.arange(len(audio)) / RATE
    slow = audio * np.exp(-2j * np.pi * hz * time)
    smooth = np.convolve(slow, np.hanning(441) / 220, mode="same")[:: RATE // 50]
    turns = np.diff(np.unwrap(np.angle(smooth))) * 50 / (2 * np.pi)
    return 1200 * np.log2(1 + turns[2:-2] / hz)


def test_every_manner_suits_its_instrument() -> None:
    rng = np.random.default_rng(0)
    drawn = {name: [Manner.draw(rng, name) for _ in range(60)] for name in ("violin", "bass", "organ", "piano")}
    assert any(manner.tied for manner in drawn["violin"])
    assert any(not manner.tied for manner in drawn["violin"])
    assert any(manner.vibrato_cents for manner in drawn["violin"])
    assert any(manner.scoop_cents for manner in drawn["bass"])
    assert not any(manner.swell_db for manner in drawn["bass"])  # what was plucked cannot grow
    assert not any(manner.tied or manner.scoop_cents for manner in drawn["organ"])
    assert {(m.tied, m.vibrato_cents, m.tremolo_db, m.swell_db) for m in drawn["piano"]} == {(0, 0, 0, 0)}
    assert not SUSTAINED & FRETTED
    assert not (SUSTAINED | FRETTED) & STEADY


def test_vibrato_has_its_rate_and_depth() -> None:
    found = Manner(vibrato_hz=6.0, vibrato_cents=40.0).shape(np.random.default_rng(3), _tone(), RATE, [0.0])
    cents = _pitch_cents(found)
    assert 15 < cents.max() < 42
    assert -42 < cents.min() < -15
    strongest = np.argmax(np.abs(np.fft.rfft(cents - cents.mean()))) * 50 / len(cents)
    assert strongest == pytest.approx(6.0, abs=0.8)


def test_a_scoop_begins_below_and_arrives() -> None:
    found = Manner(scoop_cents=200.0)
    lowest = [_pitch_cents(found.shape(np.random.default_rng(seed), _tone(), RATE, [1.0])).min() for seed in range(8)]
    assert min(lowest) < -20
    assert max(lowest) > -1  # not every note has one
    last = _pitch_cents(found.shape(np.random.default_rng(1), _tone(), RATE, [1.0]))[-50:]
    np.testing.assert_allclose(last, 0, atol=1)


def test_swells_change_the_level_and_nothing_else() -> None:
    tone = _tone()
    found = Manner(swell_db=12.0).shape(np.random.default_rng(0), tone, RATE, [])
    levels = 20 * np.log10(np.sqrt(np.mean(found[: RATE * 4].reshape(-1, RATE // 50) ** 2, axis=1)) * np.sqrt(2))
    assert levels.max() < 0.1
    assert -12.1 < levels.min() < -3
    np.testing.assert_allclose(_pitch_cents(found), 0, atol=0.5)


def test_a_bend_of_nothing_changes_nothing() -> None:
    tone = _tone(0.5)
    np.testing.assert_allclose(bend(tone, np.array([0.0, 9.0]), np.zeros(2)), tone, atol=1e-5)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    root = tmp_path_factory.mktemp("bank")
    return Bank(DataFolders(tiny_bank.write_bank(root), cache=root / "cache"), tiny_bank.RATE)


@pytest.mark.parametrize("name", ["flute", "piano", "drums"])
def test_expressive_phrases_have_their_length_and_level(bank: Bank, name: str) -> None:
    pools = Pools(bank, bank.select(ClipSelection(DataFolders(()), "train")), tiny_bank.LABELS)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        phrase = render_phrase(bank, pools.draw(name, rng), 12000, rng, expression=1.0)
        assert phrase.shape == (12000,)
        assert phrase.dtype == np.float32
        assert np.isfinite(phrase).all()
        assert active_rms(phrase, tiny_bank.RATE) == pytest.approx(PHRASE_RMS, rel=1e-3)


def test_without_expression_the_same_phrase_as_ever(bank: Bank) -> None:
    pools = Pools(bank, bank.select(ClipSelection(DataFolders(()), "train")), tiny_bank.LABELS)
    voice = pools.draw("flute", np.random.default_rng(0))
    plain = render_phrase(bank, voice, 12000, np.random.default_rng(5))
    np.testing.assert_array_equal(plain, render_phrase(bank, voice, 12000, np.random.default_rng(5), expression=0.0))
    assert not np.array_equal(plain, render_phrase(bank, voice, 12000, np.random.default_rng(5), expression=1.0))
