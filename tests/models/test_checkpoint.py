"""Checkpoints: the same network comes back, and nothing a stranger sends runs."""

from __future__ import annotations

import argparse
import errno
import os
import pickle
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from irec_live.errors import CheckpointError, OutputError
from irec_models.checkpoint import SCHEMA, load_checkpoint, save_checkpoint


def test_a_saved_network_says_the_same_after_loading(small_checkpoint: Path) -> None:
    checkpoint = load_checkpoint(small_checkpoint)
    audio = torch.randn(2, 4096, generator=torch.Generator().manual_seed(0)) * 0.1
    first = checkpoint.network()(audio)
    assert torch.equal(load_checkpoint(small_checkpoint).network()(audio), first)
    assert checkpoint.card == "# Card"
    assert checkpoint.spec.labels == ("flute", "piano", "drums")
    assert not checkpoint.network().training


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("bomb-went-off",)


def test_a_pickle_bomb_is_refused_and_does_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"schema": SCHEMA, "state_dict": {"weight": Bomb()}}, "bomb.pt")
    Path("plain.pt").write_bytes(pickle.dumps(Bomb(), protocol=4))
    for name in ("bomb.pt", "plain.pt"):
        with pytest.raises(CheckpointError, match="is refused"):
            load_checkpoint(name)
    assert not Path("bomb-went-off").exists()
    with pytest.raises(CheckpointError, match=rf"bomb\.pt is refused: it holds {os.mkdir.__module__}\.mkdir, which is"):
        load_checkpoint("bomb.pt")
    torch.save({"schema": SCHEMA, "options": argparse.Namespace(rate=1)}, "options.pt")
    with pytest.raises(CheckpointError, match=r"it holds argparse\.Namespace, which is code"):
        load_checkpoint("options.pt")


def changed(path: Path, to: Path, **change: Any) -> Path:
    """A checkpoint with other parts."""
    torch.save({**torch.load(path, weights_only=True), **change}, to)
    return to


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_the_names_that_wrappers_give_are_taken_off(small_checkpoint: Path, tmp_path: Path, prefix: str) -> None:
    plain = load_checkpoint(small_checkpoint)
    wrapped = {prefix + name: value for name, value in plain.state_dict.items()}
    found = load_checkpoint(changed(small_checkpoint, tmp_path / "wrapped.pt", state_dict=wrapped))
    assert list(found.state_dict) == list(plain.state_dict)
    audio = torch.randn(1, 4096, generator=torch.Generator().manual_seed(0))
    assert torch.equal(found.network()(audio), plain.network()(audio))


def test_an_architecture_that_is_unknown_is_told_in_a_line(small_checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match=r"the checkpoint holds architecture 'a\?b', which"):
        replace(load_checkpoint(small_checkpoint), architecture="a\nb").network()


@pytest.mark.parametrize("labels", ["\n", torch.zeros(3), [3], None])
def test_a_number_of_labels_that_is_none_is_refused_in_a_sentence(small_checkpoint: Path, labels: object) -> None:
    checkpoint = load_checkpoint(small_checkpoint)
    with pytest.raises(CheckpointError, match=r"it names 3 labels, and the network is said to have ") as caught:
        replace(checkpoint, hyperparameters={**checkpoint.hyperparameters, "labels": labels}).network()
    assert "\n" not in str(caught.value)


def test_what_does_not_fit_is_told_by_name(small_checkpoint: Path) -> None:
    checkpoint = load_checkpoint(small_checkpoint)
    weights = dict(checkpoint.state_dict)
    weights["elsewhere"] = weights.pop("convolution.bias")
    weights["output.bias"] = torch.zeros(7)
    with pytest.raises(CheckpointError) as caught:
        replace(checkpoint, state_dict=weights).network()
    assert str(caught.value).endswith(
        "it lacks convolution.bias; it holds elsewhere, which the network does not have; "
        "it holds output.bias of shape (7,) instead of (3,)"
    )


@pytest.mark.parametrize(
    ("architecture", "hyperparameters", "reason"),
    [
        ("small", {"labels": 10**9}, "it names 3 labels, and the network is said to have 1000000000"),
        ("small", {"labels": "many"}, "it names 3 labels, and the network is said to have many"),
        ("chen", {"labels": 3, "bins": 10**9}, "hyperparameter 'bins' is 1e+09; up to 16384 is possible"),
        ("vaznonis-fft", {"labels": 3, "hidden": [64, 10**7]}, "hyperparameter 'hidden' is 1e+07"),
        ("vaznonis-fft", {"labels": 3, "hidden": [16000, 16000]}, "it asks for a tensor of more than"),
        ("tutti", {"labels": 3, "width": 1e4}, "width must lie between"),
        ("bosch", {"labels": 3, "vectors": 8_000_000}, "it asks for a tensor of more than"),
    ],
)
def test_absurd_sizes_are_refused_before_memory_is_spent(
    small_checkpoint: Path, architecture: str, hyperparameters: dict[str, Any], reason: str
) -> None:
    checkpoint = replace(load_checkpoint(small_checkpoint), architecture=architecture, hyperparameters=hyperparameters)
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=re.escape(reason)):
        checkpoint.network()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # kB


def test_keys_that_are_no_texts(small_checkpoint: Path, tmp_path: Path) -> None:
    for name in ("hyperparameters", "state_dict", "spec"):
        path = changed(small_checkpoint, tmp_path / "keys.pt", **{name: {3: torch.zeros(1)}})
        with pytest.raises(CheckpointError, match=f"has the key 3 in '{name}', which is not a text"):
            load_checkpoint(path)


def test_an_archive_that_unfolds_is_refused(small_checkpoint: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "packed.pt"
    with zipfile.ZipFile(small_checkpoint) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
        new.writestr("archive/data/999", bytes(10**8))
    with pytest.raises(CheckpointError, match=r"packed\.pt is refused: its part .* is compressed"):
        load_checkpoint(bomb)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    for path in (tmp_path / "pipe.pt", Path("/dev/zero"), tmp_path):
        with pytest.raises(CheckpointError, match="is not a plain file"):
            load_checkpoint(path)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95, 0.999])
def test_a_truncated_checkpoint_is_one_clear_error(small_checkpoint: Path, tmp_path: Path, share: float) -> None:
    content = small_checkpoint.read_bytes()
    cut = tmp_path / "cut.pt"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(CheckpointError, match=r"cut\.pt"):
        load_checkpoint(cut)


def test_random_bytes_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "noise.pt"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(CheckpointError, match=r"noise\.pt"):
        load_checkpoint(path)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint .*gone\.pt"):
        load_checkpoint(tmp_path / "gone.pt")


def test_other_peoples_torch_files_are_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "theirs.pt"
    torch.save({"model": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="not a checkpoint of this project"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"architecture": 3}, "'architecture' is missing or not a str"),
        ({"state_dict": {"weight": "heavy"}}, "other than tensors"),
        ({"spec": {"name": "x"}}, "unusable spec: kind"),
        ({"card": None}, "'card' is missing"),
    ],
)
def test_a_checkpoint_with_a_broken_part_names_it(
    small_checkpoint: Path, tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    content = torch.load(small_checkpoint, weights_only=True)
    path = tmp_path / "changed.pt"
    torch.save({**content, **change}, path)
    with pytest.raises(CheckpointError, match=match):
        load_checkpoint(path)


def test_weights_of_another_architecture_are_refused(small_checkpoint: Path) -> None:
    checkpoint = load_checkpoint(small_checkpoint)
    with pytest.raises(CheckpointError, match="holds architecture 'quantum', which this version does not have"):
        replace(checkpoint, architecture="quantum").network()
    with pytest.raises(CheckpointError, match="does not fit architecture 'han'"):
        replace(checkpoint, architecture="han").network()
    with pytest.raises(CheckpointError, match="does not describe its network"):
        replace(checkpoint, spec=checkpoint.spec.model_copy(update={"sample_rate": 16000})).network()


def test_a_full_disk_is_told_as_such_and_leaves_the_old_checkpoint(
    small_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = load_checkpoint(small_checkpoint)
    good = tmp_path / "good.pt"
    save_checkpoint(good, checkpoint)
    before = good.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match=r"cannot write .*good\.pt: No space left on device; choose"):
        save_checkpoint(good, checkpoint)
    assert good.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["good.pt"]


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(small_checkpoint: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(small_checkpoint)
    good = tmp_path / "good.pt"
    save_checkpoint(good, checkpoint)
    before = good.read_bytes()
    with pytest.raises((OutputError, AttributeError, pickle.PicklingError)):
        save_checkpoint(good, replace(checkpoint, training={"callback": lambda: None}))
    assert good.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["good.pt"]
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file; give a folder"):
        save_checkpoint(tmp_path / "file" / "x.pt", checkpoint)
