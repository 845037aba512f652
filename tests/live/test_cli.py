from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

import click
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from fake_portaudio import FakeSoundDevice, device
from odd_files import with_length
from waiting import PATIENCE_S, wait_until

import tiny_models
from irec_live.analysis import Analysis, processors
from irec_live.cli import main
from irec_live.cli.analyzing import _targets
from irec_live.cli.live_table import bar
from irec_live.cli.output import write_text
from irec_live.cli.window import has_display
from irec_live.errors import OutputError
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.interrupts import ending_signals
from irec_live.models.names import DEFAULT_ACTIVATION
from irec_live.source import FileSource

Install = Callable[..., FakeSoundDevice]
Run = Callable[..., Result]

HEAVY = ("numpy", "onnxruntime", "PySide6", "sounddevice", "soundfile", "pydantic", "rich")
LINE_KEYS = {
    "activations": {"type", "time_s", "values"},
    "envelopes": {"type", "time_s", "values"},
    "event": {"type", "label", "onset_s", "offset_s"},
    "stats": {
        "type",
        "overflows",
        "skipped_windows",
        "windows",
        "inference_ms",
        "latency_ms",
        "load",
        "providers",
    },
}


@pytest.fixture(scope="module")
def model_options(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[str]:
    return ["--model", str(tiny_activation_path), "--model", str(tiny_envelope_path)]


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets files be listened to as fast as they are read."""
    monkeypatch.setattr("irec_live.cli.listening.FileSource", partial(FileSource, realtime=False))


def test_ctrl_c_is_130_everywhere(monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    def interrupted(**_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("irec_live.cli.analyzing.run_analyze", interrupted)
    stopped = run("analyze", clip)
    assert (stopped.exit_code, stopped.stderr) == (130, "irec-live: stopped\n")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def windows_output(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What is written to standard output, which is a redirected one of Windows from now on."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="cp1252", newline="\r\n", write_through=True))
    return raw


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "irec_live", *map(str, arguments)]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_choices_are_given_as_the_help_writes_them() -> None:
    """Of an enumeration, newer releases of click take the members' names."""
    commands = list(main.commands.values())
    for command in commands:
        commands += getattr(command, "commands", {}).values()
    kinds = [option.type for command in commands for option in command.params]
    choices = [choice for kind in kinds if isinstance(kind, click.Choice) for choice in kind.choices]
    assert "ray" in choices
    assert all(type(choice) is str for choice in choices)
    assert main.commands["serve"].make_context("serve", ["--log", "json"]).params["log"] == "json"


def test_help_and_version_import_nothing_heavy() -> None:
    script = (
        "import sys; from click.testing import CliRunner; from irec_live.cli import main;"
        "r = CliRunner().invoke(main, ['--version']); assert r.exit_code == 0, r.output;"
        "r = CliRunner().invoke(main, ['listen', '--help']); assert r.exit_code == 0, r.output;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize(("given", "threads"), [(None, 1), ("2", 2)])
def test_a_command_begins_no_threads_of_a_blas_unless_told_to(given: str | None, threads: int) -> None:
    script = (
        "import os, sys\n"
        "import irec_live.cli\n"
        "from irec_live.__main__ import start\n"
        "@irec_live.cli.main.command('count')\n"
        "def count():\n"
        "    import numpy\n"
        "    print(len(os.listdir('/proc/self/task')))\n"
        "sys.argv = ['irec-live', 'count']\n"
        "start()\n"
    )
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if given is not None:
        env["OPENBLAS_NUM_THREADS"] = given
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env)
    assert int(done.stdout) == min(threads, processors())


@pytest.mark.usefixtures("no_waiting")
def test_listen_prints_every_kind_of_line_and_statistics_last(clip: Path, model_options: list[str]) -> None:
    done = run("listen", "--input", clip, "--json", *model_options)
    assert done.exit_code == 0, done.output
    found = lines(done.stdout)
    assert {line["type"] for line in found} == set(LINE_KEYS)
    assert all(set(line) == LINE_KEYS[line["type"]] for line in found)
    assert all(set(line["values"]) == set(tiny_models.LABELS) for line in found if "values" in line)
    assert [line["label"] for line in found if line["type"] == "event"] == list(tiny_models.LABELS)
    times = [line["time_s"] for line in found if line["type"] == "activations"]
    assert np.diff(times) == pytest.approx(0.1)
    stats = found[-1]
    assert stats["type"] == "stats"
    assert (stats["overflows"], stats["skipped_windows"]) == (0, 0)
    assert 0 < stats["inference_ms"]["p50"] <= stats["inference_ms"]["p99"]
    assert stats["latency_ms"] > 500


def test_listen_stops_after_the_seconds_asked_for(clip: Path, model_options: list[str]) -> None:
    done = run("listen", "--input", clip, "--json", "--seconds", "1.2", "--hop-ms", "200", *model_options)
    times = [line["time_s"] for line in lines(done.stdout) if line["type"] == "activations"]
    assert done.exit_code == 0
    assert np.diff(times) == pytest.approx(0.2)
    assert times[-1] < 1.2 + 1.0  # the tail is completed with silence


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_only_a_window_shows_is_not_computed_where_nobody_sees_it(
    clip: Path, model_options: list[str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    for part in ("LogMelStream", "LevelMeter"):
        monkeypatch.setattr(f"irec_live.streaming.pipeline.{part}.push", lambda _self, _block: 1 / 0)
    done = run("listen", "--input", clip, "--seconds", "1.2", *options, *model_options)
    assert done.exit_code == 0, done.output


@pytest.mark.usefixtures("no_waiting")
def test_listen_without_a_terminal_writes_a_line_a_change(clip: Path, model_options: list[str]) -> None:
    done = run("listen", "--input", clip, *model_options)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].split()[-1] == "bass"
    assert "Listening to clip.wav" in done.stderr
    assert "overflows 0" in done.stderr


@pytest.mark.parametrize("number", ending_signals())
def test_signal_still_brings_the_last_line(clip: Path, model_options: list[str], number: signal.Signals) -> None:
    arguments = command("listen", "--input", clip, "--json", *model_options)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(PATIENCE_S) == 0
    found = lines(first + rest)
    assert found[-1]["type"] == "stats"
    assert sum(line["type"] == "stats" for line in found) == 1


def test_reader_that_leaves_ends_listening_quietly(clip: Path, model_options: list[str], tmp_path: Path) -> None:
    sound, rate = soundfile.read(clip)
    soundfile.write(tmp_path / "long.wav", np.tile(sound, 30), rate)  # it is not over before the reader has left
    arguments = command("listen", "--input", tmp_path / "long.wav", "--json", *model_options)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(PATIENCE_S) == 1
    assert errors == ""


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe can be set on Linux")
def test_reader_that_stands_still_does_not_keep_the_process(
    clip: Path, model_options: list[str], tmp_path: Path
) -> None:
    sound, rate = soundfile.read(clip)
    soundfile.write(tmp_path / "long.wav", np.tile(sound, 5), rate)
    folder = tmp_path / "recorded"
    options = ("--json", "--hop-ms", "10", "--record", folder)
    arguments = command("listen", "--input", tmp_path / "long.wav", *options, *model_options)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    import fcntl
    import termios

    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        os.read(process.stdout.fileno(), 1)

        def waiting_bytes(pipe: IO[bytes] = process.stdout) -> int:
            return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)

        wait_until(lambda: waiting_bytes() > 4096 - 200)  # the last line, of the statistics, has no room left
        process.terminate()
        assert process.wait(PATIENCE_S) == 2
        assert b"nobody reads the output any more" in process.stderr.read()
    assert json.loads((folder / "session.json").read_text())["state"] == "finished"


@pytest.mark.skipif(sys.platform == "win32", reason="no such shell there")
@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "<&-"])
def test_who_closes_input_and_errors_gets_the_result_all_the_same(
    clip: Path, model_options: list[str], tmp_path: Path, closed: str
) -> None:
    folder = tmp_path / "results"
    for more in (("--format", "csv", "--out", "-"), ("--format", "csv", "--out", folder)):
        arguments = [str(part) for part in command("analyze", clip, *more, *model_options)]
        run = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *arguments], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        if more[-1] == "-":
            printed = run.stdout
    (written,) = (path for path in folder.iterdir() if path.suffix == ".csv")
    assert written.read_text() == printed
    assert printed.startswith("kind,time_s,")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device there")
def test_a_log_that_takes_no_more_costs_no_result(clip: Path, model_options: list[str], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "odd.wav", soundfile.read(clip)[0], 8000)
    odd = with_length(tmp_path / "odd.wav", "WAV", 0)
    arguments = [str(part) for part in command("analyze", odd, "--format", "csv", "--out", "-", *model_options)]
    wanted = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert "never finished" in wanted.stderr
    for target in ("/dev/full", "&1 >/dev/null | true"):
        shell = ["bash", "-c", f'set -o pipefail; "$@" --overwrite --out {tmp_path}/got.csv 2>{target}', "bash"]
        assert subprocess.run([*shell, *arguments], check=False).returncode == 0
    shell = ["bash", "-c", '"$@" 2>/dev/full', "bash"]
    got = subprocess.run([*shell, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    assert (got.returncode, got.stdout) == (0, wanted.stdout)
    refused = subprocess.run([*shell, *command("analyse")], stdout=subprocess.DEVNULL, check=False)
    assert refused.returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other terminals")
def test_a_terminal_that_goes_away_leaves_a_whole_recording(
    clip: Path, model_options: list[str], tmp_path: Path
) -> None:
    import pty

    sound, rate = soundfile.read(clip)
    soundfile.write(tmp_path / "long.wav", np.tile(sound, 30), rate)  # it is not over before the terminal is
    folder = tmp_path / "recorded"
    arguments = command("listen", "--input", tmp_path / "long.wav", "--record", folder, *model_options)
    screen, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}  # where a table is drawn, by the main thread
    with subprocess.Popen(arguments, stdout=terminal, stderr=subprocess.PIPE, text=True, env=environment) as process:
        os.close(terminal)
        assert process.stderr is not None
        seen = b""
        while b"input" not in seen:  # whether there is a terminal to draw on is asked once, before the first table
            seen += os.read(screen, 4096)
        os.close(screen)
        errors = process.stderr.read()
        assert process.wait(PATIENCE_S) == 2, errors
    assert "cannot write to standard output" in errors
    assert "recorded " in errors
    assert json.loads((folder / "session.json").read_text())["state"] == "finished"


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_nohup_is_heeded() -> None:
    ask = "import signal; from irec_live.interrupts import ending_signals; print(signal.SIGHUP in ending_signals())"
    # Whoever runs the tests may do it under nohup, and a shell cannot take that back.
    usual = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); {ask}"
    for first, asked, answer in (("", usual, "True"), ("trap '' HUP; ", ask, "False")):
        shell = ["sh", "-c", f'{first}exec "$0" -c "$1"', sys.executable, asked]
        assert subprocess.run(shell, capture_output=True, text=True, check=True).stdout.strip() == answer


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_full_disk_behind_the_output_is_one_sentence(clip: Path, model_options: list[str]) -> None:
    for arguments in (
        command("analyze", clip, clip, *model_options),
        command("listen", "--input", clip, "--seconds", "0.5", "--json", *model_options),
        command("models", "--json"),
    ):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("cannot write to standard output: No space left") == 1
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
@pytest.mark.parametrize(
    ("program", "buffered"),
    [
        (("irec_live.cli", "--help"), ""),
        (("irec_live.cli", "--help"), "1"),
        (("irec_live.cli", "--version"), ""),
        (("irec_live.cli", "analyze", "--help"), "1"),
        (("irec_models.cli", "fit", "--help"), ""),
        (("irec_export.cli", "--help"), "1"),
    ],
)
def test_help_that_nobody_can_take_ends_with_one_sentence(program: tuple[str, ...], buffered: str) -> None:
    module, *arguments = program
    script = f"import sys; from {module} import main; main({arguments!r})"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
            env=os.environ | {"PYTHONUNBUFFERED": buffered},
        )  # fmt: skip
    assert done.returncode == 2
    assert re.fullmatch(r"irec-[a-z]+: cannot write to standard output: No space left on device\n", done.stderr)


@pytest.mark.parametrize("arguments", [("--help",), ("models",), ("models", "--json"), ("listen", "--help")])
def test_a_reader_that_has_seen_enough_hears_no_complaint(arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # before the first word, so that it cannot be too late
    done = subprocess.run(
        command(*arguments), stdout=writer, stderr=subprocess.PIPE, text=True, timeout=300, check=False
    )
    os.close(writer)
    assert done.stderr == ""


def test_no_output_at_all_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(OutputError, match="there is no standard output"):
        write_text("x")


def in_terminal(arguments: list[str]) -> tuple[int, str]:
    """Exit status of a command, and what it shows on a pseudo-terminal, as a person has one."""
    import pty

    keeper, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen(arguments, stdout=terminal, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(terminal)
        seen = b""
        while True:
            try:
                chunk = os.read(keeper, 65_536)
            except OSError:  # Linux's way to say that the other end is closed
                break
            if not chunk:
                break
            seen += chunk
        status = process.wait(PATIENCE_S)
    os.close(keeper)
    return status, seen.decode()


def test_table_shows_what_is_lit(clip: Path, model_options: list[str]) -> None:
    status, text = in_terminal(command("listen", "--input", clip, "--seconds", "1.4", *model_options))
    assert status == 0
    assert "clip.wav" in text
    assert "● bass" in text or "●" in text
    assert all(label in text for label in tiny_models.LABELS)
    assert "overflows 0" in text
    last = text[text.rfind("clip.wav") :]
    assert max(int(share) for share in re.findall(r"(\d+)%", last)) > 50


def test_files_of_the_same_name_are_told_apart(clip: Path, tmp_path: Path, model_options: list[str]) -> None:
    other, broken = tmp_path / "b" / clip.name, tmp_path / "c" / clip.name
    for path, content in ((other, clip.read_bytes()), (broken, b"no audio at all")):
        path.parent.mkdir()
        path.write_bytes(content)
    answer = run("analyze", clip, other, broken, *model_options)
    assert answer.exit_code == 2
    assert [json.loads(line)["file"] for line in answer.stdout.splitlines()] == [str(clip), str(other)]
    assert answer.stderr.startswith(f"irec-live: {broken}: ")
    assert json.loads(run("analyze", clip, *model_options).stdout)["file"] == clip.name


def test_bar_is_as_long_as_its_value() -> None:
    assert [len(bar(value, 10)) for value in (-1.0, 0.0, 0.05, 0.5, 1.0, 2.0)] == [0, 0, 1, 5, 10, 10]


def test_analyze_prints_one_document_a_file(clip: Path, model_options: list[str]) -> None:
    done = run("analyze", clip, *model_options)
    assert done.exit_code == 0, done.output
    found = Analysis.from_json(done.stdout)
    assert found.file == "clip.wav"
    assert set(found.detected) == set(tiny_models.LABELS)


def test_a_terminal_shows_a_summary_and_never_json(clip: Path, model_options: list[str]) -> None:
    status, text = in_terminal(command("analyze", clip, clip, *model_options))
    assert status == 0
    assert text.count("clip.wav") == 2, text
    assert "share of time" in text, text
    assert re.search(r"Bass .*\d+%.* 0:0\d", text), text
    assert "irec.analysis/1" not in text


def test_json_in_a_terminal_is_the_piped_json(clip: Path, model_options: list[str]) -> None:
    piped = run("analyze", clip, *model_options).stdout
    assert run("analyze", clip, "--format", DEFAULT_FORMAT, "--out", "-", *model_options).stdout == piped
    asked = in_terminal(command("analyze", clip, "--format", DEFAULT_FORMAT, *model_options))[1]
    assert asked.replace("\r\n", "\n") == piped


@pytest.mark.parametrize(("form", "suffix"), [(form.name, form.suffix) for form in FORMATS.values()])
def test_printed_results_are_the_bytes_of_the_file_on_any_system(
    clip: Path, model_options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, suffix: str
) -> None:
    song = tmp_path / "日本.wav"
    song.write_bytes(clip.read_bytes())
    options = ["analyze", str(song), "--format", form, *model_options]
    assert run(*options, "--out", tmp_path).exit_code == 0
    output = windows_output(monkeypatch)
    main(options, standalone_mode=False)
    assert output.getvalue() == (tmp_path / f"日本{suffix}").read_bytes()


@pytest.mark.parametrize(("form", "suffix"), [(form.name, form.suffix) for form in FORMATS.values()])
def test_analyze_writes_into_a_new_folder(
    clip: Path, model_options: list[str], tmp_path: Path, form: str, suffix: str
) -> None:
    done = run("analyze", clip, "--format", form, "--out", tmp_path / "new" / "folder", *model_options)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    written = tmp_path / "new" / "folder" / f"clip{suffix}"
    assert b"bass" in written.read_bytes()
    assert list(written.parent.iterdir()) == [written]


def test_files_of_one_name_do_not_overwrite_each_other(clip: Path, model_options: list[str], tmp_path: Path) -> None:
    sound, rate = soundfile.read(clip)
    soundfile.write(tmp_path / "clip.flac", sound, rate)
    (tmp_path / "more").mkdir()
    soundfile.write(tmp_path / "more" / "clip.flac", sound, rate)
    files = [clip, tmp_path / "clip.flac", tmp_path / "more" / "clip.flac"]
    done = run("analyze", *files, "--out", tmp_path / "out", *model_options)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "clip.flac-2.json",
        "clip.flac.json",
        "clip.wav.json",
    ]


def test_no_two_files_share_a_name_in_the_output_folder(tmp_path: Path) -> None:
    names = ["a/take", "b/take", "take-2.wav", "x/Song.wav", "y/song.wav", "z/Song.wav"]
    targets = [path.name for path in _targets([Path(name) for name in names], tmp_path, ".json")]
    assert targets == ["take.json", "take-3.json", "take-2.json", "Song.wav.json", "song.wav-2.json", "Song.wav-3.json"]


def test_what_was_there_is_not_lost(clip: Path, model_options: list[str], tmp_path: Path) -> None:
    notes = tmp_path / "clip.txt"
    notes.write_text("lyrics\n")
    call = ["analyze", str(clip), "--format", "audacity", "--out", str(tmp_path), *model_options]
    refused = CliRunner().invoke(main, call)
    assert refused.exit_code == 2
    assert "clip.txt is there already and says something else" in refused.stderr
    assert notes.read_text() == "lyrics\n"
    assert CliRunner().invoke(main, [*call, "--overwrite"]).exit_code == 0
    written = notes.read_text()
    assert written != "lyrics\n"
    assert CliRunner().invoke(main, call).exit_code == 0  # the same again
    assert notes.read_text() == written


@pytest.mark.parametrize("form", [form.name for form in FORMATS.values() if form.needs])
def test_label_tracks_want_a_model_that_names_instruments(clip: Path, tiny_envelope_path: Path, form: str) -> None:
    result = CliRunner().invoke(main, ["analyze", str(clip), "--format", form, "--model", str(tiny_envelope_path)])
    assert result.exit_code == 2
    assert f"the {form} format needs an activation model; name one with --model, too" in result.stderr


@pytest.mark.parametrize("form", [form.name for form in FORMATS.values() if not form.one_line])
def test_tables_of_several_files_are_not_printed_as_one(clip: Path, form: str) -> None:
    done = run("analyze", clip, clip, "--format", form)
    assert done.exit_code == 2
    assert f"{form} does not tell several files apart; name a folder with --out" in done.stderr
    assert done.stdout == ""


def test_cuda_that_cannot_be_had_is_said(clip: Path, model_options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.models.runtime._prepare_cuda", lambda onnxruntime: "CUDA is not there")
    for arguments in (("analyze", clip), ("listen", "--input", clip, "--seconds", "0.2")):
        done = run(*arguments, "--provider", "cuda", *model_options)
        assert done.exit_code == 0, done.output
        assert done.stderr.count("irec-live: CUDA is not there") == 1


def test_nan_is_no_hop(clip: Path) -> None:
    done = run("analyze", clip, "--hop-ms", "nan")
    assert done.exit_code == 2
    assert "'nan' is not a number" in done.stderr


def test_bad_file_does_not_keep_the_others_from_being_analysed(
    clip: Path, model_options: list[str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound in here")
    done = run("analyze", bad, clip, "--out", tmp_path, *model_options)
    assert done.exit_code == 2
    assert "bad.wav" in done.stderr
    assert (tmp_path / "clip.json").exists()
    assert not (tmp_path / "bad.json").exists()


def test_devices_are_listed_for_people_and_scripts(fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.devices.list_monitors", list)
    fake_portaudio(device("Mic [USB]", inputs=1), device("Speakers", outputs=2), default_output=1)
    table = run("devices")
    assert table.exit_code == 0
    assert table.stdout.splitlines()[1].split("\t") == ["*", "input", "Mic [USB]", "Fake API", "1", "48000 Hz", "0"]
    assert json.loads(run("devices", "--json").stdout) == [
        {
            "name": "Mic [USB]",
            "hostapi": "Fake API",
            "index": 0,
            "channels": 1,
            "sample_rate": 48_000,
            "is_default": True,
            "kind": "input",
            "address": "",
        },
        {
            "name": "Speakers",
            "hostapi": "Fake API",
            "index": 1,
            "channels": 2,
            "sample_rate": 48_000,
            "is_default": True,
            "kind": "output",
            "address": "",
        },
    ]


def test_names_that_no_code_page_holds_are_printed_all_the_same(
    fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.devices.list_monitors", list)
    fake_portaudio(device("マイク", inputs=1), default_output=-1)
    output = windows_output(monkeypatch)
    main(["devices"], standalone_mode=False)
    main(["devices", "--json"], standalone_mode=False)
    table, _, document = output.getvalue().decode("utf-8").partition("[")
    assert "マイク" in table
    assert json.loads("[" + document)[0]["name"] == "マイク"
    write_text("odd \udcff\r\n")
    assert output.getvalue().endswith(b"odd \xff\r\n")


def test_no_devices_is_an_answer_not_an_error(fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irec_live.devices.list_monitors", list)
    fake_portaudio(default_input=-1, default_output=-1)
    assert "no sound device" in run("devices").stdout
    assert json.loads(run("devices", "--json").stdout) == []


def test_models_are_listed_for_people_and_scripts(tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IREC_MODELS_DIR", str(tiny_activation_path.parent))
    found = {model["name"]: model for model in json.loads(run("models", "--json").stdout)}
    mine = found["tiny-activation"]
    assert (mine["kind"], mine["bundled"], mine["labels"]) == ("activation", False, list(tiny_models.LABELS))
    listed = run("models").stdout
    assert "tiny-activation" in listed
    origins = {row.split("\t")[0]: row.split("\t")[7:] for row in listed.splitlines()[1:]}
    assert origins["tiny-activation"] == ["", "Yours"]
    assert origins[DEFAULT_ACTIVATION][1] == "Made for this app"
    assert origins["han-1s"] == ["mAP 0.57 on real clips", "Published systems, for comparison"]
    assert list(origins)[:2] == [DEFAULT_ACTIVATION, "tutti-348ms"]
    assert found["han-1s"]["reference"].startswith("Y. Han")


def test_a_card_is_printed_whole(tmp_path: Path, tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = "# Three bands\n\n| label | F1 |\n| --- | --- |\n| flute | 1.0 |\n\n" + "A long line. " * 40
    path = tmp_path / "mine.onnx"
    path.write_bytes(tiny_models.activation_model(tiny_models.activation_spec(name="mine"), card=card))
    assert run("models", "--card", path).stdout == card.rstrip() + "\n"
    monkeypatch.setenv("IREC_MODELS_DIR", str(tmp_path))
    assert run("models", "--card", "mine").stdout == card.rstrip() + "\n"
    names = [model["name"] for model in json.loads(run("models", "--json").stdout)]
    assert "mine" in names
    bundled = run("models", "--card", DEFAULT_ACTIVATION).stdout
    assert bundled.startswith("# ")
    assert "| flute |" in bundled


def test_a_card_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bare.onnx"
    path.write_bytes(tiny_models.activation_model(tiny_models.activation_spec(), card=""))
    for name, told in ((path, "has no model card"), ("tutty", "no model is called 'tutty'")):
        done = run("models", "--card", name)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert told in done.stderr
    both = run("models", "--json", "--card", path)
    assert (both.exit_code, "leave --json or --card out" in both.stderr) == (2, True)


def test_misspelt_command_is_not_taken_for_a_file() -> None:
    done = run("analyse", "x.wav")
    assert done.exit_code == 2
    assert "No such command 'analyse'" in done.stderr


def test_hop_longer_than_the_window_is_refused(clip: Path, tmp_path: Path) -> None:
    short = tiny_models.activation_spec(window_length=800, hop_length=400)
    path = tmp_path / "short.onnx"
    path.write_bytes(tiny_models.activation_model(short))
    for verb in (["listen", "--input", clip], ["analyze", clip]):
        done = run(*verb, "--hop-ms", "200", "--model", path)
        assert done.exit_code == 2
        assert "200 ms is longer than the 100 ms window" in done.stderr


def test_window_gets_everything_that_was_asked_for(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setitem(
        sys.modules,
        "irec_live.gui.app",
        type("App", (), {"run": lambda file, **options: asked.update(options, file=file)}),
    )
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    options = ["--screenshot", "a.png", "--after", "2", "--input", "loopback", "--device", "x", "--hop-ms", "50"]
    assert run("gui", *options, "--model", "m", "--theme", "light", "--language", "de").exit_code == 0
    assert asked == {
        "file": None,
        "more": (),
        "screenshot": Path("a.png"),
        "after_s": 2.0,
        "input": "loopback",
        "device": "x",
        "models": ("m",),
        "hop_s": 0.05,
        "provider": "auto",
        "track": None,
        "theme": "light",
        "language": "de",
        "size": (1280, 720),
    }
    assert run("gui", clip, clip.parent).exit_code == 0
    assert (asked["file"], asked["more"]) == (clip, (clip.parent,))
    assert run("gui", *options, "--size", "960x540").exit_code == 0
    assert asked["size"] == (960, 540)
    for wrong, reason in (("wide", "no width and height"), ("960x", "no width and height"), ("9x5", "each side")):
        refused = run("gui", *options, "--size", wrong)
        assert (refused.exit_code, reason in refused.stderr) == (2, True)
    refused = run("gui", *options, "--theme", "sepia")
    assert (refused.exit_code, "there is no theme 'sepia'; there are system, dark" in refused.stderr) == (2, True)


def test_options_that_a_file_has_no_use_for_are_refused(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    for arguments in (["gui", clip, "--device", "x"], ["gui", clip, "--input", "loopback"]):
        answer = run(*arguments)
        assert (answer.exit_code, "do not go with a file" in answer.stderr) == (2, True)
    answer = run("listen", "--input", clip, "--device", "x")
    assert (answer.exit_code, "--device is for microphones" in answer.stderr) == (2, True)
    for arguments in (["gui", "--track", "1"], ["listen", "--track", "1"]):
        answer = run(*arguments)
        assert (answer.exit_code, "--track is for files" in answer.stderr) == (2, True)
    answer = run("gui", clip, clip, "--track", "1")
    assert (answer.exit_code, "--track is for one file" in answer.stderr) == (2, True)


def test_a_picture_never_takes_the_place_of_a_recording(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    before = clip.read_bytes()
    answer = run("gui", "--screenshot", clip)
    assert (answer.exit_code, "give a name in .png" in answer.stderr) == (2, True)
    assert clip.read_bytes() == before


def test_without_a_command_the_window_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path | None] = []
    app = type("App", (), {"run": lambda file, **options: opened.append(file)})
    monkeypatch.setitem(sys.modules, "irec_live.gui.app", app)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert run().exit_code == 0
    assert run("--screenshot", "a.png").exit_code == 0
    assert opened == [None, None]


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.usefixtures("no_display")
def test_display_that_does_not_answer_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not has_display()
    monkeypatch.setenv("DISPLAY", ":98765")
    assert not has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not has_display()
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a socket's path must be short
        server.bind("wayland-0")
        server.listen()
        monkeypatch.setenv("XDG_RUNTIME_DIR", ".")
        assert has_display()
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setenv("DISPLAY", "elsewhere:0")
    assert has_display()
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert has_display()


@pytest.mark.usefixtures("no_display", "no_waiting")
def test_without_a_display_the_terminal_listens_and_says_so(clip: Path, model_options: list[str]) -> None:
    done = run(clip, *model_options)
    assert done.exit_code == 0
    assert done.stderr.splitlines()[0] == "there is no display, so this is the terminal view"
    assert "bass" in done.stdout


@pytest.mark.usefixtures("no_display", "no_waiting")
def test_without_display_and_microphone_the_demo_clip_is_analysed(
    clip: Path, model_options: list[str], fake_portaudio: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_portaudio(default_input=-1, default_output=-1)
    monkeypatch.setattr("irec_live.session.default.demo_clip", lambda: clip)
    done = run("gui", *model_options)
    assert done.exit_code == 0
    first = done.stderr.splitlines()[0]
    assert first.startswith("there is no display")
    assert first.endswith("playing the demo clip instead")
    assert "violin" in done.stdout


@pytest.mark.usefixtures("no_display")
def test_without_display_one_file_is_heard_and_several_are_refused(clip: Path, tmp_path: Path) -> None:
    answer = run("gui", clip, clip)
    assert (answer.exit_code, "the terminal hears one file; name one" in answer.stderr) == (2, True)
    answer = run("gui", clip, tmp_path / "gone.wav")
    assert (answer.exit_code, "there is no file" in answer.stderr) == (2, True)


@pytest.mark.usefixtures("no_display")
def test_picture_needs_no_display(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    platforms: list[str | None] = []
    app = type("App", (), {"run": lambda *_, **__: platforms.append(os.environ.get("QT_QPA_PLATFORM"))})
    monkeypatch.setitem(sys.modules, "irec_live.gui.app", app)
    monkeypatch.setenv("QT_QPA_PLATFORM", "")  # so that what is set meanwhile is taken back
    assert run(clip, "--screenshot", "a.png").exit_code == 0
    assert platforms == ["offscreen"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", ""),
        ("analyze", "song.wav", "--out", ""),
        ("analyze", "--from-file", ""),
        ("gui", ""),
        ("listen", "--input", ""),
        ("listen", "--record", ""),
        ("library", "add", ""),
        ("library", "remove", ""),
        ("library", "show", ""),
        ("library", "stats", "--library", ""),
    ],
)
def test_an_empty_path_is_refused_and_never_the_current_folder(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "it is empty, perhaps a variable that is not set" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no file is called so there")
def test_names_of_files_neither_steer_the_terminal_nor_break_the_line(tmp_path: Path) -> None:
    song = tmp_path / "a\x1b[31m\nb\x07.wav"
    song.write_text("no sound")
    for path in (song, tmp_path / "gone\n.wav"):
        result = CliRunner().invoke(main, ["analyze", "--out", str(tmp_path / "out"), str(path)], color=True)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.rstrip("\n").isprintable()
