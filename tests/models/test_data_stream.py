"""Effects, mixtures, targets and the stream."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_bank
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from irec_live.errors import DataError
from irec_models.data import (
    LABELS,
    AugmentConfig,
    Bank,
    ClipSelection,
    DataFolders,
    EvalMix,
    MixPlan,
    MixStream,
    StreamConfig,
    common_players,
    eval_clips,
    held_out_mixes,
    make_loader,
)
from irec_models.data.mixing import mixer as mixer_module
from irec_models.data.mixing.effects import Noises, codec_loss, compressor_gain, overdrive
from irec_models.data.mixing.mixer import neuroment_levels
from irec_models.data.mixing.phrases import render_phrase
from irec_models.data.mixing.pools import Voice
from irec_models.data.mixing.rooms import Rooms, room_response
from irec_models.data.mixing.targets import frame_energy, presence

CONFIG = StreamConfig(
    sample_rate=tiny_bank.RATE,
    window_length=4096,
    frame_length=1024,
    frame_hop=512,
    batch_size=8,
    mix_s=1.5,
    windows_per_mix=2,
    other=0.2,
)
EVERYTHING = AugmentConfig(**dict.fromkeys(AugmentConfig.model_fields, 1.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


def _selection(folder: Path, **choice: Any) -> ClipSelection:
    return ClipSelection(DataFolders(folder, folder / "cache"), **{"labels": tiny_bank.LABELS, **choice})


def _stream(
    folder: Path,
    config: StreamConfig = CONFIG,
    *,
    seed: int = 3,
    start_step: int = 0,
    allow_missing_labels: bool = False,
    **choice: Any,
) -> MixStream:
    options: dict[str, Any] = {"start_step": start_step, "allow_missing_labels": allow_missing_labels}
    return MixStream(config, _selection(folder, **choice), seed=seed, **options)


def test_batches_have_the_promised_shapes_and_ranges(folder: Path) -> None:
    for config in (CONFIG, CONFIG.model_copy(update={"augment": EVERYTHING})):
        for batch in islice(_stream(folder, config), 3):
            assert batch.audio.shape == (8, 4096)
            assert batch.presence.shape == batch.mask.shape == (8, 3)
            assert batch.envelope.shape == (8, 3, CONFIG.frames) == (8, 3, 9)
            assert all(part.dtype == torch.float32 and part.isfinite().all() for part in batch)
            assert batch.audio.abs().max() <= 1
            assert set(batch.presence.unique().tolist()) <= {0.0, 1.0}
            assert set(batch.mask.unique().tolist()) <= {0.0, 1.0}
            assert batch.envelope.min() >= 0


def test_a_batch_depends_on_seed_and_number_alone(folder: Path) -> None:
    stream, again, other = _stream(folder), _stream(folder), _stream(folder, seed=4)
    later = stream.batch(7)
    stream.batch(2)
    for a, b, c in zip(later, again.batch(7), stream.batch(7), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c)
    assert not torch.equal(later.audio, other.batch(7).audio)
    assert not torch.equal(later.audio, stream.batch(8).audio)


def test_a_stream_that_goes_on_continues_where_it_stopped(folder: Path) -> None:
    whole = list(islice(_stream(folder), 4))
    rest = list(islice(_stream(folder, start_step=2), 2))
    assert all(torch.equal(a.audio, b.audio) for a, b in zip(whole[2:], rest, strict=True))


def test_workers_change_neither_content_nor_order(folder: Path) -> None:
    alone = list(islice(make_loader(_stream(folder)), 5))
    together = list(islice(make_loader(_stream(folder), workers=2), 5))
    assert len(alone) == len(together) == 5
    for a, b in zip(alone, together, strict=True):
        assert torch.equal(a.audio, b.audio)
        assert torch.equal(a.envelope, b.envelope)


def test_a_stream_travels_to_another_process_without_its_samples(folder: Path) -> None:
    stream = _stream(folder)
    samples = sum(path.stat().st_size for path in (folder / "cache").rglob("samples.i16"))
    assert len(pickle.dumps(stream.bank)) < samples / 4
    there = pickle.loads(pickle.dumps(stream))  # noqa: S301  our own bytes
    assert torch.equal(there.batch(3).audio, stream.batch(3).audio)


def test_stems_and_bed_add_up_to_the_mixture(folder: Path) -> None:
    loud = {name: 1.0 for name in AugmentConfig.model_fields if name not in ("codec", "dc")}
    for augment in (AugmentConfig.none(), AugmentConfig(codec=0, dc=0), AugmentConfig(codec=0, dc=0, **loud)):
        stream = _stream(folder, CONFIG.model_copy(update={"augment": augment}))
        for seed in range(12):
            mix = stream.mixer.render(np.random.default_rng(seed))
            np.testing.assert_allclose(mix.stems.sum(axis=0) + mix.bed, mix.audio, atol=2e-6)


def test_envelopes_are_the_rms_of_what_is_heard(folder: Path) -> None:
    config = CONFIG.model_copy(update={"augment": AugmentConfig.none(), "sizes": (0.0, 1.0), "other": 0.0})
    batch = _stream(folder, config).batch(0)
    for window, envelope in zip(batch.audio.numpy(), batch.envelope.numpy(), strict=True):
        audible = envelope.sum(axis=0)  # one source: all other labels are zero
        for n in range(1, CONFIG.frames - 1):
            frame = window[n * 512 - 512 : n * 512 + 512]
            assert audible[n] == pytest.approx(np.sqrt(np.mean(frame**2)), abs=1e-4)


def test_presence_follows_what_sounds_in_the_window_not_what_was_meant(folder: Path) -> None:
    config = CONFIG.model_copy(update={"augment": AugmentConfig.none(), "sizes": (0.0, 1.0), "same_start": 0.0})
    stream = _stream(folder, config)
    for step in range(6):
        batch = stream.batch(step)
        silent = batch.audio.abs().amax(dim=1) < 1e-4
        assert batch.presence[silent].sum() == 0
        assert (batch.presence.sum(dim=1) <= 1).all()


def test_frame_energy_agrees_with_the_slow_way() -> None:
    sound = np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    for length, hop in ((1024, 512), (2048, 1024), (600, 441), (512, 512)):
        energy = frame_energy(sound, length, hop)
        padded = np.pad(sound, ((0, 0), (length // 2, length))).astype(np.float64)
        slow = [np.mean(padded[:, n * hop : n * hop + length] ** 2, axis=1) for n in range(5000 // hop + 1)]
        np.testing.assert_allclose(energy, np.array(slow).T, rtol=1e-4)


def test_presence_is_yes_no_or_not_asked() -> None:
    rest = np.full(20, 0.1**2)
    for level_db, expected in ((-10, (1.0, 1.0)), (-26, (0.0, 0.0)), (-40, (0.0, 1.0))):
        present, clear = presence(rest * 10 ** (level_db / 10), rest, 0.023, 1.0)
        assert (float(present), float(clear)) == expected
    click = np.zeros(20)
    click[3] = 1.0  # 23 ms are too short for a yes and too loud for a no
    assert tuple(map(float, presence(click, rest * 0, 0.023, 1.0))) == (0.0, 0.0)


def test_unclear_labels_are_masked(folder: Path) -> None:
    labels = (*tiny_bank.LABELS, "tuba")
    with pytest.raises(DataError, match="no solo clips of tuba"):
        _stream(folder, labels=labels)
    batch = _stream(folder, labels=labels, allow_missing_labels=True).batch(0)
    assert batch.mask[:, 3].sum() == 0
    assert batch.presence[:, 3].sum() == 0


def test_held_out_sources_are_not_drawn(folder: Path) -> None:
    stream = _stream(folder, hold_out=("south",))
    rng = np.random.default_rng(0)
    audible = {voice.source for _ in range(40) for voice in stream.mixer.render(rng, size=2).voices}
    assert audible == {"north"}


def test_who_plays_together_begins_together(folder: Path) -> None:
    def agreement(together: float) -> float:
        config = CONFIG.model_copy(
            update={"augment": AugmentConfig.none(), "together": together, "same_start": 1.0, "mix_s": 3.0}
        )
        mixer = _stream(folder, config).mixer
        found = []
        for seed in range(40):
            stems = mixer.render(np.random.default_rng(seed), names=["flute", "piano"]).stems
            energy = frame_energy(stems, 512, 256)
            rises = np.maximum(np.diff(np.sqrt(energy), axis=1), 0)
            found.append(np.corrcoef(rises)[0, 1])
        return float(np.nanmean(found))

    assert agreement(1.0) > agreement(0.0) + 0.2


def test_sections_are_for_instruments_that_play_no_chords(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[str, int] = {}

    def counted(bank: Bank, voice: Voice, *args: Any, **kwargs: Any) -> Any:
        counts[voice.name] = counts.get(voice.name, 0) + 1
        return render_phrase(bank, voice, *args, **kwargs)

    monkeypatch.setattr(mixer_module, "render_phrase", counted)
    config = CONFIG.model_copy(update={"augment": AugmentConfig.none(), "section": 1.0, "phrases": 1.0})
    mixer = _stream(folder, config).mixer
    for seed in range(20):
        mix = mixer.render(np.random.default_rng(seed), names=["flute", "piano", "drums"])
        assert mix.stems.any(axis=1).all()
        assert np.isfinite(mix.audio).all()
    assert 40 <= counts["flute"] <= 80
    assert (counts["piano"], counts["drums"]) == (20, 20)


def test_neuroment_levels_follow_equations_8_and_9() -> None:
    rng = np.random.default_rng(0)
    singles = np.array([neuroment_levels(rng, 1, 0.5, 0.01)[0] for _ in range(4000)])
    assert singles.mean() == pytest.approx(0.5, abs=0.01)
    assert singles.std() == pytest.approx(0.1, abs=0.01)
    for count in (1, 2, 3, 4):
        for _ in range(200):
            levels = neuroment_levels(rng, count, 0.5, 0.01)
            assert min(levels) > 0
            assert sum(levels) <= 1 + 1e-9


def test_neuroment_mixes_one_to_four_sources_equally_often(folder: Path) -> None:
    config = CONFIG.model_copy(update={"mode": "neuroment", "augment": AugmentConfig.none()})
    stream = _stream(folder, config)
    counts = [len(stream.mixer.render(np.random.default_rng(seed)).voices) for seed in range(200)]
    shares = np.bincount(counts, minlength=5)[1:] / 200
    assert sum(shares) == 1
    np.testing.assert_allclose(shares, 0.25, atol=0.1)


def test_a_room_answers_after_the_sound_and_never_before() -> None:
    rooms = Rooms(8000, 4000, count=4, seed=1)
    click = np.zeros(4000, np.float32)
    click[1000] = 1.0
    for seed in range(8):
        wet = rooms.apply(click, rooms.flat(), rooms.draw_room(np.random.default_rng(seed)))
        assert np.abs(wet[:1000]).max() < 1e-5
        assert wet[1000] == pytest.approx(1.0, abs=1e-3)
        assert np.abs(wet[1001:]).max() > 1e-3


def test_rooms_decay() -> None:
    for seed in range(10):
        response = room_response(8000, np.random.default_rng(seed))
        half = len(response) // 2
        assert response[0] == 1
        assert np.sum(response[half:] ** 2) < np.sum(response[:half] ** 2)


def test_flat_gains_change_nothing_and_a_low_pass_takes_the_treble() -> None:
    rooms = Rooms(8000, 4000, count=1)
    low, high = (np.sin(2 * np.pi * hz * np.arange(4000) / 8000).astype(np.float32) for hz in (300, 3500))
    np.testing.assert_allclose(rooms.apply(low, rooms.flat()), low, atol=1e-5)
    through = rooms.apply(low + high, rooms.low_pass(1500, 16))[500:3500]
    assert np.std(through - low[500:3500]) < 0.02


def test_overdrive_adds_harmonics_but_no_low_aliases() -> None:
    sound = 0.14 * np.sin(2 * np.pi * 800 * np.arange(16000) / 8000).astype(np.float32)
    driven = overdrive(sound, 30.0)
    spectrum = np.abs(np.fft.rfft(driven * np.hanning(16000)))
    assert spectrum[4800] > 0.1 * spectrum[1600]  # third harmonic, 2400 Hz
    assert spectrum[200:1500].max() < 0.01 * spectrum[1600]


def test_a_compressor_only_turns_down_and_narrows_the_range() -> None:
    rng = np.random.default_rng(0)
    sound = np.concatenate((np.full(8000, 0.01), np.full(8000, 0.8))).astype(np.float32)
    for seed in range(5):
        gain = compressor_gain(sound, 8000, np.random.default_rng(seed))
        assert gain.shape == sound.shape
        assert gain.max() <= 1 + 1e-6
        assert gain[15000] <= gain[100] + 1e-6
    assert rng is not None


def test_codec_loss_keeps_length_and_most_of_the_sound() -> None:
    sound = tiny_bank.tone(69, 1.0, harmonics=4)
    for seed in range(5):
        coded = codec_loss(sound, tiny_bank.RATE, np.random.default_rng(seed))
        assert coded.shape == sound.shape
        assert 0.5 < np.corrcoef(sound, coded)[0, 1] < 1


def test_noises_have_unit_level_and_the_asked_length() -> None:
    noises = Noises(8000, 6000)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert noises.hiss(rng).shape == noises.hum(rng).shape == (6000,)
        assert np.sqrt(np.mean(noises.hum(rng) ** 2)) == pytest.approx(1, rel=0.01)


def test_gains_cover_40_db(folder: Path) -> None:
    stream = _stream(folder, CONFIG.model_copy(update={"sizes": (0.0, 1.0)}))
    peaks = [20 * np.log10(np.abs(stream.mixer.render(np.random.default_rng(s)).audio).max() + 1e-9) for s in range(80)]
    assert min(peaks) < -30
    assert max(peaks) > -3


def test_real_clips_come_with_what_is_in_them(folder: Path) -> None:
    clips = list(eval_clips(_selection(folder, split="dev"), tiny_bank.RATE))
    assert [(clip.labels, clip.others, clip.solo) for clip in clips] == [
        (("flute",), (), True),
        (("flute", "piano"), (), False),
        ((), ("oboe",), False),
    ]
    assert all(clip.audio.dtype == np.float32 and clip.source == "stage" for clip in clips)
    with pytest.raises(DataError, match="no clips of split 'test'"):
        next(eval_clips(_selection(folder, split="test"), tiny_bank.RATE))


def test_held_out_mixes_grow_in_size_and_repeat(folder: Path) -> None:
    def draw() -> list[tuple[int, tuple[str, ...], float]]:
        plan = MixPlan((0, 1, 2, 3), per_size=3, seconds=2.0)
        mixes = held_out_mixes(_selection(folder, sources=("south",)), tiny_bank.RATE, plan)
        return [(mix.size, mix.labels, float(np.abs(mix.audio).sum())) for mix in mixes]

    first = draw()
    assert first == draw()
    assert [size for size, _, _ in first] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert all(len(labels) <= size for size, labels, _ in first)
    assert any(len(labels) >= 2 for _, labels, _ in first)


def test_envelopes_of_held_out_mixes_have_the_frames_of_the_model_that_is_scored(folder: Path) -> None:
    selection = _selection(folder, sources=("south",))
    usual, own = (
        next(held_out_mixes(selection, tiny_bank.RATE, MixPlan((2,), per_size=1, seconds=2.0, frame_hop=hop)))
        for hop in (0, 160)
    )
    np.testing.assert_array_equal(own.audio, usual.audio)
    assert (usual.frame_hop, own.frame_hop) == (186, 160)
    assert own.envelope.shape[1] == len(own.audio) // 160 + 1


def test_mixtures_are_the_same_whatever_model_is_scored_on_them(folder: Path) -> None:
    """Labels fewer, more and in another order: the same sound, and each label as true as before."""
    every = tiny_bank.LABELS

    def draw(labels: Sequence[str]) -> list[EvalMix]:
        plan = MixPlan((0, 1, 2, 3), per_size=3, seconds=2.0)
        return list(held_out_mixes(_selection(folder, labels=tuple(labels)), tiny_bank.RATE, plan, players=every))

    first = draw(every)
    for labels in (every[1:], ("triangle", *reversed(every))):
        for mix, known in zip(first, draw(labels), strict=True):
            np.testing.assert_array_equal(mix.audio, known.audio)
            assert set(known.labels) == set(mix.labels).intersection(labels)
            for label in set(every).intersection(labels):
                row, other = mix.envelope[every.index(label)], known.envelope[labels.index(label)]
                np.testing.assert_array_equal(row, other)
    assert {label for mix in first for label in mix.labels} == set(every)


def test_who_plays_for_all() -> None:
    assert common_players(["oboe", "violin"]) == LABELS
    assert common_players(["oboe", "shawm"]) == ("oboe", "shawm")


def test_negative_numbers_are_mistakes(folder: Path) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        _stream(folder, start_step=-1)
    with pytest.raises(ValueError, match="workers must not be negative"):
        make_loader(_stream(folder), workers=-1)


def test_rendering_a_batch(folder: Path, benchmark: BenchmarkFixture) -> None:
    """Windows a second on one core: batch size over the time shown."""
    stream = _stream(folder)
    benchmark(stream.batch, 5)
