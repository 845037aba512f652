"""Windows of clips as they are."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_bank
import torch
from pydantic import ValidationError

from irec_live.errors import DataError
from irec_models.data import AugmentConfig, ClipSelection, ClipStream, DataFolders, StreamConfig, make_loader
from irec_models.losses import categorical_cross_entropy, masked_cross_entropy

RATE = 8000
CONFIG = StreamConfig(sample_rate=RATE, window_length=RATE, frame_length=512, frame_hop=256, batch_size=4, mode="clips")
LABELS = ("flute", "piano", "drums")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips to train on, one to validate; the piano's drums are unknown."""
    root = tmp_path_factory.mktemp("clips")
    rows = [
        ("train", "flute.wav", "flute", "", 3.0, 60),
        ("train", "piano.wav", "piano", "drums", 2.5, 64),
        ("train", "both.wav", "flute;drums;oboe", "", 0.5, 67),
        ("dev", "late.wav", "piano", "", 2.0, 72),
    ]
    with (root / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("split", "file", "labels", "unknown", "kind", "source"))
        for split, file, labels, unknown, seconds, pitch in rows:
            tone = np.pad(tiny_bank.tone(pitch, seconds), (0, 1))[: round(seconds * RATE) - (file == "flute.wav")]
            soundfile.write(root / file, tone, RATE)
            writer.writerow((split, file, labels, unknown, "music", file))
    return root


def _stream(
    folder: Path,
    cache: Path,
    *,
    seed: int = 3,
    split: str = "train",
    start_step: int = 0,
    allow_missing_labels: bool = False,
) -> ClipStream:
    selection = ClipSelection(DataFolders(folder, cache), split, labels=LABELS)
    return ClipStream(CONFIG, selection, seed=seed, start_step=start_step, allow_missing_labels=allow_missing_labels)


@pytest.fixture(scope="module")
def stream(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> ClipStream:
    return _stream(folder, tmp_path_factory.mktemp("cache"))


def test_clips_are_divided_without_overlap_and_short_ones_padded(stream: ClipStream) -> None:
    # One sample short of 3 s is still three windows; of 2.5 s the half is left over.
    assert [(index, first // RATE) for index, first in stream.windows.tolist()] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (2, 0),
    ]
    last = list(stream.epoch())[-1]
    assert last.audio.shape == (2, RATE)
    assert float(last.audio[-1, : RATE // 2].abs().max()) > 0.5
    assert float(last.audio[-1, RATE // 2 :].abs().max()) == 0.0


def test_windows_have_their_clips_labels_and_what_nobody_annotated_is_masked(stream: ClipStream) -> None:
    first, last = stream.epoch()
    assert first.presence[0].tolist() == [1, 0, 0]
    assert first.mask[0].tolist() == [1, 1, 1]
    assert last.presence[0].tolist() == [0, 1, 0]
    assert last.mask[0].tolist() == [1, 1, 0]
    assert last.presence[1].tolist() == [1, 0, 1]


def test_every_window_comes_once_an_epoch_whatever_the_batch_size(stream: ClipStream) -> None:
    batches = [stream.batch(step) for step in range(3)]  # two epochs of six windows
    audio = torch.cat([batch.audio for batch in batches])
    whole = torch.cat([batch.audio for batch in stream.epoch()])
    for epoch in (audio[:6], audio[6:]):
        matches = (epoch[:, None] == whole[None]).all(dim=2)
        assert matches.any(dim=0).all()
        assert matches.any(dim=1).all()


def test_a_batch_depends_on_the_seed_and_its_number_alone(folder: Path, tmp_path: Path, stream: ClipStream) -> None:
    again = _stream(folder, tmp_path, start_step=5)
    for step, batch in zip((5, 6, 7), make_loader(again, workers=0), strict=False):
        assert all(torch.equal(a, b) for a, b in zip(batch, stream.batch(step), strict=True))
    other = _stream(folder, tmp_path, seed=4)
    assert any(not torch.equal(other.batch(n).audio, stream.batch(n).audio) for n in range(4))


def test_worker_processes_change_nothing(folder: Path, tmp_path: Path, stream: ClipStream) -> None:
    again = _stream(folder, tmp_path)
    for step, batch in enumerate(islice(make_loader(again, workers=2), 4)):
        assert torch.equal(batch.audio, stream.batch(step).audio)


def test_a_label_without_clips_is_an_error_unless_allowed(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no clips of drums, flute in split 'dev'"):
        _stream(folder, tmp_path, split="dev")
    allowed = _stream(folder, tmp_path, split="dev", allow_missing_labels=True)
    (batch,) = allowed.epoch()
    assert batch.mask.tolist() == [[0, 1, 0]] * 2
    with pytest.raises(DataError, match="no clips of split 'moon'"):
        _stream(folder, tmp_path, split="moon")


def test_augmentation_of_plain_clips_is_refused() -> None:
    with pytest.raises(ValidationError, match="augment has no use"):
        StreamConfig(mode="clips", augment=AugmentConfig())
    assert StreamConfig(mode="clips", augment=AugmentConfig.none()).mode == "clips"


def test_the_categorical_loss_asks_for_ratios_alone() -> None:
    torch.manual_seed(0)
    logits = torch.randn(5, 4) - 6  # where a sigmoid is an exponential, a common offset cancels
    targets = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 3, 0]), 4).float()
    mask = torch.ones(5, 4)
    by_hand = torch.nn.functional.cross_entropy(logits, targets.argmax(1))
    assert float(categorical_cross_entropy(logits, targets, mask)) == pytest.approx(float(by_hand), rel=1e-2)
    shifted = categorical_cross_entropy(logits - 3, targets, mask)
    assert float(shifted) == pytest.approx(float(categorical_cross_entropy(logits, targets, mask)), rel=1e-2)
    assert float(masked_cross_entropy(logits - 3, targets, mask)) > float(masked_cross_entropy(logits, targets, mask))


def test_the_categorical_loss_leaves_out_what_is_masked_and_windows_without_labels() -> None:
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    targets = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]])
    mask = torch.tensor([[1.0, 1, 0, 1], [1, 1, 1, 1], [1, 1, 0, 1]])
    loss = categorical_cross_entropy(logits, targets, mask)
    loss.backward()  # type: ignore[no-untyped-call]
    gradient = logits.grad
    assert gradient is not None
    assert torch.isfinite(gradient).all()
    assert gradient[:, 2].tolist() == [0, 0, 0]
    assert gradient[1].tolist() == [0, 0, 0, 0]
    assert float(categorical_cross_entropy(logits, targets * 0, mask).detach()) == 0.0
