"""Scores, voices and phrases."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_bank

from irec_live.errors import DataError
from irec_models.data import Bank, ClipSelection, DataFolders, StreamConfig
from irec_models.data.manifests.labels import truth_of
from irec_models.data.manifests.pitch import pitch_from_sound
from irec_models.data.mixing.compose import Note, Setting, compose, compose_drums
from irec_models.data.mixing.phrases import PHRASE_RMS, active_rms, fade, render_phrase, shift_pitch
from irec_models.data.mixing.pools import Pools


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    root = tmp_path_factory.mktemp("bank")
    return Bank(DataFolders(tiny_bank.write_bank(root), cache=root / "cache"), tiny_bank.RATE)


@pytest.fixture(scope="module")
def pools(bank: Bank) -> Pools:
    return Pools(bank, bank.select(ClipSelection(DataFolders(()), "train")), tiny_bank.LABELS)


@pytest.mark.parametrize("polyphonic", [False, True])
@pytest.mark.parametrize("single", [False, True])
def test_scores_stay_in_range_and_time(polyphonic: bool, single: bool) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        notes = compose(rng, Setting.draw(rng), 40, 90, 3.0, polyphonic=polyphonic, single=single)
        assert notes
        assert all(0 <= note.onset_s < 3 and note.duration_s > 0 and note.level_db <= 0 for note in notes)
        pitches = [note.pitch for note in notes]
        assert min(pitches) >= 40 - 12
        assert max(pitches) <= 92
        assert max(pitches) - min(pitches) <= 24 + 14
        assert not single or len(notes) == 1


def test_monophonic_lines_play_one_note_at_a_time() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        onsets = [note.onset_s for note in compose(rng, Setting.draw(rng), 60, 84, 4.0)]
        assert len(set(onsets)) == len(onsets)


@pytest.mark.parametrize("polyphonic", [False, True])
def test_players_that_play_together_share_chords_and_rhythm(polyphonic: bool) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        setting = Setting.together(rng, 4.0)
        ends = [chord.onset_s + chord.duration_s for chord in setting.chords]
        np.testing.assert_allclose([chord.onset_s for chord in setting.chords[1:]], ends[:-1])
        assert all(chord.duration_s >= 0.16 for chord in setting.chords)
        tunes = 0
        for _ in range(12):
            notes = compose(rng, setting, 50, 74, 4.0, polyphonic=polyphonic)
            assert all(50 <= note.pitch <= 76 and 0 <= note.onset_s < 4 for note in notes)
            tunes += not all(_belongs(note, setting) for note in notes)
        assert tunes <= 7  # a few have a tune of their own


def _belongs(note: Note, setting: Setting) -> bool:
    chord = max((c for c in setting.chords if c.onset_s <= note.onset_s + 1e-9), key=lambda c: c.onset_s)
    return round(note.pitch) % 12 in chord.classes


def test_a_voice_of_few_notes_plays_along_as_it_can() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        notes = compose(rng, Setting.together(rng, 2.0), 60, 60, 2.0)
        assert all(54 <= note.pitch <= 67 for note in notes)


def test_a_score_without_room_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="cannot compose"):
        compose(rng, Setting.draw(rng), 80, 60, 3.0)


def test_drum_patterns_begin_in_time_and_use_parts_of_a_kit() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        hits = compose_drums(rng, Setting.draw(rng), 4.0)
        assert hits
        assert {hit.role for hit in hits} <= {"kick", "snare", "hat", "cymbal", "tom"}
        assert all(0 <= hit.onset_s < 4 for hit in hits)


def test_voices_are_grouped_by_source_and_sorted_by_pitch(pools: Pools) -> None:
    rng = np.random.default_rng(0)
    drawn = [pools.draw("flute", rng) for _ in range(40)]
    assert {voice.source for voice in drawn} == {"north", "south"}
    assert all(voice.kind == "notes" and (np.diff(voice.pitches) >= 0).all() for voice in drawn)
    kit = pools.draw("drums", rng)
    assert kit.kind == "hits"
    assert set(kit.roles) == {"kick", "snare", "hat"}
    assert pools.draw("piano", rng).polyphonic
    assert pools.others == ("oboe",)
    assert pools.has_noise


def test_labels_are_drawn_equally_often_and_differ_within_an_ensemble(pools: Pools) -> None:
    rng = np.random.default_rng(0)
    counts = dict.fromkeys((*tiny_bank.LABELS, "oboe"), 0)
    for _ in range(900):
        names = pools.draw_names(2, 0.1, rng)
        assert len(set(names)) == 2 or names == ["oboe", "oboe"]
        for name in names:
            counts[name] += 1
    assert 100 < counts["oboe"] < 260
    shares = np.array([counts[label] for label in tiny_bank.LABELS]) / 1800
    np.testing.assert_allclose(shares, 0.3, atol=0.04)


def test_a_label_without_examples_is_refused_unless_allowed(bank: Bank) -> None:
    chosen = bank.select(ClipSelection(DataFolders(()), "train"))
    with pytest.raises(DataError, match="no solo clips of tuba in the chosen sources"):
        Pools(bank, chosen, (*tiny_bank.LABELS, "tuba"))
    assert Pools(bank, chosen, (*tiny_bank.LABELS, "tuba"), allow_missing=True).missing == {"tuba"}
    with pytest.raises(DataError, match="no solo clips to draw from"):
        Pools(bank, [], tiny_bank.LABELS, allow_missing=True)


def test_clips_of_several_instruments_are_no_stems(bank: Bank) -> None:
    pools = Pools(bank, bank.select(ClipSelection(DataFolders(()), "dev")), tiny_bank.LABELS, allow_missing=True)
    assert pools.present == ("flute",)
    assert pools.others == ("oboe",)


@pytest.mark.parametrize("name", ["flute", "piano", "drums", "noise"])
@pytest.mark.parametrize("single", [False, True])
def test_phrases_have_their_length_and_level(bank: Bank, pools: Pools, name: str, single: bool) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        voice = pools.draw(name, rng)
        semitones = float(rng.uniform(-5, 5)) if seed % 2 else 0.0
        phrase = render_phrase(bank, voice, 12000, rng, semitones=semitones, single=single)
        assert phrase.shape == (12000,)
        assert phrase.dtype == np.float32
        assert np.isfinite(phrase).all()
        assert active_rms(phrase, tiny_bank.RATE) == pytest.approx(PHRASE_RMS, rel=1e-3)


def test_the_same_generator_plays_the_same_phrase(bank: Bank, pools: Pools) -> None:
    voice = pools.draw("flute", np.random.default_rng(0))
    first, again, other = (render_phrase(bank, voice, 8000, np.random.default_rng(s)) for s in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_shifting_by_an_octave_doubles_the_pitch() -> None:
    sound = tiny_bank.tone(60, 1.0)
    shifted = shift_pitch(sound, 12)
    assert abs(len(shifted) - len(sound) / 2) <= 2
    assert pitch_from_sound(shifted, tiny_bank.RATE) == pytest.approx(72, abs=0.1)


def test_fades_longer_than_the_sound_do_not_fail() -> None:
    assert fade(np.ones(3, np.float32), 10, 10)[-1] == 0
    assert len(fade(np.ones(0, np.float32), 10, 10)) == 0


def test_a_phrase_of_no_length_is_a_mistake(bank: Bank, pools: Pools) -> None:
    voice = pools.draw("flute", np.random.default_rng(0))
    with pytest.raises(ValueError, match="length must be positive"):
        render_phrase(bank, voice, 0, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("path", "present", "unclear"),
    [
        ("percussion/snare drum/roll.mp3", {"drums"}, set()),
        ("Struck/Timpani 1/Hit.wav", set(), {"drums"}),
        ("jSteelDrum-flac-sfz/jsdb_067.flac", set(), {"drums"}),
        ("percussion/bass drum/hit.mp3", {"drums"}, set()),
        ("gong_2.mp3", set(), {"drums"}),
    ],
)
def test_percussion_counts_as_drums_where_it_is_drum_kit_like(path: str, present: set[str], unclear: set[str]) -> None:
    truth = truth_of(["percussion"], path)
    assert truth.present == present
    assert truth.unclear == unclear


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 6}, "not a multiple"),
        ({"mix_s": 0.5}, "shorter than a window"),
        ({"sizes": (0.0, 0.0)}, "no weight"),
        ({"sources_min": 3, "sources_max": 2}, "below sources_min"),
        ({"mixs": 4.0}, "Extra inputs"),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StreamConfig.model_validate(change)
