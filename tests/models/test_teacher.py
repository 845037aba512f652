"""Learning from a teacher: what it hears, what it says, and that the student comes to say it too."""

from __future__ import annotations

import io
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_nets
import tiny_bank
import torch
from rich.console import Console

import irec_models.training.fit
from irec_live.errors import DataError, MissingExtraError, RecipeError
from irec_models.checkpoint import load_checkpoint
from irec_models.data import Batch, ClipSelection, DataFolders, MixStream
from irec_models.data.mixing.distortion import DistortedStream
from irec_models.data.mixing.noise_overlay import NoiseOverlay
from irec_models.recipes.recipe import load_recipe
from irec_models.training import teacher
from irec_models.training.teacher import CLASSES, FEATURES, SIZE, LabelClassifier, TaughtStream, TeacherHead, YamNet
from irec_models.training.trainer import Trainer


class Interpreter:
    """In the place of the TFLite interpreter: an "embedding" of the window's level, frequency and length."""

    names = ("x/global_average_pooling2d/Mean", "x/dense/BiasAdd")

    def __init__(self, path: str, **_: Any) -> None:
        if Path(path).read_bytes() != b"yamnet":
            raise ValueError("Model provided has model identifier 'junk'")
        self.given = np.zeros((1, 1), np.float32)

    def allocate_tensors(self) -> None: ...

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 7}]

    def get_tensor_details(self) -> list[dict[str, Any]]:
        shapes = ((1, FEATURES), (1, CLASSES))
        return [{"name": n, "shape": s, "index": i} for i, (n, s) in enumerate(zip(self.names, shapes, strict=True))]

    def set_tensor(self, index: int, value: np.ndarray[Any, Any]) -> None:
        assert index == 7
        self.given = value

    def invoke(self) -> None: ...

    def get_tensor(self, index: int) -> np.ndarray[Any, Any]:
        turns = float(np.mean(np.abs(np.diff(np.sign(self.given[0])))))
        values = [self.given.shape[1], float(np.sqrt(np.mean(self.given**2))), turns]
        return np.resize(np.float32(values), (1, (FEATURES, CLASSES)[index]))


@pytest.fixture
def yamnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = types.ModuleType("ai_edge_litert.interpreter")
    module.Interpreter = Interpreter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert", types.ModuleType("ai_edge_litert"))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", module)
    path = tmp_path / "yamnet.tflite"
    path.write_bytes(b"yamnet")
    return path


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "taught.toml"
    text = small_nets.RECIPE.format(architecture="small-student", monitor="map")
    path.write_text(
        text + '[distill]\nteacher = "yamnet"\nweight = 1.0\ntrust = 0.5\nstrange = 0.5\n', encoding="utf-8"
    )
    return path


def fit(recipe: Path, bank: Path, out: Path, **options: Any) -> Trainer:
    quiet = Console(file=io.StringIO())
    return irec_models.training.fit.fit(recipe, [bank], out, workers=0, device="cpu", console=quiet, **options)


def test_the_teacher_hears_its_own_rate_length_and_level(yamnet: Path) -> None:
    loud = 0.5 * np.sin(np.arange(22050) * 0.1).astype(np.float32)
    said = YamNet(yamnet, 22050)(np.stack([loud, 0.01 * loud + 0.2]))
    assert said.shape == (2, SIZE)
    assert said[0, 0] == 15_600
    np.testing.assert_allclose(said[:, 1], 0.1, rtol=1e-3)
    np.testing.assert_allclose(said[0], said[1], rtol=1e-2)


def test_a_missing_or_wrong_teacher_is_one_clear_sentence(yamnet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"no teacher .*nowhere.tflite; give YAMNet's"):
        YamNet(yamnet.with_name("nowhere.tflite"), 22050)
    monkeypatch.setattr(Interpreter, "names", ("a", "b"))
    with pytest.raises(DataError, match="is not YAMNet's classification model"):
        YamNet(yamnet, 22050)
    yamnet.write_bytes(b"junk")
    with pytest.raises(DataError, match="is not a TFLite model"):
        YamNet(yamnet, 22050)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'irec-live\[distill\]'"):
        YamNet(yamnet, 22050)


def test_taught_batches_depend_on_seed_and_step_alone(yamnet: Path, bank: Path, recipe: Path) -> None:
    config = load_recipe(recipe)
    stream = MixStream(config.stream, ClipSelection(DataFolders(bank), labels=config.data.labels), seed=1)
    first, again = (TaughtStream(stream, yamnet, 0.5).taught_batch(3) for _ in range(2))
    for mine, theirs in zip((*first.batch, first.taught), (*again.batch, again.taught), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0, equal_nan=True)


def test_a_teacher_hears_the_second_around_a_shorter_window(
    yamnet: Path, bank: Path, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_recipe(recipe, ["stream.mix_s=3"])
    stream = MixStream(config.stream, ClipSelection(DataFolders(bank), labels=config.data.labels), seed=1)
    batch, around, places = stream.surrounded(3, 7800)
    assert around.shape == (8, 7800)
    middle = (7800 - 4096) // 2
    assert middle in places  # and elsewhere where the mixture begins or ends
    for window, whole, place in zip(batch.audio, around, places, strict=True):
        torch.testing.assert_close(window, torch.from_numpy(whole[place : place + 4096]), rtol=0, atol=0)
    given: list[np.ndarray[Any, Any]] = []
    monkeypatch.setattr(YamNet, "__call__", lambda _, windows: given.append(windows) or np.zeros((8, SIZE), np.float32))
    taught_batch = TaughtStream(stream, yamnet, 0.0).taught_batch(3)
    np.testing.assert_array_equal(given[0], around)
    torch.testing.assert_close(taught_batch.batch.audio, batch.audio, rtol=0, atol=0)
    distorted = (
        TaughtStream(stream, yamnet, 1.0).taught_batch(3).batch
    )  # who learns from a changed second hears a part of it
    for window, whole, place in zip(distorted.audio, given[1], places, strict=True):
        torch.testing.assert_close(window, torch.from_numpy(whole[place : place + 4096]), rtol=0, atol=0)


def test_a_teacher_hears_all_of_a_mixture_that_is_shorter_than_a_second(yamnet: Path, bank: Path, recipe: Path) -> None:
    config = load_recipe(recipe, ["stream.mix_s=0.6"])
    stream = MixStream(config.stream, ClipSelection(DataFolders(bank), labels=config.data.labels), seed=1)
    batch, around, _ = stream.surrounded(3, 4800)
    taught_batch = TaughtStream(stream, yamnet, 0.0).taught_batch(3)
    torch.testing.assert_close(taught_batch.batch.audio, batch.audio, rtol=0, atol=0)
    np.testing.assert_array_equal(taught_batch.taught, YamNet(yamnet, 8000)(around))
    for length in (4095, 4801):
        with pytest.raises(ValueError, match=f"from 4096 to 4800, which {length} does not"):
            stream.surrounded(3, length)


def test_nothing_is_learnt_of_a_window_that_is_silent_between_sounds(
    yamnet: Path, bank: Path, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_recipe(recipe, ["stream.mix_s=3"])
    stream = MixStream(config.stream, ClipSelection(DataFolders(bank), labels=config.data.labels), seed=1)
    batch, around, places = stream.surrounded(3, 7800)
    around[:] = 0.1 * np.sin(np.arange(7800))
    around[2, places[2] : places[2] + 4096] = 1e-5
    monkeypatch.setattr(stream, "surrounded", lambda *_: (batch, around, places))
    silent = TaughtStream(stream, yamnet, 0.0).taught_batch(3).taught.isnan().all(dim=1)
    assert silent.nonzero().flatten().tolist() == [2]


def test_an_envelope_network_learns_from_a_teacher_too(
    yamnet: Path, bank: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(irec_models.training.fit, "_LOG_EVERY_S", 0.0)
    recipe.write_text(recipe.read_text("utf-8").replace("small-student", "small-envelope-student"), "utf-8")
    with pytest.raises(RecipeError, match="take 'trust' out of"):
        fit(recipe, bank, tmp_path / "out", teacher=yamnet)
    trainer = fit(recipe, bank, tmp_path / "out", teacher=yamnet, settings=["distill.trust="])
    assert trainer.teacher_head is not None
    assert trainer.teacher_head.layer.in_features == 2 * 128  # mean and maximum of the frames
    said = [entry["teacher_loss"] for entry in trainer.run.entries() if "teacher_loss" in entry]
    assert len(said) > 2
    assert 0.0 < said[-1] < said[0]


def test_strange_windows_lose_their_labels_and_the_others_stay() -> None:
    audio = 0.1 * torch.randn(64, 4096)
    ones = torch.ones(64, 2)
    batch = Batch(audio, ones, torch.zeros(64, 2, 9), ones)
    changed = DistortedStream(0.5, 8000)(np.random.default_rng(0), batch)
    distorted = changed.mask[:, 0] == 0
    assert 16 < int(distorted.sum()) < 48
    torch.testing.assert_close(changed.audio[~distorted], audio[~distorted], rtol=0, atol=0)
    assert float(changed.audio.abs().max()) <= 1.0
    assert bool(torch.isfinite(changed.audio).all())
    assert float((changed.audio[distorted] != audio[distorted]).any(dim=1).float().mean()) > 0.6


def test_noise_is_for_the_pupil_alone(yamnet: Path, bank: Path, recipe: Path) -> None:
    config = load_recipe(recipe)
    stream = MixStream(config.stream, ClipSelection(DataFolders(bank), labels=config.data.labels), seed=1)
    clean, noisy = (TaughtStream(stream, yamnet, 0.0, share).taught_batch(3) for share in (0.0, 0.5))
    torch.testing.assert_close(noisy.taught, clean.taught, rtol=0, atol=0)
    touched = (noisy.batch.audio != clean.batch.audio).any(dim=1)
    assert 0 < int(touched.sum()) < len(touched)
    torch.testing.assert_close(noisy.batch.presence, clean.batch.presence, rtol=0, atol=0)


def test_noise_stays_within_its_range_and_comes_over_silence_too() -> None:
    audio = 0.1 * torch.randn(200, 4096)
    audio[::2] = 0.0
    batch = Batch(audio, torch.ones(200, 2), torch.full((200, 2, 9), 0.1), torch.ones(200, 2))
    changed, _, envelope, _ = NoiseOverlay(1.0, 8000, 4096)(np.random.default_rng(0), batch)
    assert bool(torch.isfinite(changed).all())
    assert float(changed.abs().max()) <= 1.0
    assert float(changed[::2].abs().amax(dim=1).min()) > 0.0
    unscaled = changed.abs().amax(dim=1) < 1.0  # what was not brought back into range
    assert 0.0 < float(envelope.min()) <= float(envelope[~unscaled].max()) < 0.1  # where it was, envelopes were as well
    torch.testing.assert_close(envelope[unscaled], batch.envelope[unscaled], rtol=0, atol=0)
    added_db = 10 * torch.log10((changed - audio).pow(2).mean(dim=1) / audio.pow(2).mean(dim=1))
    assert -30.0 < float(added_db[1::2][unscaled[1::2]].min()) < -15.0
    assert float(added_db[1::2][unscaled[1::2]].max()) < 9.0


@pytest.mark.parametrize(("contrast", "frames"), [(0.0, False), (2.0, False), (2.0, True)])
def test_a_pupil_learns_what_its_teacher_says(contrast: float, frames: bool) -> None:
    torch.manual_seed(0)
    embedding = torch.randn(256, 8, 5) if frames else torch.randn(256, 8)
    told = torch.cat((embedding.mean(dim=2), embedding.amax(dim=2)), dim=1) if frames else embedding
    taught = torch.nn.Linear(told.shape[1], SIZE)(told).detach() * 5 + 2
    head = TeacherHead(8, contrast, frames)
    head.fit(taught)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.03)
    before = float(head.loss(embedding, taught).detach())
    for _ in range(60):
        optimizer.zero_grad()
        loss = head.loss(embedding, taught)
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1 * before


def test_contrast_compares_the_belief_in_instruments_and_voices_alone() -> None:
    torch.manual_seed(0)
    embedding, taught = torch.randn(6, 8), 3 * torch.randn(6, SIZE)
    plain, head = TeacherHead(8), TeacherHead(8, contrast=2.0)
    for each in (plain, head):
        each.fit(taught)
    head.load_state_dict(plain.state_dict())
    logits = plain.layer(embedding) * plain.deviation + plain.mean
    belief, truth = (
        torch.softmax(torch.cat((v[:, FEATURES : FEATURES + 32], v[:, FEATURES + 132 : FEATURES + 211]), dim=1) / 2, 1)
        for v in (logits, taught)
    )
    divergence = (truth * (truth / belief).log()).sum(dim=1).mean()
    torch.testing.assert_close(head.loss(embedding, taught), plain.loss(embedding, taught) + 2 * divergence)


def test_the_classifier_advises_where_labels_are_unsure_and_is_weighed_beside_those_that_are_not() -> None:
    torch.manual_seed(0)
    classifier = LabelClassifier(labels=2, trust=0.5)
    taught = torch.randn(4, SIZE)
    taught[3] = torch.nan
    classifier.fit(taught)
    presence = torch.tensor([[1.0, 0.0]] * 4)
    mask = torch.tensor([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    opinion = torch.sigmoid(classifier.eval()(taught)).detach()
    wanted, weight = classifier.advise(taught, presence, mask, step=2000)
    torch.testing.assert_close(wanted[0], (presence[0] + opinion[0]) / 2)
    torch.testing.assert_close(wanted[1], opinion[1])
    torch.testing.assert_close(wanted[3], presence[3])
    torch.testing.assert_close(weight, torch.ones(4, 2))
    wanted, weight = classifier.advise(taught, presence, mask, step=0)
    torch.testing.assert_close(wanted[0], presence[0])
    torch.testing.assert_close(weight, mask)


def test_taught_training_resumes_as_if_never_stopped(
    yamnet: Path, bank: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit(recipe, bank, tmp_path / "whole", teacher=yamnet)
    train_on = Trainer.train_on

    def stop_at_five(self: Trainer, given: Any) -> float:
        if self.step == 5:
            raise KeyboardInterrupt
        return train_on(self, given)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_on", stop_at_five)
        with pytest.raises(KeyboardInterrupt):
            fit(recipe, bank, tmp_path / "parts", teacher=yamnet)
    parts = fit(recipe, bank, tmp_path / "parts", teacher=yamnet, resume=True)
    for mine, theirs in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)
    assert not any("guess" in name for name in load_checkpoint(tmp_path / "parts" / "best.pt").state_dict)


def test_recipe_and_teacher_must_agree_before_any_training(
    yamnet: Path, bank: Path, recipe: Path, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match="learns from yamnet; give its file with --teacher"):
        fit(recipe, bank, tmp_path / "out")
    plain = tmp_path / "plain.toml"
    plain.write_text(small_nets.RECIPE.format(architecture="small", monitor="map"), encoding="utf-8")
    with pytest.raises(RecipeError, match="--teacher has no use"):
        fit(plain, bank, tmp_path / "out", teacher=yamnet)
    cannot = tmp_path / "cannot.toml"
    cannot.write_text(recipe.read_text(encoding="utf-8").replace("small-student", "small"), encoding="utf-8")
    with pytest.raises(RecipeError, match="'small' cannot learn from a teacher"):
        fit(cannot, bank, tmp_path / "out", teacher=yamnet)
    assert teacher.SIZE == FEATURES + CLASSES


def test_a_network_starts_from_the_layers_of_another(bank: Path, tmp_path: Path) -> None:
    text = small_nets.RECIPE.format(architecture="small", monitor="map")
    first, second = tmp_path / "small.toml", tmp_path / "second.toml"
    first.write_text(text, encoding="utf-8")
    second.write_text(
        text.replace('name = "small"', 'name = "second"\nstart_from = "small"').replace("= 3e-3", "= 1e-9"), "utf-8"
    )
    trained = fit(first, bank, tmp_path / "first").network
    with pytest.raises(RecipeError, match="starts from a trained small; give its file or name with --start-from"):
        fit(second, bank, tmp_path / "out")
    start = tmp_path / "first" / "last.pt"
    third = tmp_path / "third.toml"
    third.write_text(second.read_text("utf-8").replace('start_from = "small"', 'start_from = "other"'), "utf-8")
    with pytest.raises(RecipeError, match="starts from other, but --start-from is small"):
        fit(third, bank, tmp_path / "out", start_from=start)
    fit(first, bank, tmp_path / "further", start_from=start)
    assert load_recipe(tmp_path / "further" / "recipe.toml").model.start_from == "small"
    again = fit(second, bank, tmp_path / "second", start_from=start).network
    for mine, theirs in zip(again.parameters(), trained.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=0)
