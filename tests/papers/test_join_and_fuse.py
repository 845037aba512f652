"""``irec-train join`` and ``irec-train fuse``: models made of models."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import onnx_twin
import pytest
import small_nets
import tiny_bank
import torch
from click.testing import CliRunner, Result
from network_fixtures import write_network

import irec_models.publishing.predict
from irec_export.to_onnx import export
from irec_live.errors import CheckpointError
from irec_live.models.detector import Detector
from irec_models.checkpoint import load_checkpoint, save_checkpoint
from irec_models.cli import main
from irec_models.nets import build
from irec_models.training.averaging import average
from irec_models.training.start_weights import load_start

LABELS = ("flute", "piano", "drums")
RECIPE = (
    small_nets.RECIPE.format(architecture="small", monitor="map")
    .replace("8000", "22050")
    .replace("4096", "22050")
    .replace("batch_size = 8", "batch_size = 2")
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, private_home: Path) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank"))


def write(
    folder: Path,
    name: str,
    architecture: str,
    labels: tuple[str, ...] = LABELS,
    seed: int = 0,
    licence: str = "",
    **options: object,
) -> Path:
    network = onnx_twin.shake(build(architecture, labels=len(labels), **options), seed)
    fields = {"labels": labels, "hop_length": 2205, "licence": licence, "seed": seed}
    return write_network(folder / f"{name}.pt", network, f"# Card of {name}", **fields)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_joined_classifiers_become_one_graph_in_which_each_says_what_it_said_alone(tmp_path: Path) -> None:
    parts = [write(tmp_path, f"chen-{label}", "chen", (label,), seed) for seed, label in enumerate(LABELS)]
    out = tmp_path / "chen.pt"
    result = run("join", *parts, "-o", out)
    assert result.exit_code == 0, result.output
    assert "3 labels (flute, piano, drums)" in result.output
    assert f"next: irec-export {out} -o chen.onnx" in result.output
    assert load_checkpoint(out).spec.title == "3 classifiers trained apart, 1 s"
    windows = np.random.default_rng(0).normal(0, 0.1, (2, 22_050)).astype(np.float32)
    with torch.no_grad():
        alone = [load_checkpoint(part).network().predict(torch.from_numpy(windows))[:, 0].numpy() for part in parts]
    export(out, tmp_path / "chen.onnx", half_weights=False)
    np.testing.assert_allclose(Detector(tmp_path / "chen.onnx")(windows), np.stack(alone, axis=1), atol=1e-4)


def test_a_joined_model_takes_one_more_instrument(tmp_path: Path) -> None:
    both = [
        write(tmp_path, "two", "chen", ("flute", "piano"), 1, "CC0-1.0"),
        write(tmp_path, "harp", "chen", ("harp",), 2, "CC BY-NC 4.0"),
    ]
    result = run("join", *both, "-o", tmp_path / "three.pt", "--name", "mine", "--title", "Mine")
    assert result.exit_code == 0, result.output
    joined, old = load_checkpoint(tmp_path / "three.pt"), load_checkpoint(both[0])
    assert (joined.spec.name, joined.spec.title, joined.spec.labels) == ("mine", "Mine", ("flute", "piano", "harp"))
    assert (joined.spec.licence, joined.spec.seed) == ("CC0-1.0; CC BY-NC 4.0", None)
    assert all(torch.equal(joined.state_dict[key], value) for key, value in old.state_dict.items())


@pytest.mark.parametrize(
    ("second", "options", "sentence"),
    [
        (("han", {}), (), "'second' is of architecture 'han'; only classifiers of 'chen' can be joined"),
        (("chen", {"bins": 64}), (), "'second' has bins 64, but 'first' has 128; train them alike"),
        (("chen", {}), ("--name", "two words"), "a model cannot have name 'two words'"),
    ],
)
def test_what_cannot_be_joined_is_refused_in_one_sentence(
    tmp_path: Path, second: tuple[str, dict[str, object]], options: tuple[str, ...], sentence: str
) -> None:
    first = write(tmp_path, "first", "chen", ("flute",))
    other = write(tmp_path, "second", second[0], ("piano",), **second[1])
    result = run("join", first, other, "-o", tmp_path / "out.pt", *options)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out.pt").exists()


@pytest.fixture
def members(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return {
        "mel": write(tmp_path, "lumen-mel", "lumen", front_end="mel", batch_norm=True),
        "modgd": write(tmp_path, "lumen-modgd", "lumen", front_end="modgd", seed=1),
        "chroma": write(tmp_path, "lumen-chroma", "lumen-chroma", seed=2),
    }


def test_a_fusion_says_yes_where_all_members_do_by_their_own_thresholds(
    tmp_path: Path, members: dict[str, Path], bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(irec_models.publishing.predict, "THRESHOLD_BATCHES", 4)
    monkeypatch.setattr(irec_models.publishing.predict, "MIXES_PER_SIZE", 1)
    out = tmp_path / "lumen-fusion.pt"
    # In another order than the network keeps them in.
    result = run("fuse", members["chroma"], members["mel"], members["modgd"], "--data", bank, "-o", out)
    assert result.exit_code == 0, result.output
    assert f"next: irec-export {out} -o lumen-fusion.onnx" in result.output
    fused = load_checkpoint(out)
    assert fused.hyperparameters["members"] == ["mel", "modgd", "chroma"]
    assert "dev_macro_map" in fused.spec.scores
    assert "9 in all" in fused.card
    assert "# Card of lumen-chroma" in fused.card
    thresholds = fused.state_dict["thresholds"]
    assert torch.equal((thresholds * 100).round() / 100, thresholds)
    windows = 0.1 * torch.randn(4, 22_050, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        alone = torch.stack([load_checkpoint(members[name]).network().predict(windows) for name in members])
        assert torch.equal(fused.network().predict(windows) > 0.5, (alone > thresholds[:, None]).all(dim=0))


def test_what_cannot_be_fused_is_refused_before_anything_is_predicted(
    tmp_path: Path, members: dict[str, Path], bank: Path
) -> None:
    def refusal(*arguments: object) -> str:
        result = run("fuse", *arguments, "--data", bank, "-o", tmp_path / "out.pt")
        assert result.exit_code == 2, result.output
        assert len(result.stderr.splitlines()) == 1
        assert not (tmp_path / "out.pt").exists()
        return result.stderr

    mel = members["mel"]
    assert "'lumen-mel' and 'lumen-mel' are both on mel" in refusal(mel, mel)
    assert "a fusion needs two or three networks, of mel, modgd, chroma" in refusal(mel)
    han = write(tmp_path, "han", "han")
    assert "'han' cannot be fused: it is of architecture 'han', not lumen or lumen-chroma" in refusal(mel, han)
    softmax = write(tmp_path, "soft", "lumen-chroma", output="softmax")
    assert "'soft' has another output than 'lumen-mel'" in refusal(mel, softmax)
    (tmp_path / "else").mkdir()
    stray = write(tmp_path / "else", "stray", "lumen-chroma")
    assert "name the recipe with --recipe" in refusal(mel, stray)
    (tmp_path / "else" / "recipe.toml").write_text(RECIPE.replace("south", "north"), encoding="utf-8")
    assert "hold out different sources; train them alike" in refusal(mel, stray)
    other = RECIPE.replace('hold_out = ["south"]', 'hold_out = ["south"]\nvalidation_split = "dev"')
    (tmp_path / "else" / "recipe.toml").write_text(other, encoding="utf-8")
    assert "were validated on different material" in refusal(mel, stray)
    (tmp_path / "else" / "recipe.toml").write_text(RECIPE.replace('"piano", ', ""), encoding="utf-8")
    assert "lacks labels that 'lumen-mel' has" in refusal(mel, stray, "--recipe", tmp_path / "else" / "recipe.toml")


def test_the_mean_of_two_trainings_lies_between_them_by_their_shares(tmp_path: Path, small_architectures: None) -> None:
    one, two = (write(tmp_path, name, "small", seed=seed) for name, seed in (("one", 1), ("two", 2)))
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    out = tmp_path / "mean" / "best.pt"
    done = run("average", one, two, "--share", 3, "--share", 1, "-o", out)
    assert done.exit_code == 0, done.output
    assert (out.parent / "recipe.toml").read_text(encoding="utf-8") == RECIPE
    first, second, mean = (load_checkpoint(path) for path in (one, two, out))
    for key, value in mean.state_dict.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, 0.75 * first.state_dict[key] + 0.25 * second.state_dict[key])
    assert mean.spec == second.spec
    assert mean.training["mean_of"] == 2
    mean.network()


def test_trainings_that_held_out_other_sources_have_no_mean(tmp_path: Path, small_architectures: None) -> None:
    for name, source in (("one", "a"), ("two", "b")):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "net", "small")
        text = re.sub(r"hold_out = .*", f'hold_out = ["{source}"]', RECIPE)
        (tmp_path / name / "recipe.toml").write_text(text, encoding="utf-8")
    one, two = tmp_path / "one" / "net.pt", tmp_path / "two" / "net.pt"
    refused = run("average", one, two, "-o", tmp_path / "mean.pt")
    assert refused.exit_code == 2
    assert "hold out different sources; train them alike" in refused.stderr
    assert load_start(one).trained_on(["a", "b"]) == {"b"}


def test_checkpoints_from_before_a_hyperparameter_was_named_have_a_mean_with_those_after(tmp_path: Path) -> None:
    old, new, wide = (
        write(tmp_path, name, "tutti", width=width) for name, width in (("old", 1), ("new", 1), ("wide", 2))
    )
    before = load_checkpoint(old)
    unnamed = {name: value for name, value in before.hyperparameters.items() if name != "width"}
    save_checkpoint(old, dataclasses.replace(before, hyperparameters=unnamed))
    for pair in ((old, new), (new, old)):
        average([load_checkpoint(path) for path in pair], [1.0, 1.0]).network()
    with pytest.raises(CheckpointError, match=r"'wide' is not built as 'old' \(width 2 and 1.0\)"):
        average([load_checkpoint(path) for path in (old, wide)], [1.0, 1.0])


def test_only_one_network_trained_twice_has_a_mean(tmp_path: Path, small_architectures: None) -> None:
    one, other = write(tmp_path, "one", "small"), write(tmp_path, "other", "small", labels=("flute", "harp", "drums"))
    refused = run("average", one, other, "-o", tmp_path / "mean.pt")
    assert refused.exit_code == 2
    assert "'other' is not built as 'one' (other labels)" in refused.stderr
    for share in ("nan", "inf", 0):
        refused = run("average", one, one, "--share", share, "--share", 1, "-o", tmp_path / "mean.pt")
        assert (refused.exit_code, "above 0" in refused.stderr) == (2, True)
        assert not (tmp_path / "mean.pt").exists()
    refused = run("average", one, one, "--share", 1, "-o", tmp_path / "mean.pt")
    assert refused.exit_code == 2
    assert "once for each" in refused.stderr
    refused = run("average", one, one, "-o", one)
    assert refused.exit_code == 2
    assert "so that none is lost" in refused.stderr
    assert not (tmp_path / "mean.pt").exists()
