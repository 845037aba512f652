"""Training: resumes as if never stopped, refuses before it starts, saves when told to stop."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import small_nets
import tiny_bank
import torch
from click.testing import CliRunner
from rich.console import Console
from torch.optim.swa_utils import AveragedModel

import irec_models.training.fit
from irec_live.errors import CheckpointError, DataError, OutputError, RecipeError
from irec_live.models.spec import Threshold
from irec_models.checkpoint import load_checkpoint, save_checkpoint
from irec_models.cli import main
from irec_models.data import Batch
from irec_models.publishing.decide import above_noise
from irec_models.publishing.publish import publish
from irec_models.recipes.recipe import load_recipe
from irec_models.training.averaging import average
from irec_models.training.run import Run
from irec_models.training.trainer import Trainer, warmed_average
from irec_models.training.validation import ValidationScores


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def write_recipe(tmp_path: Path) -> Callable[..., Path]:
    def write(architecture: str = "small", monitor: str = "map", **changes: str) -> Path:
        text = small_nets.RECIPE.format(architecture=architecture, monitor=monitor)
        for key, value in changes.items():
            old = next(line for line in text.splitlines() if line.startswith(f"{key} = "))
            text = text.replace(old, f"{key} = {value}")
        path = tmp_path / "small.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def fit(recipe: Path, bank: Path, out: Path, **options: object) -> Trainer:
    arguments: dict[str, object] = {"workers": 0, "device": "cpu", "console": Console(file=io.StringIO()), **options}
    return irec_models.training.fit.fit(recipe, [bank], out, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(("architecture", "monitor"), [("small", "map"), ("small-envelope", "loss")])
def test_a_resumed_run_ends_with_the_same_weights_as_one_that_never_stopped(
    write_recipe: Callable[..., Path],
    bank: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    architecture: str,
    monitor: str,
) -> None:
    recipe = write_recipe(architecture, monitor)
    whole = fit(recipe, bank, tmp_path / "whole")
    train_on = Trainer.train_on

    def interrupted(self: Trainer, given: Batch) -> float:
        if self.step == 6:
            raise KeyboardInterrupt
        return train_on(self, given)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_on", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit(recipe, bank, tmp_path / "parts")
    assert load_checkpoint(tmp_path / "parts" / "last.pt").training["step"] == 6
    parts = fit(recipe, bank, tmp_path / "parts", resume=True)
    assert parts.step == whole.step == 12
    for name in ("last.pt", "best.pt"):
        first, second = (load_checkpoint(run.run.folder / name) for run in (whole, parts))
        assert all(torch.equal(value, second.state_dict[key]) for key, value in first.state_dict.items())
    assert parts.best == whole.best


def test_a_run_leaves_checkpoints_a_log_and_its_recipe(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path
) -> None:
    trainer = fit(write_recipe(), bank, tmp_path / "run")
    run = Run(tmp_path / "run")
    assert {path.name for path in run.folder.iterdir()} == {"recipe.toml", "log.jsonl", "last.pt", "best.pt"}
    validations = [entry for entry in run.entries() if "validation_map" in entry]
    assert [entry["step"] for entry in validations] == [4, 8, 12]
    best = load_checkpoint(run.best)
    assert best.training["validation_map"] == max(entry["validation_map"] for entry in validations) == trainer.best
    assert best.spec.labels == ("flute", "piano", "drums")
    assert best.spec.parameters == trainer.network.parameter_count
    assert "optimizer" not in best.training
    assert fit(write_recipe(), bank, tmp_path / "run", resume=True).step == 12


def test_a_run_that_is_resumed_with_other_settings_tells_them(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path
) -> None:
    fit(write_recipe(steps="2"), bank, tmp_path / "run")
    for steps, told in (("2", ""), ("4", "resuming with other settings than before: train.steps 4, was 2\n")):
        said = io.StringIO()
        fit(write_recipe(steps=steps), bank, tmp_path / "run", resume=True, console=Console(file=said))
        assert "".join(line for line in said.getvalue().splitlines(keepends=True) if "other settings" in line) == told


def test_training_learns_the_tiny_bank(write_recipe: Callable[..., Path], bank: Path, tmp_path: Path) -> None:
    trainer = fit(write_recipe(steps="60", validate_every="60", learning_rate="1e-2"), bank, tmp_path / "run")
    assert trainer.best > 0.6  # chance is the share of windows that hold a label, about 0.3


def test_early_stop_ends_a_run_that_no_longer_gains(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path
) -> None:
    recipe = write_recipe(learning_rate="1e-12", validate_every="1\npatience = 2")
    assert fit(recipe, bank, tmp_path / "run").step < 12


def test_a_run_may_keep_its_newest_weights_whatever_they_score(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.9, 0.1, 0.5])
    monkeypatch.setattr(ValidationScores, "mean_average_precision", lambda _: next(scores))
    trainer = fit(write_recipe(steps="3", validate_every="1", monitor="last"), bank, tmp_path / "run")
    assert load_checkpoint(trainer.run.best).training["step"] == 3


@pytest.mark.parametrize("schedule", ["plateau", "constant"])
def test_other_schedules_hold_the_rate_until_told(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, schedule: str
) -> None:
    recipe = write_recipe(learning_rate=f'1e-3\nschedule = "{schedule}"\noptimizer = "adam"', steps="4")
    assert fit(recipe, bank, tmp_path / "run").rate() == 1e-3


def test_the_rate_drops_after_as_many_validations_without_gain_as_the_recipe_says(
    write_recipe: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = load_recipe(
        write_recipe(learning_rate='1.0\nschedule = "plateau"\nplateau_patience = 2\nminimum_rate = 0.1')
    )
    trainer = Trainer(recipe, recipe.network(), Run(tmp_path), [])
    rates = []
    for score in (1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0):
        trainer.plateau.step(score)
        rates.append(trainer.rate())
        trainer.save()  # and whoever goes on from here knows as much
        later = Trainer(recipe, recipe.network(), Run(tmp_path), [])
        later.restore(load_checkpoint(trainer.run.last))
        trainer = later
    assert rates == pytest.approx([1.0, 1.0, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1])


def test_a_run_that_an_earlier_version_began_is_refused_in_one_sentence(
    write_recipe: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = load_recipe(write_recipe())
    trainer = Trainer(recipe, recipe.network(), Run(tmp_path), [])
    trainer.save()
    saved = load_checkpoint(trainer.run.last)
    average = dict(recipe.network().named_parameters())
    with pytest.raises(CheckpointError, match=r"^\S+last\.pt cannot be resumed .*; start again with another --out$"):
        trainer.restore(replace(saved, training={**saved.training, "average": average}))


def test_a_budget_of_hours_anneals_by_the_clock(write_recipe: Callable[..., Path], tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(steps="1000000\nbudget_hours = 1.0"))
    now = 0.0
    trainer = Trainer(recipe, recipe.network(), Run(tmp_path), [], clock=lambda: now)
    early = trainer.rate()
    now = 1800.0
    assert trainer.progress == pytest.approx(0.5)
    assert trainer.rate() > early
    assert not trainer.finished
    now = 3600.0
    assert trainer.finished
    assert trainer.rate() == pytest.approx(recipe.train.minimum_rate)


def test_a_run_is_not_written_over_by_accident(write_recipe: Callable[..., Path], bank: Path, tmp_path: Path) -> None:
    fit(write_recipe(steps="1"), bank, tmp_path / "run")
    with pytest.raises(RecipeError, match="already holds a run; add --resume"):
        fit(write_recipe(steps="1"), bank, tmp_path / "run")


def test_a_run_of_another_network_is_not_resumed(write_recipe: Callable[..., Path], bank: Path, tmp_path: Path) -> None:
    fit(write_recipe(steps="1"), bank, tmp_path / "run")
    kept = (tmp_path / "run" / "recipe.toml").read_text(encoding="utf-8")
    for other in (write_recipe("small-envelope"), write_recipe(labels='["piano", "flute", "drums"]')):
        with pytest.raises(CheckpointError, match="is of another network"):
            fit(other, bank, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "recipe.toml").read_text(encoding="utf-8") == kept


def test_a_run_is_not_resumed_with_other_sources_held_out(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path
) -> None:
    fit(write_recipe(steps="1"), bank, tmp_path / "run")
    kept = (tmp_path / "run" / "recipe.toml").read_text(encoding="utf-8")
    with pytest.raises(RecipeError, match="hold out different sources"):
        fit(write_recipe(hold_out='["north"]'), bank, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "recipe.toml").read_text(encoding="utf-8") == kept


def test_weights_that_were_saved_before_their_validation_are_validated_on_resuming(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "validate", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fit(write_recipe(steps="2"), bank, tmp_path / "run")
    assert not (tmp_path / "run" / "best.pt").exists()
    trainer = fit(write_recipe(steps="2"), bank, tmp_path / "run", resume=True)
    assert trainer.step == trainer.validated == 2
    assert load_checkpoint(tmp_path / "run" / "best.pt").training["step"] == 2


def test_what_cannot_work_is_refused_before_the_first_step(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "train_on", lambda *_, **__: pytest.fail("training began"))
    with pytest.raises(DataError, match="does not exist"):
        fit(write_recipe(), tmp_path / "nowhere", tmp_path / "a")
    with pytest.raises(DataError, match="tuba"):
        fit(write_recipe(labels='["flute", "piano", "tuba"]'), bank, tmp_path / "b")
    with pytest.raises(RecipeError, match="no device 'abacus'"):
        fit(write_recipe(), bank, tmp_path / "c", device="abacus")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file; give a folder"):
        fit(write_recipe(), bank, tmp_path / "file")


def test_a_loss_that_is_not_finite_stops_before_it_reaches_the_weights(
    write_recipe: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = load_recipe(write_recipe())
    trainer = Trainer(recipe, recipe.network(), Run(tmp_path), [])
    audio = torch.full((2, 4096), float("nan"))
    before = [parameter.detach().clone() for parameter in trainer.network.parameters()]
    batch = Batch(audio, torch.zeros(2, 3), torch.zeros(2, 3, 9), torch.ones(2, 3))
    with pytest.raises(FloatingPointError, match="loss became nan at step 0"):
        trainer.train_on(batch)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.network.parameters(), strict=True))


def test_a_training_that_diverges_ends_with_one_sentence(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "_loss_of", lambda *_, **__: (torch.tensor(torch.nan, requires_grad=True), 0.0))
    options = ["--data", str(bank), "--out", str(tmp_path / "run"), "--workers", "0", "--device", "cpu"]
    result = CliRunner().invoke(main, ["fit", str(write_recipe()), *options])
    assert result.exit_code == 2
    assert "the loss became nan at step 0; lower learning_rate" in result.stderr
    assert "Traceback" not in result.stderr


def test_averaged_weights_follow_slowly() -> None:
    module = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(module.weight)
    follower = AveragedModel(module, multi_avg_fn=warmed_average(0.5))
    follower.update_parameters(module)
    torch.nn.init.ones_(module.weight)
    follower.update_parameters(module)
    assert follower.module.weight.item() == pytest.approx(9 / 12)  # early: (1 + 2) / (10 + 2) stays
    for _ in range(50):
        before = follower.module.weight.item()
        follower.update_parameters(module)
    assert follower.module.weight.item() == pytest.approx(0.5 * before + 0.5)


def test_publishing_a_run_gives_thresholds_scores_and_a_card(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_models.publishing.predict.MIXES_PER_SIZE", 1)
    monkeypatch.setattr("irec_models.publishing.predict.THRESHOLD_BATCHES", 3)
    monkeypatch.setattr("irec_models.publishing.predict.NOISE_WINDOWS", 256)
    fit(write_recipe("small-envelope", "loss", steps="4"), bank, tmp_path / "run")
    scores = publish(tmp_path / "run", [bank], tmp_path / "small.pt")
    published = load_checkpoint(tmp_path / "small.pt")
    assert set(published.spec.thresholds) == {"flute", "piano", "drums"}
    assert published.spec.scores["dev_macro_map"] == pytest.approx(scores.clips.aggregations["s1"].macro_map, abs=1e-4)
    assert scores.mixtures is not None
    assert scores.mixtures.envelope is not None
    assert published.spec.scores["mixes_envelope_error_db"] > 0
    for expected in ("Recipe `small`", "Held out of training", "south (held out)", "| flute |", "seed 3"):
        assert expected in published.card
    assert published.network().labels == 3
    # What goes on from it names its recordings too, and who of them is held out only by name.
    said = io.StringIO()
    further = {"start_from": tmp_path / "small.pt", "console": Console(file=said, width=200)}
    fit(write_recipe("small-envelope", "loss", steps="1", hold_out='["north"]'), bank, tmp_path / "further", **further)
    assert "small was trained on north" in said.getvalue()
    publish(tmp_path / "further", [bank], tmp_path / "further.pt")
    card = load_checkpoint(tmp_path / "further.pt").card
    assert "It began with the weights of small" in card
    assert "north (held out)" in card.partition("## Training recordings of small")[0]
    assert "south (held out)" in card.partition("## Training recordings of small")[2]
    # Another sitting on the same recordings repeats no table.
    again = {"start_from": tmp_path / "further.pt", "console": Console(file=io.StringIO())}
    fit(write_recipe("small-envelope", "loss", steps="1", hold_out='["north"]'), bank, tmp_path / "again", **again)
    last = tmp_path / "again" / "best.pt"
    save_checkpoint(last, average([load_checkpoint(tmp_path / "further.pt"), load_checkpoint(last)], [1.0, 1.0]))
    publish(tmp_path / "again", [bank], tmp_path / "again.pt")
    later = load_checkpoint(tmp_path / "again.pt").card
    assert later.partition("## Recordings\n")[2] == card.partition("## Recordings\n")[2]
    assert later.count("## Training recordings of small") == 1
    assert "Its weights are the mean of 2 trainings" in later
    own = CliRunner().invoke(
        main, ["publish", str(tmp_path / "run"), "--data", str(bank), "-o", str(tmp_path / "run" / "best.pt")]
    )
    assert own.exit_code == 2
    assert "is the run's own" in own.stderr


@pytest.mark.parametrize(("needed", "stays"), [(0.0, True), (1.01, False)])
def test_a_further_label_stays_only_if_held_out_sources_show_that_it_was_learnt(
    write_recipe: Callable[..., Path],
    bank: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    needed: float,
    stays: bool,
) -> None:
    monkeypatch.setattr("irec_models.publishing.predict.MIXES_PER_SIZE", 1)
    monkeypatch.setattr("irec_models.publishing.predict.THRESHOLD_BATCHES", 3)
    monkeypatch.setattr("irec_models.publishing.predict.NOISE_WINDOWS", 256)
    monkeypatch.setattr("irec_models.publishing.prepare.EXTRA_PRECISION", needed)
    recipe = write_recipe(steps="4", labels='["flute", "oboe", "piano", "drums"]')
    fit(recipe, bank, tmp_path / "run")
    publish(tmp_path / "run", [bank], tmp_path / "small.pt")
    published = load_checkpoint(tmp_path / "small.pt")
    assert published.spec.labels == (("flute", "oboe") if stays else ("flute",)) + ("piano", "drums")
    assert set(published.spec.thresholds) == set(published.spec.labels)
    assert published.network().labels == len(published.spec.labels)
    assert ("Left out" in published.card) is not stays
    assert "calibration error" in published.card


def test_where_a_recipe_asks_for_precision_thresholds_are_chosen_on_real_recordings(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_models.publishing.predict.MIXES_PER_SIZE", 1)
    monkeypatch.setattr("irec_models.publishing.predict.THRESHOLD_BATCHES", 3)
    monkeypatch.setattr("irec_models.publishing.predict.NOISE_WINDOWS", 256)
    recipe = write_recipe(steps="2")
    recipe.write_text(recipe.read_text("utf-8") + "\n[decisions]\nprecision = 0.7\n", "utf-8")
    fit(recipe, bank, tmp_path / "run")
    publish(tmp_path / "run", [bank], tmp_path / "small.pt")
    published = load_checkpoint(tmp_path / "small.pt")
    assert all(threshold.again is not None for threshold in published.spec.thresholds.values())
    assert published.spec.trade_off_at(0.0) is not None
    assert "with a precision of 0.7" in published.card
    assert published.card.index("## Scores") < published.card.index("## Decisions") < published.card.index("## Record")
    assert "before" not in published.card.partition("## Decisions")[2].partition("|")[0]  # its scores are of these


def test_no_threshold_is_so_low_that_noise_passes_it() -> None:
    noise = torch.cat((torch.full((100, 2), 0.1), torch.tensor([[0.9, 0.1]]).repeat(2, 1)))
    before = {"flute": Threshold(on=0.5, off=0.3), "piano": Threshold(on=0.5, off=0.3)}
    after = above_noise(before, noise, 0.002)
    assert after["flute"].on == pytest.approx(0.9)
    assert after["flute"].off == pytest.approx(0.54)
    assert after["piano"] == before["piano"]


def test_the_command_line_answers_mistakes_with_one_sentence_and_exit_code_two(
    write_recipe: Callable[..., Path], bank: Path, tmp_path: Path, small_checkpoint: Path
) -> None:
    (tmp_path / "noise.pt").write_bytes(b"noise")
    recipe = str(write_recipe())
    for arguments in (
        ["fit", str(tmp_path / "none.toml")],
        ["fit", recipe, "--data", str(tmp_path), "--out", str(tmp_path / "x")],
        ["evaluate", str(tmp_path / "noise.pt"), "--data", str(bank)],
        ["evaluate", str(tmp_path / "model.txt"), "--data", str(bank)],
        ["evaluate", str(small_checkpoint), "--data", str(bank), "--split", "moon"],
        ["evaluate", str(small_checkpoint), "--data", str(bank), "--compare", str(tmp_path / "noise.pt")],
        ["publish", str(tmp_path), "-o", str(tmp_path / "y.pt")],
        ["data", "--data", str(tmp_path / "nowhere")],
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2, (arguments, result.output)
        assert result.stderr.startswith("irec-train: ")
        assert result.stderr.count("\n") == 1


def test_the_data_command_counts_clips(bank: Path) -> None:
    result = CliRunner().invoke(main, ["data", "--data", str(bank), "--json"])
    content = json.loads(result.stdout)
    rows = {(row["split"], row["label"], row["source"]): row["clips"] for row in content["counts"]}
    assert rows["train", "flute", "north"] == 10
    assert rows["dev", "piano", "stage"] == 1
    assert "flute" in CliRunner().invoke(main, ["data", "--data", str(bank)]).stdout
