"""Real recordings as a training stream: drawn by source, some over each other, ensembles as bags."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_bank
import torch

from irec_live.errors import DataError
from irec_models.data import ClipSelection, DataFolders, ExcerptStream, StreamConfig
from irec_models.data.mixing.config import ExcerptConfig
from irec_models.data.mixing.excerpt_stream import SOMEWHERE

PLAIN = ExcerptConfig(**dict.fromkeys(("mixtures", "overlays", "others", "noise", "silence", "bag"), 0), noisy=0)


def _config(**changes: float) -> StreamConfig:
    return StreamConfig(
        sample_rate=tiny_bank.RATE,
        window_length=4096,
        frame_length=1024,
        frame_hop=512,
        batch_size=16,
        mix_s=1.5,
        windows_per_mix=2,
        other=0.2,
        mode="excerpts",
        excerpts=PLAIN.model_copy(update=changes),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bank with one ensemble, and one flute of a third source."""
    root = tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))
    rng = np.random.default_rng(2)
    (root / "train" / "more").mkdir()
    duo = (0.1 * rng.standard_normal(3 * tiny_bank.RATE)).astype(np.float32)
    soundfile.write(root / "train/more/duo.wav", duo, tiny_bank.RATE)
    soundfile.write(root / "train/more/one.wav", tiny_bank.tone(70, 1.0), tiny_bank.RATE)
    with (root / "manifest.csv").open("a", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("train", "train/more/duo.wav", "flute;piano", "duo", "music", "hall", "more/duo"))
        writer.writerow(("train", "train/more/one.wav", "flute", "flute", "phrases", "east", "more/one"))
    return root


def _stream(
    folder: Path,
    config: StreamConfig,
    *,
    labels: tuple[str, ...] = tiny_bank.LABELS,
    seed: int = 3,
    allow_missing_labels: bool = False,
) -> ExcerptStream:
    selection = ClipSelection(DataFolders(folder, folder / "cache"), labels=labels)
    return ExcerptStream(config, selection, seed=seed, allow_missing_labels=allow_missing_labels)


def test_a_batch_depends_on_seed_and_number_alone(folder: Path) -> None:
    config = _config(mixtures=0.25, overlays=0.3, others=0.1, noise=0.1, bag=2, silence=0.1)
    first, again = _stream(folder, config), _stream(folder, config)
    again.batch(0)
    for one, other in zip(first.batch(4), again.batch(4), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(first.batch(5).audio, first.batch(4).audio)
    batch = first.batch(4)
    assert batch.audio.shape == (16, 4096)
    assert batch.presence.shape == batch.mask.shape == (16, 3)
    assert batch.envelope.shape == (16, 3, config.frames)
    assert bool(batch.audio.isfinite().all())
    assert float(batch.audio.abs().max()) <= 1.0


def test_solos_hold_one_label_each_and_all_labels_alike(folder: Path) -> None:
    stream = _stream(folder, _config())
    presence = torch.cat([stream.batch(step).presence for step in range(12)])
    assert float(presence.sum(dim=1).max()) == 1
    assert float((presence.sum(dim=1) == 1).float().mean()) > 0.95  # now and then a rest between two notes
    shares = presence.mean(dim=0)
    assert float(shares.min()) > 0.2


def test_a_small_source_is_drawn_nearly_as_often_as_a_large_one(folder: Path) -> None:
    stream = _stream(folder, _config(source_s=1.0))
    rng = np.random.default_rng(0)
    drawn = Counter(stream.bank.clips[stream._draw(rng, "flute").clips[0]].source for _ in range(600))
    assert set(drawn) == {"north", "south", "east"}
    assert min(drawn.values()) > 150


def test_noise_others_and_silence_hold_no_label_and_say_so(folder: Path) -> None:
    for kind in ("noise", "others", "silence"):
        batch = _stream(folder, _config(**{kind: 1.0})).batch(0)
        assert float(batch.presence.sum()) == 0
        assert bool((batch.mask == 1).all())


def test_overlays_hold_several_labels(folder: Path) -> None:
    batch = _stream(folder, _config(overlays=1.0)).batch(0)
    assert float(batch.presence.sum(dim=1).max()) >= 2


def _levels(audio: torch.Tensor) -> torch.Tensor:
    """RMS (B, 9) of frames of 1024 samples about multiples of 512; of those at the edges, of what is there."""
    squares = audio.square()
    return torch.stack([squares[:, max(0, at - 512) : at + 512].mean(dim=1).sqrt() for at in range(0, 4097, 512)], 1)


def test_the_envelope_of_a_solo_is_the_level_of_the_window(folder: Path) -> None:
    batch = _stream(folder, _config()).batch(0)
    torch.testing.assert_close(batch.envelope.amax(dim=1), _levels(batch.audio), atol=1e-3, rtol=1e-3)
    sounding = (batch.envelope.amax(dim=2) > 0).sum(dim=1)
    assert int(sounding.max()) == 1
    assert bool((sounding >= batch.presence.sum(dim=1)).all())


def test_envelopes_of_excerpts_over_each_other_share_the_level_of_the_window(folder: Path) -> None:
    for noisy in (0.0, 1.0):
        config = _config(overlays=1.0, noisy=noisy, room=0.0, colour=0.0, band_limit=0.0, codec=0.0, clipping=0.0)
        batch = _stream(folder, config.model_copy(update={"other": 0.0})).batch(0)
        assert float((batch.envelope.amax(dim=2) > 0).sum(dim=1).float().mean()) > 1.5
        whole, level = batch.envelope.square().sum(dim=1).sqrt(), _levels(batch.audio)
        if noisy:
            assert float((whole / level).mean()) < 0.97  # what is noise belongs to nobody
        else:
            torch.testing.assert_close(whole, level, atol=1e-3, rtol=1e-3)


def test_of_an_ensemble_it_is_known_who_plays_but_not_when(folder: Path) -> None:
    batch = _stream(folder, _config(bag=3)).batch(0)
    assert batch.mask[:3].tolist() == [[SOMEWHERE, SOMEWHERE, 1.0]] * 3
    assert float(batch.presence[:3].sum()) == 0
    assert bool((batch.mask[3:] == 1).all())


def test_a_label_without_examples_is_refused_or_masked(folder: Path) -> None:
    labels = (*tiny_bank.LABELS, "kazoo")
    with pytest.raises(DataError, match="no solo clips of kazoo"):
        _stream(folder, _config(), labels=labels)
    batch = _stream(folder, _config(), labels=labels, allow_missing_labels=True).batch(0)
    assert float(batch.mask[:, 3].sum()) == 0
    with pytest.raises(DataError, match="no solo clips"):
        _stream(folder, _config(), labels=("kazoo",), allow_missing_labels=True)
    with pytest.raises(ValueError, match="must not be negative"):
        _stream(folder, _config(), seed=-1)
