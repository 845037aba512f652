"""Chen et al. on NSynth and Häusler and Maier on Medley-solos-DB: what the recipes say, and that they can be run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_datasets
import torch
from click.testing import CliRunner, Result

import irec_models.publishing.predict
import irec_models.publishing.prepare
from irec_live.errors import DataError
from irec_models.checkpoint import load_checkpoint
from irec_models.cli import main
from irec_models.data import AugmentConfig, ClipSelection, ClipStream, DataFolders, MixStream, read_manifest
from irec_models.data.mixing.overlaid import CHEN_PLAN, overlaid_clips
from irec_models.recipes.lookup import recipe_files
from irec_models.recipes.recipe import load_recipe
from irec_papers.chen.net import ChenNet
from irec_papers.datasets import DATA_SETS
from irec_papers.datasets.medley_solos import NAMES
from irec_papers.datasets.nsynth import FAMILIES
from irec_papers.datasets.prepare import check

RECIPES = recipe_files()
MEDLEY = RECIPES["neuroment-medley"]
NSYNTH = RECIPES["chen-nsynth"]
TEN = tuple(family for family in FAMILIES if family != "synth_lead")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def assign(*settings: str) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


@pytest.fixture(scope="module")
def medley(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    root = tiny_datasets.write_more_of_medley_solos(tmp_path_factory.mktemp("medley"))
    check(DATA_SETS["medley-solos-db"], root, archives=False)
    return root


@pytest.fixture(scope="module")
def nsynth(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    root = tiny_datasets.write_more_of_nsynth(tmp_path_factory.mktemp("nsynth"))
    command = ["data", "check", "nsynth", "--dir", root, "--labels", "own", "--only", "acoustic"]
    assert run(*command).exit_code == 0
    return root


# -- Neuroment --------------------------------------------------------------------------------------------------------


def test_the_medley_recipe_says_what_the_thesis_says() -> None:
    recipe = load_recipe(MEDLEY)
    stream, train = recipe.stream, recipe.train
    assert set(recipe.data.labels) == set(NAMES.values())
    assert recipe.network().parameter_count == pytest.approx(1.39e6, rel=0.005)
    assert recipe.model.hyperparameters == {"front_end": "mel", "companding": False, "dropout": 0.1}
    assert (stream.mode, stream.balance, stream.other, stream.augment) == ("neuroment", 2.0, 0.0, AugmentConfig.none())
    assert (stream.sources_min, stream.sources_max) == (1, 4)
    assert (stream.level_mean, stream.level_variance) == (0.5, 0.01)
    assert (train.optimizer, train.learning_rate, train.weight_decay, train.loss) == ("adam", 1e-3, 1e-3, "binary")
    assert (train.schedule, train.plateau_factor, train.plateau_patience) == ("plateau", 0.2, 8)
    assert (train.minimum_rate, train.monitor, recipe.data.validation_split) == (1e-5, "loss", "dev")
    # What would bend the training and is no part of it.
    assert (train.ema, train.clip_norm, train.budget_hours, train.patience, recipe.distill) == (None,) * 5
    assert DATA_SETS["medley-solos-db"].licence in recipe.model.licence


def test_an_epoch_of_the_medley_recipe_is_that_of_equation_10() -> None:
    recipe = load_recipe(MEDLEY)
    mixes = 420 * 8 / ((recipe.stream.sources_min + recipe.stream.sources_max) / 2) * 5
    windows = mixes * recipe.stream.windows_per_mix
    assert windows == 53_760
    assert recipe.stream.batch_size == 32
    assert recipe.train.validate_every == windows / recipe.stream.batch_size
    assert recipe.train.steps == 150 * recipe.train.validate_every
    assert recipe.train.validation_steps * recipe.stream.batch_size == 12_160


def test_a_mix_of_the_medley_recipe_is_whole_clips_with_levels_and_nothing_else(medley: Path) -> None:
    recipe = load_recipe(MEDLEY)
    stream = MixStream(recipe.stream, recipe.data.training([medley]), seed=0)
    sizes = set()
    for seed in range(12):
        mix = stream.mixer.render(np.random.default_rng(seed))
        sizes.add(len(mix.voices))
        assert not mix.bed.any()
        assert len({voice.label for voice in mix.voices}) == len(mix.voices)
        np.testing.assert_allclose(mix.audio, mix.stems.sum(axis=0), atol=1e-6)
        assert np.abs(mix.stems).max(axis=1).sum() <= 1 + 1e-5  # equation 9
        # A clip fills its stem: no pause, no second clip. The tones are steady, so every tenth of a second is as loud.
        tenths = mix.stems[:, : 4410 * (stream.mixer.length // 4410)].reshape(len(mix.stems), -1, 4410)
        levels = np.sqrt((tenths[:, 1:-1] ** 2).mean(axis=2))
        assert (levels.min(axis=1) > 0.9 * levels.max(axis=1)).all()
    assert sizes == {1, 2, 3, 4}


def test_the_medley_recipe_goes_from_the_data_set_to_a_finished_model(
    medley: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = assign("train.steps=4", "train.validate_every=2", "train.validation_steps=1", "stream.batch_size=8")
    few += assign("train.normalization_steps=1")
    command = ["fit", MEDLEY, "--data", medley, "--out", tmp_path / "run", "--workers", 0, "--device", "cpu"]
    result = run(*command, *few)
    assert result.exit_code == 0, result.output
    assert f"next: irec-train publish {tmp_path / 'run'}" in result.output
    for name, value in {"THRESHOLD_BATCHES": 1, "MIXES_PER_SIZE": 1, "NOISE_WINDOWS": 8}.items():
        monkeypatch.setattr(irec_models.publishing.predict, name, value)
    monkeypatch.setattr(irec_models.publishing.prepare, "LIFTS", ())
    monkeypatch.setattr(irec_models.publishing.prepare, "LIFT_MIXES", 0)
    result = run("publish", tmp_path / "run", "--data", medley, "-o", tmp_path / "neuroment-medley.pt")
    assert result.exit_code == 0, result.output
    finished = load_checkpoint(tmp_path / "neuroment-medley.pt")
    assert (finished.spec.kind, finished.spec.labels) == ("envelope", load_recipe(MEDLEY).data.labels)
    assert "CC BY 4.0, as Medley-solos-DB" in finished.spec.licence


def test_noise_that_thresholds_are_raised_above_has_nobody_playing_in_it(medley: Path) -> None:
    batch = next(irec_models.publishing.predict.Material(load_recipe(MEDLEY), DataFolders(medley)).noise())
    assert not batch.presence.any()
    assert not batch.envelope.any()
    assert batch.audio.any()


# -- Chen et al. ------------------------------------------------------------------------------------------------------


def test_only_acoustic_notes_are_taken_where_that_is_asked(nsynth: Path) -> None:
    clips = read_manifest(nsynth)
    assert {clip.instrument for clip in clips} == {f"{family}_acoustic" for family in TEN}
    assert {clip.labels for clip in clips} == {(family,) for family in TEN}
    assert {clip.split for clip in clips} == {"train", "dev", "test"}


def test_several_sorts_can_be_taken_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    root = tiny_datasets.write_nsynth(tmp_path / "nsynth")
    command = ("data", "check", "nsynth", "--dir", root)
    found = run(*command, "--only", "acoustic", "--only", "electronic", "--json")
    assert {clip.instrument.rsplit("_", 1)[1] for clip in read_manifest(root)} == {"acoustic", "electronic"}
    told = json.loads(found.stdout)
    assert told["clips"] == len(read_manifest(root))
    assert told["parts"]["train"]["clips"] == 15  # as many as are there: the part is whole
    wrong = run(*command, "--only", "accoustic")
    assert wrong.exit_code == 2
    assert (
        wrong.stderr
        == "irec-train: nsynth has no sort of clips 'accoustic'; there are acoustic, electronic, synthetic\n"
    )
    none = run(*command, "--part", "valid", "--only", "acoustic")
    assert "has no acoustic clips; take other parts" in none.stderr
    irmas = tiny_datasets.write_irmas(tmp_path / "irmas")
    other = run("data", "check", "irmas", "--dir", irmas, "--only", "acoustic")
    assert "irmas does not tell sorts of clips apart" in other.stderr
    assert other.exit_code == none.exit_code == 2


def test_the_nsynth_recipe_is_table_iv_on_whole_notes() -> None:
    recipe = load_recipe(NSYNTH)
    assert recipe.data.labels == TEN
    assert (recipe.stream.mode, recipe.data.validation_split) == ("clips", "dev")
    assert recipe.stream.window_length == 4 * recipe.stream.sample_rate == 64_000
    assert recipe.train.validate_every == -(-100_382 // recipe.stream.batch_size)
    network = recipe.network()
    assert isinstance(network, ChenNet)
    assert network.spectrum.bins == 1025
    assert network.parameter_count == 10 * 289_985
    published = load_recipe(NSYNTH, ["model.hyperparameters.grid=[]", 'data.labels=["flute"]']).network()
    assert published.parameter_count == 31_550_657
    quick = load_recipe(NSYNTH, ["model.hyperparameters.bins=128", 'data.labels=["flute"]']).network()
    assert quick.parameter_count == 289_985


def test_a_note_of_nsynth_is_one_sample(nsynth: Path) -> None:
    recipe = load_recipe(NSYNTH)
    stream = ClipStream(recipe.stream, recipe.data.training([nsynth]), seed=0)
    assert len(stream.windows) == len(TEN)
    (batch,) = stream.epoch()
    assert torch.equal(batch.presence.sum(dim=1), torch.ones(len(TEN)))


def test_a_classifier_of_one_family_is_trained_joined_and_scored_by_table_v(nsynth: Path, tmp_path: Path) -> None:
    few = assign("train.steps=2", "train.validate_every=1", "stream.batch_size=4", "model.hyperparameters.bins=32")
    few += assign("model.hyperparameters.grid=[1, 1]")
    for label in ("bass", "flute"):
        out = tmp_path / f"chen-nsynth-{label}"
        command = ["fit", NSYNTH, "--data", nsynth, "--label", label, "--out", out, "--workers", 0, "--device", "cpu"]
        result = run(*command, *few)
        assert result.exit_code == 0, result.output
    joined = tmp_path / "chen-nsynth.pt"
    parts = [tmp_path / f"chen-nsynth-{label}" / "best.pt" for label in ("bass", "flute")]
    assert run("join", *parts, "-o", joined).exit_code == 0
    assert load_checkpoint(joined).spec.labels == ("bass", "flute")
    evaluate = ["evaluate", joined, "--data", nsynth, "--split", "test", "--per-size", 3]
    result = run(*evaluate, "--overlaid", "--json", tmp_path / "v.json")
    assert result.exit_code == 0, result.output
    sizes = json.loads((tmp_path / "v.json").read_text())["overlaid"]["sizes"]
    assert {size: row["mixes"] for size, row in sizes.items()} == {"0": 3, "1": 3, "2": 3}  # of two labels
    assert sizes["0"]["decision_accuracy"] == 1.0
    assert "single" in result.output
    both = run(*evaluate, "--overlaid", "--mixes")
    assert both.exit_code == 2
    assert "leave --mixes, --compare, --hop and --report out" in both.stderr


def test_a_label_that_nobody_can_validate_is_told_before_training(nsynth: Path, tmp_path: Path) -> None:
    manifest = (nsynth / "manifest.csv").read_text().splitlines(keepends=True)
    (tmp_path / "manifest.csv").write_text(
        "".join(line for line in manifest if not line.startswith("dev,nsynth-valid/audio/bass"))
    )
    for part in ("train", "valid", "test"):
        (tmp_path / f"nsynth-{part}").symlink_to(nsynth / f"nsynth-{part}")
    few = assign("train.steps=2", "model.hyperparameters.bins=32", "model.hyperparameters.grid=[1, 1]")
    result = run("fit", NSYNTH, "--data", tmp_path, "--label", "bass", "--out", tmp_path / "run", "--workers", 0, *few)
    assert result.exit_code == 2
    assert "there is no example of bass to validate on" in result.stderr


def test_clips_over_each_other_are_different_labels_from_silence_to_all_of_them(nsynth: Path) -> None:
    ten, plan = ClipSelection(DataFolders(nsynth), "test", labels=TEN), replace(CHEN_PLAN, per_size=2)
    mixes = list(overlaid_clips(ten, 16_000, plan))
    assert [mix.size for mix in mixes] == [size for size in range(11) for _ in range(2)]
    assert all(len(set(mix.labels)) == mix.size and len(mix.audio) == 64_000 for mix in mixes)
    assert not mixes[0].audio.any()
    assert mixes[-1].labels == TEN
    assert max(float(np.abs(mix.audio).max()) for mix in mixes) <= 1.0
    # Every label that is said to be there is: its tone stands out of the spectrum.
    for mix in mixes:
        spectrum = np.abs(np.fft.rfft(mix.audio)) / 32_000
        for number, family in enumerate(TEN):
            pitch = 440.0 * 2 ** ((40 + 5 * number - 69) / 12)
            here = spectrum[round(4 * pitch) - 2 : round(4 * pitch) + 3].max()
            assert (here > 0.5 / max(mix.size, 1)) == (family in mix.labels), (family, mix.labels)
    again = list(overlaid_clips(ten, 16_000, plan))
    assert all(np.array_equal(one.audio, other.audio) for one, other in zip(mixes, again, strict=True))


def test_labels_without_clips_cannot_be_laid_over_each_other(nsynth: Path) -> None:
    with pytest.raises(DataError, match="split 'test' has no clip of one of these labels by itself"):
        next(overlaid_clips(ClipSelection(DataFolders(nsynth), "test", labels=("harp",)), 8000))
