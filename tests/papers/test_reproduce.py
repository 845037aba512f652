"""A published training on its own data set, from files on disk to the paper's table."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
import small_nets
import tiny_bank
import tiny_datasets
from click.testing import CliRunner
from recorded_progress import RecordedProgress
from rich.console import Console

from irec_live.errors import DataError, RecipeError
from irec_models.checkpoint import load_checkpoint
from irec_models.cli import main
from irec_models.data import ClipSelection, DataFolders, eval_clips, read_manifest
from irec_models.measuring.clip_scores import predict_clips
from irec_models.measuring.predictors import CheckpointPredictor
from irec_models.measuring.thresholds import choose_thresholds
from irec_models.publishing.publish import publish
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.recipe import load_recipe
from irec_models.training.fit import fit
from irec_papers import reproduce as module
from irec_papers.datasets import DATA_SETS
from irec_papers.published_scores import TABLE_III, TABLE_IV, TABLE_V
from irec_papers.reproduce import make_ready, published_of

HAN_IRMAS = recipe_files()["han-irmas"]


@pytest.fixture(scope="module")
def irmas(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    return tiny_datasets.write_more_of_irmas(tmp_path_factory.mktemp("irmas"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The published recipe with a small network, and three epochs of it."""
    text = small_nets.RECIPE.format(architecture="small", monitor="loss")
    labels = json.dumps(list(DATA_SETS["irmas"].labels))
    changes = {
        'labels = ["flute", "piano", "drums"]': f"labels = {labels}",
        'hold_out = ["south"]': 'validation_split = "dev"',
        "mix_s = 1.0\nwindows_per_mix = 2": 'mode = "clips"\nwindows_per_mix = 1',
        "steps = 12": 'steps = 12\nloss = "categorical"',
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "small.toml"
    path.write_text(text)
    return path


def test_one_command_goes_from_the_unpacked_data_set_to_the_papers_table(
    irmas: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["reproduce", str(recipe), "--data", str(irmas), "--out", str(tmp_path / "run"), "--workers", "0"]
    result = CliRunner().invoke(main, [*command, "--json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["clips"] == len(tiny_datasets.IRMAS_TESTING)
    assert [(row["aggregation"], row["threshold"]) for row in told["sweep"]] == [
        (how, at) for how, grid in TABLE_III.items() for at in grid
    ]
    assert told["published"] == []  # another network than the paper's
    assert told["learnt"] == ("mean nothing" not in result.stderr)
    finished = load_checkpoint(Path(told["checkpoint"]))
    assert set(finished.spec.thresholds) == set(finished.spec.labels)
    assert "Test split, 4 clips" in finished.card
    # A second call trains no more, and shows the paper's numbers where they belong.
    log = (tmp_path / "run" / "log.jsonl").read_text()
    monkeypatch.setattr(module, "published_of", lambda recipe: TABLE_V)
    shown = CliRunner().invoke(main, command)
    assert (tmp_path / "run" / "log.jsonl").read_text() == log
    assert "paper: S2" in shown.stdout
    assert "0.602" in shown.stdout


def test_a_training_that_taught_nothing_says_so(irmas: Path, recipe: Path, tmp_path: Path) -> None:
    command = ["reproduce", str(recipe), "--data", str(irmas), "--out", str(tmp_path / "run"), "--workers", "0"]
    still = ["--set", "train.learning_rate=1e-9", "--set", "train.ema=", "--set", "train.steps=4"]
    result = CliRunner().invoke(main, [*command, *still, "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["learnt"] is False
    assert "the scores mean nothing" in result.stderr


def test_training_and_validation_share_no_recording(irmas: Path) -> None:
    make_ready(irmas)
    clips = read_manifest(irmas)
    training, validation = ({clip.source for clip in clips if clip.split == split} for split in ("train", "dev"))
    assert validation
    assert not training & validation
    kept = sum(clip.split == "dev" for clip in clips) / sum(clip.split != "test" for clip in clips)
    assert 0.1 < kept < 0.2


def test_a_folder_of_something_else_is_one_sentence(tmp_path: Path, recipe: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"has no manifest\.csv, nor the layout of irmas, nsynth"):
        make_ready(tmp_path / "empty")
    result = CliRunner().invoke(main, ["reproduce", str(recipe), "--data", str(tmp_path / "empty")])
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_missing_test_set_is_told_before_training(tmp_path: Path) -> None:
    root = tiny_datasets.write_more_of_irmas(tmp_path / "irmas")
    for part in (1, 2, 3):
        shutil.rmtree(root / f"IRMAS-TestingData-Part{part}")
    with pytest.raises(DataError, match="no clips of split 'test'"):
        make_ready(root)


def test_the_recipe_says_what_the_paper_says() -> None:
    recipe = load_recipe(HAN_IRMAS)
    assert recipe.data.labels == DATA_SETS["irmas"].labels
    assert recipe.network().hyperparameters == {
        "labels": 11,
        "activation": "lrelu033",
        "window_length": 22_050,
        "gain": False,
        "batch_norm": False,
    }
    train = recipe.train
    assert (train.optimizer, train.learning_rate, recipe.stream.batch_size) == ("adam", 1e-3, 128)
    assert (train.loss, train.monitor, train.patience, train.schedule) == ("categorical", "loss", 3, "constant")
    windows = round(DATA_SETS["irmas"].parts[0].clips * 0.85) * 3
    assert train.validate_every == -(-windows // recipe.stream.batch_size)


@pytest.mark.parametrize(
    ("settings", "settings_told"),
    [
        ([], {("s1", 0.16): 0.595, ("s2", 0.5): 0.602}),
        (["model.hyperparameters.activation=relu"], {("s2", 0.5): 0.591}),
        (["model.hyperparameters.activation=tanh"], {("s2", 0.5): 0.499}),
        (["model.hyperparameters.window_length=11025", "stream.window_length=11025"], {}),
        (['data.labels=["flute", "voice"]'], {}),
    ],
)
def test_the_papers_rows_are_those_of_the_variant(
    settings: list[str], settings_told: dict[tuple[str, float], float]
) -> None:
    told = published_of(load_recipe(HAN_IRMAS, settings))
    assert {key: row[2] for key, row in told.items()} == settings_told


def test_the_papers_numbers_are_f1_of_its_own_precision_and_recall() -> None:
    for row in (*TABLE_IV.values(), *TABLE_V.values()):
        precision, recall, f1 = row[:3]
        assert 2 * precision * recall / (precision + recall) == pytest.approx(f1, abs=0.004)


def test_what_learnt_from_clips_is_published_by_its_validation_clips_alone(
    irmas: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ready(irmas)
    fit(recipe, [irmas], tmp_path / "run", workers=0, device="cpu", console=Console(file=io.StringIO()))
    for name in ("MixStream", "held_out_mixes"):
        monkeypatch.setattr(
            f"irec_models.publishing.predict.{name}", lambda *args, **options: pytest.fail("something is mixed")
        )
    recorded = RecordedProgress()
    scores = publish(tmp_path / "run", [irmas], tmp_path / "out.pt", progress=recorded)
    dev = [clip for clip in read_manifest(irmas) if clip.split == "dev"]
    assert (scores.clips.clips, scores.mixtures) == (len(dev), None)
    assert recorded.done == {"clips of the split dev": [1] * len(dev)}
    finished = load_checkpoint(tmp_path / "out.pt")
    best = load_checkpoint(tmp_path / "run" / "best.pt")
    predictions = predict_clips(
        CheckpointPredictor(best.network().folded(), best.spec),
        eval_clips(ClipSelection(DataFolders(irmas), "dev", labels=best.spec.labels), 8000),
    )
    assert finished.spec.thresholds == choose_thresholds(
        *predictions.sounding_windows(), best.spec.labels, precision_floor=0.5
    )
    assert not [name for name in finished.spec.scores if "mix" in name]
    assert "windows of the clips of the split dev" in finished.card
    assert "nothing was mixed or augmented" in finished.card
    assert "ixtures" not in finished.card


def test_mixtures_too_can_be_validated_on_a_public_sets_own_split(recipe: Path, tmp_path: Path) -> None:
    bank = tiny_bank.write_bank(tmp_path / "bank")
    text = small_nets.RECIPE.format(architecture="small", monitor="loss")
    recipe.write_text(text.replace('hold_out = ["south"]', 'validation_split = "dev"'))
    quiet = Console(file=io.StringIO())
    trainer = fit(recipe, [bank], tmp_path / "run", workers=0, device="cpu", console=quiet)
    assert trainer.step == 12
    # The split has no drums, which is no reason to score them.
    assert all(float(batch.mask[:, 2].sum()) == 0 for batch in trainer.validation)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('architecture = "small"', 'architecture = "small-envelope"', "gives envelopes, which neither mode 'clips'"),
        (
            'validation_split = "dev"',
            "hold_out_share = 0.0",
            r"impossible value for 'data\.hold_out': name a source",
        ),
    ],
)
def test_what_clips_cannot_teach_is_told_before_training(recipe: Path, old: str, new: str, message: str) -> None:
    recipe.write_text(recipe.read_text().replace(old, new))
    with pytest.raises(RecipeError, match=message):
        load_recipe(recipe).network()


def test_the_name_of_a_bundled_network_rebuilds_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["reproduce", "bosch", "--data", str(tmp_path), "--data", str(tmp_path), "--out", str(tmp_path)]
    monkeypatch.setattr(
        "irec_papers.commands.reproduce.command_place", lambda words: "irec_export.rebuild_command:rebuild"
    )
    told = CliRunner().invoke(main, command)
    assert (told.exit_code, "manifest.csv" in told.stderr) == (2, True)
    assert "--json is for a paper's tables" in CliRunner().invoke(main, [*command, "--json"]).stderr
    monkeypatch.setattr("irec_papers.commands.reproduce.command_place", lambda words: "")
    assert "the package irec_export, which is not installed" in CliRunner().invoke(main, command).stderr


def test_a_papers_training_takes_one_data_set(recipe: Path, tmp_path: Path) -> None:
    twice = ["--data", str(tmp_path), "--data", str(tmp_path)]
    assert "takes one --data" in CliRunner().invoke(main, ["reproduce", str(recipe), *twice]).stderr
