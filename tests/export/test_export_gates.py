"""A file appears only if it passes the gates; what was there before survives everything else."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from click.testing import CliRunner, Result

from irec_export import to_onnx
from irec_export.cli import main
from irec_export.to_onnx import export
from irec_live.errors import ExportError, OutputError
from irec_live.files import write_atomically
from irec_live.models.detector import Detector


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_good_network_is_written_and_the_differences_are_printed(tiny_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    result = run(tiny_checkpoint, "-o", out)
    assert result.exit_code == 0, result.output
    for size in (1, 3, 7):
        assert f"batch {size}: " in result.output
    assert leftovers(tmp_path) == ["model.onnx"]
    detector = Detector(out)
    assert detector.sha256 in result.output
    assert out.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.usefixtures("fast_convert")
def test_json_holds_every_figure(tiny_checkpoint: Path, tmp_path: Path) -> None:
    result = run(tiny_checkpoint, "-o", tmp_path / "model.onnx", "--json")
    report = json.loads(result.stdout)
    assert report["schema"] == "irec.export/1"
    assert set(report["differences"]) == {"1", "3", "7"}
    assert max(report["differences"].values()) <= report["tolerance"] == 1e-4
    assert report["bytes"] == (tmp_path / "model.onnx").stat().st_size
    assert report["ms_per_window"] > 0.0


@pytest.mark.usefixtures("fast_convert")
def test_trained_weights_are_stored_in_half_precision_unless_told_otherwise(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    half = json.loads(run(tiny_checkpoint, "-o", tmp_path / "half.onnx", "--json").stdout)
    full = json.loads(run(tiny_checkpoint, "-o", tmp_path / "full.onnx", "--json", "--weights", "full").stdout)
    assert half["half_weights"] > full["half_weights"] == 0
    assert 0.0 < half["half_difference"] <= 1e-3
    assert half["bytes"] < full["bytes"]
    specs = [Detector(tmp_path / name).spec for name in ("half.onnx", "full.onnx")]
    assert [spec.weights for spec in specs] == ["fp16", "fp32"]
    assert [spec.precision for spec in specs] == ["fp32", "fp32"]
    assert specs[0].hyperparameters == {"labels": 3}


@pytest.mark.usefixtures("drifted")
def test_a_network_that_drifted_is_not_written(tiny_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    result = run(tiny_checkpoint, "-o", out)
    assert result.exit_code == 1
    assert "nothing was written" in result.stderr
    assert "batch 7: " in result.stdout  # the figures are shown all the same
    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("drifted")
def test_a_bad_file_never_replaces_a_good_one(tiny_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    out.write_bytes(b"the good one")
    assert run(tiny_checkpoint, "-o", out).exit_code == 1
    assert out.read_bytes() == b"the good one"
    assert leftovers(tmp_path) == ["model.onnx"]


def test_nan_is_no_tolerance(tiny_checkpoint: Path, tmp_path: Path) -> None:
    result = run(tiny_checkpoint, "-o", tmp_path / "model.onnx", "--tolerance", "nan")
    assert result.exit_code == 2
    assert "'nan' is not a number" in result.output
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.usefixtures("drifted")
def test_the_tolerance_can_be_relaxed_but_only_explicitly(tiny_checkpoint: Path, tmp_path: Path) -> None:
    assert run(tiny_checkpoint, "-o", tmp_path / "model.onnx", "--tolerance", "0.5").exit_code == 0


@pytest.mark.usefixtures("fast_convert")
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_reduced_precision_stands_behind_the_same_gate(tiny_checkpoint: Path, tmp_path: Path, precision: str) -> None:
    result = run(tiny_checkpoint, "-o", tmp_path / "x.onnx", f"--{precision}", "--tolerance", "1e-7")
    assert result.exit_code == 1
    assert f"the {precision} network differs from torch" in result.stderr
    assert "times the" in result.stdout
    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("fast_convert")
@pytest.mark.parametrize(("precision", "kind"), [("fp16", "FLOAT16"), ("int8", "INT8")])
def test_reduced_precision_narrows_the_trained_weights_alone(
    tiny_checkpoint: Path, tmp_path: Path, precision: str, kind: str
) -> None:
    out = tmp_path / "x.onnx"
    report = export(tiny_checkpoint, out, precision, tolerance=0.3, allow_slower=True)  # type: ignore[arg-type]
    assert Detector(out).spec.precision == precision
    assert 0.0 < max(report.differences.values()) < 0.3
    types = {
        tensor.name: onnx.TensorProto.DataType.Name(tensor.data_type) for tensor in onnx.load(out).graph.initializer
    }
    weights = [kind for name, kind in types.items() if ".hidden.weight" in name and "scale" not in name]
    assert kind in weights
    assert "FLOAT" not in weights
    front_end = {kind for name, kind in types.items() if ".mel." in name}
    assert front_end == {"FLOAT"}


@pytest.mark.usefixtures("fast_convert")
def test_a_reduced_network_that_is_slower_is_not_written(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def halving(detectors: Sequence[Detector], repeats: int = 30) -> tuple[float, ...]:
        return tuple(2.0 / (place + 1) for place, _ in enumerate(detectors))

    monkeypatch.setattr(to_onnx, "median_ms", halving)
    with pytest.raises(ExportError, match=r"2\.00 times as long as fp32"):
        export(tiny_checkpoint, tmp_path / "x.onnx", "fp16", tolerance=0.3)
    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("fast_convert")
def test_recordings_take_part_in_the_comparison(tiny_checkpoint: Path, tmp_path: Path) -> None:
    recording = tmp_path / "noise.wav"
    noise = 0.1 * np.random.default_rng(0).standard_normal((48_000, 2))
    soundfile.write(recording, noise, 48_000)
    with_it = export(tiny_checkpoint, tmp_path / "a.onnx", recordings=[recording])
    without = export(tiny_checkpoint, tmp_path / "b.onnx")
    assert with_it.windows > without.windows
    assert with_it.sha256 == without.sha256


def test_recordings_that_are_not_audio_are_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("no")
    result = run(tiny_checkpoint, "-o", tmp_path / "x.onnx", "--audio", bad)
    assert result.exit_code == 2
    assert "bad.wav" in result.stderr


class Bomb:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, (str(self.path),))


def bomb(folder: Path) -> Path:
    path = folder / "bomb.pt"
    content = pickle.dumps({"schema": "irec.checkpoint/1", "boom": Bomb(folder / "exploded")}, protocol=2)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    return path


def test_a_checkpoint_that_would_run_code_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    result = run(bomb(tmp_path), "-o", tmp_path / "x.onnx")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert leftovers(tmp_path) == ["bomb.pt"]


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "other"])
def test_unusable_checkpoints_exit_2_with_one_sentence(tiny_checkpoint: Path, tmp_path: Path, damage: str) -> None:
    import torch

    path = tmp_path / "bad.pt"
    if damage == "empty":
        path.touch()
    elif damage == "text":
        path.write_text("hello")
    elif damage == "cut":
        whole = tiny_checkpoint.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "other":
        buffer = io.BytesIO()
        torch.save({"model": torch.zeros(3)}, buffer)
        path.write_bytes(buffer.getvalue())
    before = leftovers(tmp_path)
    result = run(path, "-o", tmp_path / "x.onnx")
    assert result.exit_code == 2
    assert result.stderr.startswith("irec-export: ")
    assert result.stderr.count("\n") == 1
    assert leftovers(tmp_path) == before


def test_outputs_that_cannot_be_written_are_refused_before_the_work(tiny_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.onnx").mkdir()
    for out in (
        tmp_path / "none" / "x.onnx",
        tmp_path / "file" / "x.onnx",
        tmp_path / "folder.onnx",
        tmp_path / "x.pt",
    ):
        result = run(tiny_checkpoint, "-o", out)
        assert result.exit_code == 2, out
        assert result.stderr.count("\n") == 1
    assert leftovers(tmp_path) == ["file", "folder.onnx"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "model.onnx"
    out.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_atomically(out, b"new")
    assert out.read_bytes() == b"old"
    assert leftovers(tmp_path) == ["model.onnx"]


def test_two_precisions_at_once_are_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    assert run(tiny_checkpoint, "-o", tmp_path / "x.onnx", "--fp16", "--int8").exit_code == 2


def test_missing_torch_is_one_sentence(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == "irec_export" and name != "irec_export.cli"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run(tiny_checkpoint, "-o", tmp_path / "x.onnx")
    assert result.exit_code == 2
    assert "pip install 'irec-live[export]'" in result.stderr
