"""The Lumen project, Vaznonis et al. and Bosch et al. on IRMAS, their own data, by the commands that make them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import tiny_datasets
import torch
from click.testing import CliRunner

from irec_models.checkpoint import load_checkpoint
from irec_models.cli import main
from irec_models.data import ClipSelection, DataFolders, eval_clips, read_manifest
from irec_models.measuring.clip_scores import predict_clips
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.recipe import load_recipe
from irec_papers.datasets import DATA_SETS
from irec_papers.lumen.fusion import grid_thresholds
from irec_papers.reproduce import make_ready

RECIPES = recipe_files()

LUMEN = """
irec-train fit lumen-irmas --data DIR --set model.name=lumen-irmas-mel --out runs/lumen-irmas-mel
irec-train fit lumen-irmas --data DIR --set model.name=lumen-irmas-modgd \
  --set model.hyperparameters.front_end=modgd --out runs/lumen-irmas-modgd
irec-train fit lumen-irmas --data DIR --set model.name=lumen-irmas-chroma \
  --set model.architecture=lumen-chroma --set model.hyperparameters.front_end= --out runs/lumen-irmas-chroma
irec-train publish runs/lumen-irmas-mel --data DIR -o runs/lumen-irmas-mel/mel.pt
irec-train publish runs/lumen-irmas-modgd --data DIR -o runs/lumen-irmas-modgd/modgd.pt
irec-train publish runs/lumen-irmas-chroma --data DIR -o runs/lumen-irmas-chroma/chroma.pt
irec-train fuse runs/lumen-irmas-mel/mel.pt runs/lumen-irmas-modgd/modgd.pt runs/lumen-irmas-chroma/chroma.pt \
  --data DIR -o lumen-irmas-fusion.pt
irec-train evaluate lumen-irmas-fusion.pt --data DIR --split test --json lumen-irmas.json
"""
VAZNONIS_FFT = """
irec-train fit vaznonis-irmas --data DIR
irec-train publish runs/vaznonis-irmas --data DIR -o vaznonis-irmas.pt
irec-train evaluate vaznonis-irmas.pt --data DIR --split test --json scores.json
"""
VAZNONIS_LSTM = """
irec-train fit vaznonis-irmas --data DIR --set model.name=vaznonis-lstm-irmas \
  --set model.architecture=vaznonis-lstm --set model.hyperparameters.length= --set model.hyperparameters.hidden= \
  --set model.hyperparameters.silence=751700 --set stream.batch_size=2 --set train.steps=42750 \
  --set train.validate_every=2850 --set train.clip_norm=1.0 --set train.precision=fp32 --out runs/vaznonis-lstm-irmas
irec-train publish runs/vaznonis-lstm-irmas --data DIR -o vaznonis-lstm-irmas.pt
irec-train evaluate vaznonis-lstm-irmas.pt --data DIR --split test --json scores.json
"""
BOSCH = """
irec-train bosch bosch-irmas --data DIR
irec-train publish runs/bosch-irmas --data DIR -o bosch-irmas.pt
irec-train evaluate bosch-irmas.pt --data DIR --split test --json scores.json
"""
STEP = ("train.steps=1", "train.validate_every=1", "train.checkpoint_every=1", "train.normalization_steps=1")
SHORT = (
    *("model.hyperparameters.sample_rate=8000", "model.hyperparameters.window_length=1000"),
    *("stream.sample_rate=8000", "stream.window_length=1000", "stream.batch_size=8", "model.hop_length=500"),
)


@pytest.fixture(scope="module")
def irmas(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    root = tiny_datasets.write_more_of_irmas(tmp_path_factory.mktemp("irmas"))
    make_ready(root)
    return root


def run(commands: str, irmas: Path, *settings: str) -> None:
    """Every command in turn, with further settings for those that train."""
    for line in commands.replace("\\\n", " ").strip().splitlines():
        words = shlex.split(line)
        words = [str(irmas) if word == "DIR" else word for word in words]
        if words[1] in ("fit", "bosch"):
            words += [word for setting in settings for word in ("--set", setting)]
        if words[1] == "fit":
            words += ["--workers", "0", "--device", "cpu"]
        result = CliRunner().invoke(main, words[1:])
        assert result.exit_code == 0, (line, result.output, result.exception)


def test_lumen_is_trained_fused_and_measured_on_its_own_data(
    irmas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(LUMEN, irmas, *STEP, "stream.batch_size=8")
    fused = load_checkpoint(Path("lumen-irmas-fusion.pt"))
    assert fused.hyperparameters["members"] == ["mel", "modgd", "chroma"]
    assert fused.hyperparameters["output"] == "softmax"
    assert fused.spec.labels == DATA_SETS["irmas"].labels
    thresholds = fused.state_dict["thresholds"]
    for row, member in enumerate(("mel", "modgd", "chroma")):
        alone = load_checkpoint(Path(f"runs/lumen-irmas-{member}/{member}.pt"))
        assert alone.hyperparameters["output"] == "softmax"
        clips = eval_clips(ClipSelection(DataFolders(irmas), "dev", labels=alone.spec.labels), 22_050)
        predictions = predict_clips(CheckpointPredictor(alone.network(), alone.spec), clips)
        assert torch.equal(thresholds[row], grid_thresholds(*predictions.sounding_windows())), member
        assert "Lumen" in alone.card
        assert "windows of the clips of the split dev" in alone.card
    assert "33 in all" in fused.card
    assert "windows of the clips of the split dev" in fused.card
    assert "ixtures" not in fused.card
    assert set(fused.spec.scores) == {"dev_macro_map", "dev_top1", "dev_micro_f1", "dev_macro_f1"}
    told = json.loads(Path("lumen-irmas.json").read_text())
    assert (told["split"], told["clips"]["clips"]) == ("test", len(tiny_datasets.IRMAS_TESTING))


@pytest.mark.parametrize(
    ("commands", "settings"),
    [
        (
            VAZNONIS_FFT,
            (*STEP, *SHORT, "model.hyperparameters.length=2000", "model.hyperparameters.hidden=[4, 8, 4, 8]"),
        ),
        (VAZNONIS_LSTM, (*STEP, *SHORT, "model.hyperparameters.silence=200")),
        (BOSCH, ("train.steps=10", "stream.batch_size=8", 'model.hyperparameters.streams=["mix"]')),
    ],
    ids=["fft", "lstm", "bosch"],
)
def test_a_system_is_trained_and_measured_on_its_own_data(
    commands: str, settings: tuple[str, ...], irmas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(commands, irmas, *settings)
    told = json.loads(Path("scores.json").read_text())
    assert told["clips"]["clips"] == len(tiny_datasets.IRMAS_TESTING)
    (path,) = tmp_path.glob("*.pt")
    finished = load_checkpoint(path)
    assert finished.spec.labels == DATA_SETS["irmas"].labels
    assert finished.spec.name == path.stem
    assert set(finished.spec.thresholds) == set(finished.spec.labels)
    assert "nothing was mixed or augmented" in finished.card


def test_the_recipes_say_what_the_papers_say() -> None:
    lumen, vaznonis, bosch = (load_recipe(RECIPES[f"{name}-irmas"]) for name in ("lumen", "vaznonis", "bosch"))
    for recipe in (lumen, vaznonis, bosch):
        assert recipe.data.labels == DATA_SETS["irmas"].labels
        assert recipe.stream.mode == "clips"
        assert (recipe.data.validation_split, recipe.data.hold_out) == ("dev", ())
    clips = round(DATA_SETS["irmas"].parts[0].clips * 0.85)
    train = lumen.train
    assert (train.optimizer, train.learning_rate, train.loss, train.monitor) == ("adam", 1e-3, "categorical", "loss")
    assert (lumen.stream.batch_size, lumen.stream.window_length) == (128, 22_050)
    assert train.validate_every == -(-clips * 3 // 128)
    assert lumen.network().parameter_count == 2_115_939
    train = vaznonis.train
    assert (train.optimizer, train.learning_rate, train.loss) == ("adam", 1e-4, "categorical")
    assert (vaznonis.stream.batch_size, vaznonis.stream.window_length) == (4, 3 * 44_100)
    assert train.validate_every == -(-clips // 4)
    assert train.steps > 75 * train.validate_every
    lines = VAZNONIS_LSTM.replace("\\\n", " ").split("irec-train publish")[0]
    settings = [word for word in shlex.split(lines) if "=" in word]
    lstm = load_recipe(RECIPES["vaznonis-irmas"], settings)
    assert (lstm.stream.batch_size, lstm.train.steps) == (2, 15 * lstm.train.validate_every)
    assert lstm.network().parameter_count == 159_851 + 88  # torch keeps two biases for each gate
    assert lstm.stream.window_length + lstm.model.hyperparameters["silence"] == 884_000


def test_windows_of_clips_know_their_recordings(irmas: Path) -> None:
    from irec_models.data import ClipStream

    recipe = load_recipe(RECIPES["bosch-irmas"], ["stream.batch_size=8"])
    stream = ClipStream(recipe.stream, recipe.data.training([irmas]), seed=0)
    truth = [clip.labels[0] for clip in read_manifest(irmas)]
    for step in (0, 7, 30):
        given = stream.batch(step).presence.argmax(dim=1).tolist()
        assert [recipe.data.labels[k] for k in given] == [truth[clip] for clip in stream.clips_of(step)]
