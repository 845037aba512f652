"""The built wheel, installed without extras in its own venv: what is inside, and that the product works from it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import wave
import zipfile
from array import array
from math import pi, sin
from pathlib import Path

import pytest

PACKAGES = {"irec_live", "irec_models", "irec_papers", "irec_export", "irec_assets"}
WHEEL = Path(os.environ["IREC_WHEEL"])
BUNDLED = (
    "tutti-1s", "tutti-348ms", "han-1s", "neuroment-mel", "neuroment-cqt", "lumen-mel", "lumen-modgd", "lumen-chroma",
    "chen-1s", "vaznonis-fft", "vaznonis-lstm", "bosch",
)  # fmt: skip
MEGABYTE = 1_000_000


def run(*command: str, expect: int = 0, timeout_s: float = 600.0) -> subprocess.CompletedProcess[str]:
    """Run a console script of this venv and check its exit code."""
    script, *arguments = command
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name(script)), *arguments],
        capture_output=True, text=True, timeout=timeout_s, env=environment, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == expect, f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def members() -> dict[str, int]:
    """Name -> size in bytes of every file in the wheel."""
    with zipfile.ZipFile(WHEEL) as archive:
        return {entry.filename: entry.file_size for entry in archive.infolist() if not entry.is_dir()}


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of A4 with four harmonics, 44.1 kHz mono WAV."""
    path = tmp_path_factory.mktemp("audio") / "tone.wav"
    rate = 44_100
    samples = (sum(sin(2 * pi * 440 * h * n / rate) / h for h in range(1, 5)) / 3 for n in range(3 * rate))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array("h", (int(20_000 * sample) for sample in samples)).tobytes())
    return path


def test_the_wheel_holds_the_four_packages_and_nothing_else(members: dict[str, int]) -> None:
    tops = {name.split("/")[0] for name in members}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_the_wheel_holds_no_tests_no_bytecode_and_no_checkpoints(members: dict[str, int]) -> None:
    unwanted = [n for n in members if "test" in Path(n).name.lower() or n.endswith((".pyc", ".pt", ".ckpt"))]
    assert unwanted == []


def test_the_wheel_holds_models_sound_icons_type_markers_and_the_licence(members: dict[str, int]) -> None:
    names = set(members)
    assert {f"irec_assets/models/{model}.onnx" for model in BUNDLED} <= names
    assert any(n.startswith("irec_assets/audio/") and n.endswith((".flac", ".ogg")) for n in names)
    assert any(n.startswith("irec_assets/icons/") for n in names)
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert {f"irec_live/web/static/{name}" for name in ("index.html", "page.css", "main.js", "recorder.js")} <= names
    assert "irec_live/formats/irec.analysis-1.schema.json" in names
    assert {f"irec_live/gui/translations/irec_{language}.qm" for language in ("en", "de")} <= names
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)


def test_the_wheel_is_no_larger_than_its_models_need(members: dict[str, int]) -> None:
    # All networks, their large weights in half precision.
    assert WHEEL.stat().st_size < 50 * MEGABYTE
    assert all(size < 15 * MEGABYTE for name, size in members.items() if name.endswith(".onnx"))
    assert all(size < MEGABYTE for name, size in members.items() if not name.endswith(".onnx"))


def test_the_packages_are_imported_from_this_venv() -> None:
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).is_relative_to(sys.prefix)


def test_the_app_is_installed_without_torch_or_onnx() -> None:
    assert [name for name in ("torch", "onnx", "librosa", "sklearn") if importlib.util.find_spec(name)] == []


def test_version_is_the_wheels() -> None:
    assert importlib.metadata.version("irec-live") in run("irec-live", "--version").stdout
    assert importlib.metadata.version("irec-live") == WHEEL.name.split("-")[1]


def test_bundled_models_are_listed() -> None:
    listed = json.loads(run("irec-live", "models", "--json").stdout)
    assert set(BUNDLED) <= {model["name"] for model in listed if model["available"]}


def test_a_wav_is_analysed(tone: Path) -> None:
    analysis = json.loads(run("irec-live", "analyze", str(tone), "--format", "json", "--out", "-").stdout)
    assert analysis["schema"] == "irec.analysis/1"
    assert analysis["duration_s"] == pytest.approx(3.0)
    assert {len(row) for row in analysis["activation"]["values"]} == {len(analysis["labels"])}


def test_instruments_are_heard_in_the_bundled_clip(members: dict[str, int]) -> None:
    clip = next(n for n in members if n.startswith("irec_assets/audio/") and n.endswith((".flac", ".ogg")))
    package = importlib.util.find_spec("irec_assets")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent.parent / clip
    analysis = json.loads(run("irec-live", "analyze", str(path), "--out", "-").stdout)
    assert analysis["detected"]
    assert analysis["events"]


def test_the_terminal_listens_and_ends_with_its_counters(tone: Path) -> None:
    done = run("irec-live", "listen", "--input", str(tone), "--seconds", "2", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"activations", "envelopes"} <= {line["type"] for line in lines}
    assert lines[-1]["type"] == "stats"


def test_the_window_is_painted(tone: Path, tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    run("irec-live", "gui", str(tone), "--screenshot", str(picture), "--after", "2")
    from PySide6.QtGui import QImage

    image = QImage(str(picture))
    assert image.width() >= 640
    assert image.height() >= 400
    colours = {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    assert len(colours) > 10


@pytest.mark.parametrize(
    "command",
    [("irec-train", "fit", "recipe.toml"), ("irec-export", "a.pt", "-o", "a.onnx"), ("irec-live", "serve")],
)
def test_a_command_whose_extra_is_missing_says_which(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"")
    (tmp_path / "recipe.toml").write_text("", encoding="utf-8")
    script, *arguments = command
    found = [str(tmp_path / a) if a.startswith(("a.", "recipe")) else a for a in arguments]
    done = run(script, *found, expect=2)
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr
