"""Training on sequences: what a network that keeps a state learns from labels, from a teacher and from its start."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_bank
import torch
from network_fixtures import write_network
from rich.console import Console

from irec_live.errors import CheckpointError, RecipeError
from irec_live.models.detector import Detector
from irec_models.checkpoint import load_checkpoint
from irec_models.data import Batch, ClipSelection, DataFolders
from irec_models.measuring.predictors import model_file, predict_recording
from irec_models.nets import TuttiMobileNet, TuttiStreamNet
from irec_models.recipes.recipe import Recipe, load_recipe
from irec_models.training.fit import fit
from irec_models.training.pieces import cut_pieces
from irec_models.training.run import Run
from irec_models.training.sequences import (
    PLAN,
    PublishedTags,
    SequenceTrainer,
    TaughtSequences,
    check_teacher,
    sequence_stream,
)
from irec_models.training.teacher import TaughtBatch

SETTINGS = (
    'data.labels=["flute", "piano", "drums"]',
    "model.start_from=window",
    "stream.label_weights=",
    "stream.batch_size=8",
    "sequences.batch_size=2",
    "sequences.keep=0",
    "sequences.teach=0",
    "train.steps=2",
    "train.validation_steps=1",
    "train.normalization_steps=1",
    "train.checkpoint_every=1",
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a network of windows."""
    torch.manual_seed(0)
    return write_network(tmp_path_factory.mktemp("start") / "window.pt", TuttiMobileNet(3), hop_length=3200)


def recipe(*settings: str) -> Recipe:
    return load_recipe(Path("tutti-1s"), (*SETTINGS, *settings))


def train(bank: Path, out: Path, window: Path, *settings: str, **options: object) -> SequenceTrainer:
    trainer = fit(
        Path("tutti-1s"),
        [bank],
        out,
        settings=(*SETTINGS, *settings),
        start_from=window,
        workers=0,
        device="cpu",
        console=Console(file=io.StringIO()),
        **options,
    )
    assert isinstance(trainer, SequenceTrainer)
    return trainer


def selection(bank: Path) -> ClipSelection:
    return ClipSelection(DataFolders([bank]), "train", labels=tiny_bank.LABELS)


def test_a_run_begins_with_a_network_of_windows_and_resumes(bank: Path, window: Path, tmp_path: Path) -> None:
    trainer = train(bank, tmp_path / "run", window, "train.steps=1")
    assert trainer.step == 1
    again = train(bank, tmp_path / "run", window, resume=True)
    assert again.step == 2
    best = load_checkpoint(Run(tmp_path / "run").best)
    network = best.network()
    assert isinstance(network, TuttiStreamNet)
    assert best.spec.hop_length == 5120
    assert best.training["start"]["name"] == "window"
    assert float(network.longer.weight.detach().abs().max()) > 0.0


def test_a_batch_has_an_answer_for_every_step_from_the_first_second_on(bank: Path) -> None:
    stream = sequence_stream(recipe(), selection(bank))
    batch = stream.batch(3)
    assert batch.audio.shape == (2, round(PLAN.seconds * 32_000))
    assert batch.presence.shape == batch.mask.shape == (2, 60, 3)
    assert torch.equal(stream.batch(3).audio, batch.audio)
    columns = TuttiStreamNet(3).sequence_columns(batch.audio)
    assert columns.shape[1] // 16 - 5 == 59


def test_pieces_of_sequences_are_learnt_with_their_own_labels(bank: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    given = recipe("sequences.teach=1")
    trainer = SequenceTrainer(given, given.network(), Run(tmp_path), [], None)
    taught = TaughtBatch(sequence_stream(given, selection(bank)).batch(0), torch.full((2, 20, 3), 0.25))
    for trainer.step in range(4):
        loss, others = trainer._loss_of(taught)
        assert bool(torch.isfinite(loss))
        assert 0.0 < others < float(loss.detach())


def numbered(sequences: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Columns that tell their step, and labels, masks and advice that tell their window; none is 0."""
    steps = 1.0 + torch.arange(64.0)
    columns = steps.repeat_interleave(16)[None, :, None].expand(sequences, -1, 4)
    windows = steps[:59, None].expand(sequences, -1, 3)
    return columns, windows, windows, windows[:, ::3]


def test_each_piece_has_the_answers_to_what_it_hears() -> None:
    lengths = set()
    for seed in range(60):
        pieces = cut_pieces(*numbered(), 16, np.random.default_rng(seed))
        steps, rows = pieces.columns[:, ::16, 0], pieces.presence[..., 0]
        length = steps.shape[1]
        assert length not in lengths or len(steps) == 2 * (64 // length)
        lengths.add(length)
        assert rows.shape[1] == length - 5
        assert pieces.long == (length in (64, 31))
        silent = (steps == 0).sum(dim=1)
        assert bool(((silent == 0) | (silent >= 4)).all())
        for piece, begins in enumerate(silent.tolist()):
            first = round(float(steps[piece, -1])) - length + 1
            assert (first - 1) % 3 == 0
            wanted = torch.arange(float(first), float(first + length - 5))
            nothing, clear = max(0, begins - 5), max(0, begins - 2)
            torch.testing.assert_close(rows[piece, clear:], wanted[clear:])
            assert not rows[piece, :nothing].any()
            assert bool((pieces.mask[piece, :nothing] > 0).all()), "that nothing sounds is known"
            assert not pieces.mask[piece, nothing:clear].any()
            torch.testing.assert_close(pieces.advice[piece, :, 0], wanted[::3])
            heard = torch.arange(pieces.advice.shape[1]) * 3 >= begins
            assert pieces.advised[piece].bool().tolist() == heard.tolist()
    assert lengths == {64, 31, 22, 12}


def test_of_an_ensemble_short_pieces_say_nothing_and_without_a_teacher_there_is_no_advice() -> None:
    columns, windows, _, _ = numbered()
    for seed in range(12):
        pieces = cut_pieces(
            columns, windows, -torch.ones_like(windows), windows[:, :0], 16, np.random.default_rng(seed)
        )
        assert bool((pieces.mask < 0).any()) == pieces.long
        assert pieces.advice.shape[1] == pieces.advised.shape[1] == 0


def test_the_teacher_says_of_windows_what_it_says_in_the_app(private_home: Path, context_file: Path) -> None:
    teacher = Detector(context_file, provider="cpu")
    assert teacher.context is not None
    sound = 0.1 * np.random.default_rng(0).standard_normal(round(PLAN.seconds * 32_000)).astype(np.float32)
    sound[40_000:90_000] = 0.0
    batch = Batch(torch.from_numpy(sound)[None], *torch.zeros(3, 1, 60, 13))
    config = SimpleNamespace(sample_rate=32_000)
    stream = SimpleNamespace(config=config, labels=teacher.spec.labels, hop=5120, batch=lambda step: batch)
    (taught,) = TaughtSequences(stream, context_file).taught_batch(0).taught.numpy()
    assert taught.shape == (20, 13)
    for row in (0, 1, 19):
        end = row * 3 * 5120 + 32_000
        np.testing.assert_allclose(taught[row], predict_recording(teacher, sound[:end], 3 * 5120)[row], atol=1e-5)
    assert [row for row in range(20) if not taught[row].any()] == [3]


def test_a_teacher_of_other_labels_is_refused(bank: Path, windows_file: Path) -> None:
    with pytest.raises(RecipeError, match="cannot teach: it is for another sample rate or for other labels"):
        TaughtSequences(sequence_stream(recipe(), selection(bank)), windows_file)
    with pytest.raises(RecipeError, match="cannot teach: it keeps a state over a stream; give a network of windows"):
        check_teacher(32_000, load_recipe("tutti-1s").data.labels, model_file(Path("tutti-1s")))


def test_a_recipe_tells_who_teaches_it() -> None:
    assert load_recipe(Path("tutti-1s")).teacher == "tutti-1s-windows"
    assert load_recipe(Path("tutti-1s"), ("sequences.teach=0",)).teacher == ""


def test_what_the_recipe_needs_is_asked_for_before_the_first_step(bank: Path, window: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="give the exported file of a network of windows with --teacher"):
        train(bank, tmp_path / "run", window, "sequences.teach=1")
    with pytest.raises(RecipeError, match="give that file with --keep-to"):
        train(bank, tmp_path / "run", window, "sequences.keep=1")
    with pytest.raises(RecipeError, match="--keep-to has no use"):
        train(bank, tmp_path / "run", window, keep_to=window)
    with pytest.raises(CheckpointError, match="is not the published mn04_as"):
        train(bank, tmp_path / "run", window, "sequences.keep=1", keep_to=window)
    with pytest.raises(RecipeError, match="networks that keep a state learn from"):
        load_recipe(Path("tutti-1s-windows"), ("sequences.batch_size=2", "keep=")).network()
    assert not (tmp_path / "run").exists()


def test_what_the_trunk_knew_is_kept(tmp_path: Path) -> None:
    published = TuttiMobileNet(1)
    parts = [published.trunk, published.hidden, published.tags]
    given = {
        f"{number}.{name}": value for number, part in enumerate(parts) for name, value in part.state_dict().items()
    }
    torch.save(given, tmp_path / "published.pt")
    tags = PublishedTags(tmp_path / "published.pt")
    columns = torch.rand(2, 64, 128)
    said = tags(columns, columns.mean(dim=2))
    assert said.shape == (2, 527)
    assert bool(((said > 0) & (said < 1)).all())
    torch.testing.assert_close(tags(4 * columns, 4 * columns.mean(dim=2)), said, atol=1e-4, rtol=1e-4)
