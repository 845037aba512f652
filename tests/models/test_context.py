"""Training of a context head: sequences whose moments are labelled, what is learnt from them, and the file it makes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tiny_bank
import torch

from irec_live.errors import CheckpointError, RecipeError
from irec_live.models.detector import Detector
from irec_models.context.features import SequenceFeatures, readable, sequence_features
from irec_models.context.fit import fit_context, train_head
from irec_models.context.head import ContextHeadNet
from irec_models.data import ClipSelection, DataFolders, StreamConfig
from irec_models.data.mixing import sequences
from irec_models.data.mixing.excerpt_stream import SOMEWHERE
from irec_models.data.mixing.sequences import USUAL, SequenceStream
from irec_models.losses import sequence_loss
from irec_models.measuring.predictors import model_file
from irec_models.recipes.recipe import ContextSection, load_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    """The tiny bank with an ensemble of four seconds."""
    root = tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))
    duo = (0.1 * np.random.default_rng(2).standard_normal(4 * tiny_bank.RATE)).astype(np.float32)
    (root / "train" / "more").mkdir()
    soundfile.write(root / "train/more/duo.wav", duo, tiny_bank.RATE)
    with (root / "manifest.csv").open("a", newline="") as stream:
        csv.writer(stream).writerow(("train", "train/more/duo.wav", "flute;piano", "duo", "music", "hall", "more/duo"))
    return root


@pytest.fixture(scope="module")
def stream(folder: Path) -> SequenceStream:
    config = StreamConfig(sample_rate=tiny_bank.RATE, window_length=tiny_bank.RATE, mode="excerpts")
    selection = ClipSelection(DataFolders([folder]), "train", labels=tiny_bank.LABELS)
    return SequenceStream(config, selection, seed=3)


def test_a_sequence_depends_on_seed_and_number_alone(stream: SequenceStream) -> None:
    for number in (0, 5):
        for one, again in zip(stream.sequence(number), stream.sequence(number), strict=True):
            assert np.array_equal(one, again)
    assert not np.array_equal(stream.sequence(0).audio, stream.sequence(1).audio)


def test_sequences_of_all_kinds_are_whole_and_finite(stream: SequenceStream) -> None:
    rows = stream.windows
    assert rows == 37
    masks = set()
    for number in range(40):
        audio, presence, mask = stream.sequence(number)
        assert audio.shape == (10 * tiny_bank.RATE,)
        assert presence.shape == mask.shape == (rows, 3)
        assert np.isfinite(audio).all()
        assert set(np.unique(presence)) <= {0.0, 1.0}
        masks |= set(np.unique(mask))
    assert masks == {0.0, 1.0, SOMEWHERE}


def test_a_label_sounds_where_its_part_does(stream: SequenceStream) -> None:
    parts = np.zeros((2, 10 * tiny_bank.RATE), np.float32)
    parts[0, 2 * tiny_bank.RATE : 5 * tiny_bank.RATE] = 0.5
    parts[1] = 0.01  # masked by the other while that sounds
    sounds, silent = stream._activity(parts)
    starts = np.arange(stream.windows) * USUAL.hop_s
    assert np.array_equal(sounds[0], (starts > 1.0) & (starts < 5.0))
    assert np.array_equal(silent[0], (starts <= 1.0) | (starts >= 5.0))
    assert sounds[1][(starts <= 1.0) | (starts >= 5.0)].all()
    assert not sounds[1][sounds[0]].all()
    assert not silent[1].any()


def test_what_follows_is_labelled_from_the_first_window_that_has_nothing_of_before(stream: SequenceStream) -> None:
    rows = stream.windows
    before = sequences.Labelled(np.full(10 * tiny_bank.RATE, 0.1, np.float32), *_only(rows, 0))
    after = sequences.Labelled(np.full(10 * tiny_bank.RATE, -0.1, np.float32), *_only(rows, 1))
    audio, presence, mask = stream._followed(np.random.default_rng(0), before, after)
    place = int(np.argmax(audio < 0))
    starts = np.arange(rows) * stream.hop
    clear = (starts + tiny_bank.RATE <= place - stream.hop) | (starts >= place)
    assert np.array_equal(presence[clear, 1] > 0, starts[clear] >= place - 1)
    assert np.array_equal(presence[clear, 0] > 0, starts[clear] < place - 1)
    assert (mask[clear] == 1).all()
    assert (mask[~clear][:, :2] == 0).any()


def _only(rows: int, label: int) -> tuple[np.ndarray, np.ndarray]:
    presence = np.zeros((rows, 3), np.float32)
    presence[:, label] = 1.0
    return presence, np.ones((rows, 3), np.float32)


def test_an_ensemble_asks_for_its_instruments_where_it_seems_to_have_them() -> None:
    mask = torch.full((1, 8, 1), SOMEWHERE)
    somewhere = torch.full((1, 8, 1), -6.0)
    somewhere[0, 2:4] = 6.0
    nowhere = torch.full((1, 8, 1), -6.0)
    nothing = torch.zeros(1, 8, 1)
    assert float(sequence_loss(somewhere, nothing, mask, 1.0)) < 0.1
    assert float(sequence_loss(nowhere, nothing, mask, 1.0)) > 5.0
    assert float(sequence_loss(nowhere, nothing, torch.zeros(1, 8, 1), 1.0)) == 0.0


def _made_up(count: int = 64, rows: int = 12) -> SequenceFeatures:
    """Readings in which a label shows in one window of many, and sounds in all that follow."""
    random = np.random.default_rng(0)
    readings = random.uniform(-1, 0, (count, rows, 6)).astype(np.float16)
    presence = np.zeros((count, rows, 1), np.float32)
    for number in range(count):
        if number % 2:
            readings[number, 3, 0] = 2.0
            presence[number, 3:] = 1.0
    shape = presence.shape
    return SequenceFeatures(
        readings, np.zeros(shape, np.float32), np.ones(shape[:2], np.bool_), presence, np.ones(shape, np.float32)
    )


def test_a_head_learns_what_only_the_seconds_before_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_models.context.fit._CUT", 0.0)  # or what tells would be cut off in some
    heard = _made_up()
    options = ContextSection(
        steps=400, learning_rate=1e-2, projection=8, hidden=16, means_s=(1.0,), maxima_s=(3.0,), dropout=0.0, own=0.0
    )
    head = train_head(heard, options)
    again = train_head(heard, options)
    assert all(torch.equal(one, other) for one, other in zip(head.parameters(), again.parameters(), strict=True))
    with torch.no_grad():
        features = head.features(torch.from_numpy(heard.readings).float(), torch.from_numpy(heard.logits))
        said = head.answer(head.contexts(features, torch.ones(64, 12), USUAL.hop_s))
    right = float(((said > 0) == (torch.from_numpy(heard.presence) > 0)).float().mean())
    assert right > 0.8  # the newest window alone tells 0.67


def test_windows_that_were_not_heard_are_no_context() -> None:
    head = ContextHeadNet(torch.zeros(2), torch.ones(2), 1, projection=2, means_s=(1.0,), maxima_s=(1.0,)).eval()
    features = torch.tensor([[[9.0, 9.0, 9.0], [1.0, 2.0, -3.0], [3.0, 2.0, -1.0]]])
    context = head.contexts(features, torch.tensor([[0.0, 1.0, 1.0]]), 0.5)[0, 2]
    assert context.tolist() == [3.0, 2.0, -1.0, 2.0, 2.0, -2.0, 3.0, 2.0, -1.0]


def test_a_network_of_windows_is_given_a_head_and_keeps_what_it_says(
    folder: Path, tmp_path: Path, windows_file: Path
) -> None:
    path, out = windows_file, tmp_path / "out.onnx"
    small = ["context.sequences=2", "context.steps=2", "context.batch_size=2", "context.projection=4"]
    recipe = load_recipe("tutti-1s-windows", small)
    fit_context(path, recipe, [folder], out)
    before, after = Detector(path), Detector(out)
    assert after.context is not None
    assert after.context.spec.width == 4 + len(after.spec.labels)
    windows = (0.1 * np.random.default_rng(0).standard_normal((2, 32_000))).astype(np.float32)
    np.testing.assert_allclose(after(windows), before(windows), atol=1e-6)
    titles = [line for line in after.card.splitlines() if line.startswith("## ")]
    assert titles.count("## Context") == 1
    assert titles.index("## Context") < titles.index("## Decisions") < titles.index("## Recordings")
    assert "trained on 2 sequences of 10 s" in after.card
    fit_context(out, recipe, [folder], out)  # in the place of the first
    assert Detector(out).card == after.card
    assert out.stat().st_size < path.stat().st_size + 150_000  # once, not twice


def test_what_cannot_be_given_a_head_is_told(folder: Path, tmp_path: Path, windows_file: Path) -> None:
    recipe = load_recipe("tutti-1s-windows")
    with pytest.raises(CheckpointError, match="keeps a state over a stream, which is its context"):
        fit_context(model_file(Path("tutti-1s")), load_recipe("tutti-1s"), [folder], tmp_path / "out.onnx")
    with pytest.raises(CheckpointError, match="a context head needs 'tutti-mobile'"):
        fit_context(model_file(Path("han-1s")), recipe, [folder], tmp_path / "out.onnx")
    without = recipe.model_copy(update={"context": None})
    with pytest.raises(RecipeError, match=r"has no \[context\].* give one that has with --recipe"):
        fit_context(windows_file, without, [folder], tmp_path / "out.onnx")
    other = recipe.model_copy(update={"data": recipe.data.model_copy(update={"labels": ("flute",)})})
    with pytest.raises(RecipeError, match="has other labels"):
        fit_context(windows_file, other, [folder], tmp_path / "out.onnx")


def test_silence_is_not_heard(folder: Path, monkeypatch: pytest.MonkeyPatch, windows_file: Path) -> None:
    network = readable(windows_file, Detector(windows_file).spec)
    recipe = load_recipe("tutti-1s-windows")
    selection = ClipSelection(DataFolders([folder]), "train", labels=tiny_bank.LABELS)
    at_its_rate = SequenceStream(recipe.stream, selection, seed=0)
    quiet = np.zeros(at_its_rate.config.window_length, np.float32)
    quiet[: 2 * 32_000] = 0.1 * np.random.default_rng(0).standard_normal(2 * 32_000)
    nothing = np.zeros((at_its_rate.windows, 13), np.float32)
    monkeypatch.setattr(at_its_rate, "sequence", lambda _: sequences.Labelled(quiet, nothing, nothing))
    at_its_rate.labels = recipe_labels = recipe.data.labels
    found = sequence_features(network, at_its_rate, 1)
    assert found.logits.shape == (1, at_its_rate.windows, len(recipe_labels))
    assert found.sounding[0].tolist() == [row * USUAL.hop_s < 2.0 for row in range(at_its_rate.windows)]
    windows = torch.from_numpy(np.stack([quiet[row * 8000 : row * 8000 + 32_000] for row in range(3)]))
    with torch.no_grad():
        readings = network.embed(network.features(windows))
    torch.testing.assert_close(torch.from_numpy(found.readings[0, :3]).float(), readings, atol=0.02, rtol=0.01)
