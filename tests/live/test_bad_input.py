"""What a stranger may throw at the command line: one clear sentence each, exit status 2, and never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from click.testing import CliRunner, Result
from encode import write_with_av
from fake_portaudio import FakeSoundDevice, device

import tiny_models
from irec_live.analysis import Analysis
from irec_live.cli import main
from irec_live.decoders.guarded_file import GuardedFile
from irec_live.session import open_file
from irec_live.streaming.engine import Engine

Install = Callable[..., FakeSoundDevice]
RATE = 16_000

SENTENCE = re.compile(r"irec-live: [^\n]{15,400}\n")


@pytest.fixture(scope="module")
def models(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[str]:
    return ["--model", str(tiny_activation_path), "--model", str(tiny_envelope_path)]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.wav"
    soundfile.write(path, tiny_models.tone("flute", 2.0, sample_rate=RATE), RATE)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def assert_one_sentence(done: Result, *words: str) -> None:
    assert done.exit_code == 2, (done.output, done.exception)
    assert done.stdout == ""
    assert SENTENCE.fullmatch(done.stderr), done.stderr
    for word in words:
        assert word in done.stderr


def assert_analysed(done: Result, code: int = 0) -> Analysis:
    assert done.exit_code == code, (done.output, done.exception)
    return Analysis.from_json(done.stdout)


# ---- files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("song.wav", b"This is a letter, not a song."),
        ("song.mp3", bytes(range(256)) * 64),
        ("song.flac", b""),
        ("song.m4a", b"\x00\x00\x00\x20ftypM4A " + b"\x00" * 200),
        ("song.wav", b"RIFF\xff\xff\xff\xffWAVEfmt "),
    ],
)
def test_what_is_not_audio(tmp_path: Path, models: list[str], name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert_one_sentence(run("analyze", path, *models), name)
    assert_one_sentence(run("listen", "--input", path, "--json", *models), name)


def test_missing_file_and_folder(tmp_path: Path, models: list[str]) -> None:
    for verb in (["analyze"], ["listen", "--input"], ["gui"]):
        assert_one_sentence(run(*verb, tmp_path / "nowhere.wav", *models), "nowhere.wav")
    assert_one_sentence(run("analyze", tmp_path, *models), str(tmp_path.name))


def test_file_without_samples(tmp_path: Path, models: list[str]) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    assert_one_sentence(run("analyze", tmp_path / "empty.wav", *models), "empty.wav")


@pytest.mark.parametrize("name", ["cut.wav", "cut.flac", "cut.ogg"])
def test_truncated_file_is_analysed_as_far_as_it_goes_and_said_to_be_cut(
    tmp_path: Path, models: list[str], name: str
) -> None:
    whole = tmp_path / f"whole-{name}"
    soundfile.write(whole, tiny_models.tone("flute", 6.0, sample_rate=RATE), RATE)
    data = whole.read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    done = run("analyze", tmp_path / name, *models)
    if done.exit_code == 2:  # nothing of it could be decoded
        assert_one_sentence(done, name)
        return
    found = assert_analysed(done, 1)
    assert 0 < found.duration_s < 6.0
    assert found.detected == ("flute",)
    assert SENTENCE.fullmatch(done.stderr)
    assert done.stderr == f"irec-live: {found.warnings[0]}\n"


@pytest.mark.parametrize(("readable", "code"), [(0.0, 2), (0.6, 1)])
def test_disk_that_goes_away_is_one_sentence_and_the_next_file_is_analysed(
    tmp_path: Path, models: list[str], good: Path, monkeypatch: pytest.MonkeyPatch, readable: float, code: int
) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (6 * 48_000, 2)).astype(np.float32)
    bad = write_with_av(tmp_path / "stick.aac", noise, 48_000, "aac")
    limit = readable * bad.stat().st_size
    real = GuardedFile.read

    def read(file: GuardedFile, size: int = -1) -> bytes:
        if file.tell() < limit:
            return real(file, size)
        file.error = OSError(5, "Input/output error")
        return b""

    monkeypatch.setattr(GuardedFile, "read", read)
    done = run("analyze", bad, good, "--out", tmp_path / "out", *models)
    assert done.exit_code == code, (done.output, done.exception)
    sentences = [line for line in done.stderr.splitlines(keepends=True) if SENTENCE.fullmatch(line)]
    assert len(sentences) == 1
    assert "stick.aac" in sentences[0]
    assert "Input/output error" in sentences[0]
    assert (tmp_path / "out" / "good.json").exists()
    assert (tmp_path / "out" / "stick.json").exists() == (code == 1)


@pytest.mark.parametrize(("channels", "rate"), [(8, 48_000), (2, 192_000), (1, 8_000)])
def test_unusual_but_sound_files_are_analysed(tmp_path: Path, models: list[str], channels: int, rate: int) -> None:
    tone = tiny_models.tone("flute", 2.0, sample_rate=rate)
    soundfile.write(tmp_path / "odd.wav", np.repeat(tone[:, None], channels, axis=1), rate)
    found = assert_analysed(run("analyze", tmp_path / "odd.wav", *models))
    assert found.detected == ("flute",)
    assert found.duration_s == pytest.approx(2.0)


def test_samples_that_are_no_numbers_count_as_silence(tmp_path: Path, models: list[str]) -> None:
    tone = tiny_models.tone("flute", 3.0, sample_rate=RATE).astype(np.float32)
    tone[1000:1100] = np.nan
    tone[2000] = np.inf
    tone[3000] = -3e38
    soundfile.write(tmp_path / "nan.wav", tone, RATE, subtype="FLOAT")
    done = run("analyze", tmp_path / "nan.wav", *models)
    found = assert_analysed(done)
    assert np.isfinite(found.activation).all()
    assert np.isfinite(found.envelope).all()
    assert "NaN" not in done.stdout
    assert "flute" in found.detected


_LONG_S = 300

_MEMORY_SCRIPT = """
import resource, sys
from irec_live.cli import main
status = main(sys.argv[1:], standalone_mode=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def test_long_file_is_streamed(tmp_path: Path, tiny_activation_path: Path) -> None:
    """Five minutes in eight channels are 154 MB of samples; the memory beyond a short file's is a fraction."""
    peaks = {}
    for name, seconds in (("short.flac", 2), ("long.flac", _LONG_S)):
        with soundfile.SoundFile(tmp_path / name, "w", RATE, 8) as file:
            for _ in range(seconds // 2):
                file.write(np.zeros((2 * RATE, 8), np.int16))
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                _MEMORY_SCRIPT,
                "analyze",
                str(tmp_path / name),
                "--model",
                str(tiny_activation_path),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout)["duration_s"] == pytest.approx(seconds)
        peaks[name] = int(done.stderr.split()[-1]) / 1024
    assert peaks["long.flac"] - peaks["short.flac"] < 40


# ---- devices


@pytest.mark.usefixtures("no_portaudio")
def test_no_portaudio(models: list[str], good: Path) -> None:
    assert_one_sentence(run("listen", *models), "libportaudio2")
    assert_one_sentence(run("devices"), "libportaudio2")
    assert_analysed(run("analyze", good, *models))
    session = open_file(good, models[1::2])
    assert session.silent
    assert "libportaudio2" in session.snapshot(1.0).message
    session.close()


def test_no_input_device(fake_portaudio: Install, models: list[str]) -> None:
    fake_portaudio(device("Speakers", outputs=2), default_input=-1)
    assert_one_sentence(run("listen", *models), "microphone")


def test_unknown_device(fake_portaudio: Install, models: list[str]) -> None:
    fake_portaudio(device("Mic", inputs=1))
    assert_one_sentence(run("listen", "--device", "Theremin", *models), "Theremin", "Mic")


def test_device_that_is_lost_before_it_is_opened(fake_portaudio: Install, models: list[str]) -> None:
    fake = fake_portaudio(device("Mic", inputs=1))
    fake.refused.add("Mic")
    assert_one_sentence(run("listen", *models), "Mic", "Device unavailable")
    fake.refused.clear()
    fake.refuse_start = True
    assert_one_sentence(run("listen", *models), "Mic", "does not start")


def test_device_that_is_lost_at_once_keeps_the_program_alive(
    fake_portaudio: Install, models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = fake_portaudio(device("Mic", inputs=1))
    start = Engine.start

    def start_and_vanish(engine: Engine) -> None:
        start(engine)
        fake.refuse_start = True
        fake.streams[0].vanish()

    monkeypatch.setattr(Engine, "start", start_and_vanish)
    before = set(threading.enumerate())
    done = run("listen", "--json", "--seconds", "1.5", *models)  # the time goes on in silence
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0, (done.output, done.exception)
    lost = [line for line in found if line["type"] == "state"]
    assert lost[0]["state"] == "lost"
    assert "'Mic' went away" in lost[0]["message"]
    assert found[-1]["type"] == "stats"
    assert {thread for thread in threading.enumerate() if thread.name.startswith("irec-")} <= before


# ---- models


def _without_metadata(path: Path, target: Path) -> Path:
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, target)
    return target


@pytest.mark.parametrize("verb", ["analyze", "listen"])
def test_unusable_models(tmp_path: Path, good: Path, tiny_activation_path: Path, verb: str) -> None:
    data = tiny_activation_path.read_bytes()
    (tmp_path / "cut.onnx").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.onnx").write_text("not a network")
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "folder.onnx").mkdir()
    _without_metadata(tiny_activation_path, tmp_path / "bare.onnx")
    words = [verb, good] if verb == "analyze" else [verb, "--input", good]
    for name in ("cut", "text", "empty", "folder"):
        assert_one_sentence(run(*words, "--model", tmp_path / f"{name}.onnx"), f"{name}.onnx")
    assert_one_sentence(run(*words, "--model", tmp_path / "bare.onnx"), "bare.onnx", "irec-export")
    assert_one_sentence(run(*words, "--model", "no-such-model"), "no-such-model")
    twice = ["--model", tiny_activation_path] * 2
    assert_one_sentence(run(*words, *twice), "both activation models")


# ---- output


def test_output_folder_that_cannot_be_written(tmp_path: Path, good: Path, models: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/irec")):
        assert_one_sentence(run("analyze", good, "--out", folder, *models), str(folder))
