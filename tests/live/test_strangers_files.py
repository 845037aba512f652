"""What the command line says of odd files, pipes and names: never less than there is without a word."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from odd_files import with_length, write_video

import tiny_models
from irec_live import spool
from irec_live.analysis import analyze
from irec_live.cli import main
from irec_live.decoders import quiet_stderr
from irec_live.errors import MediaError
from irec_live.media import check_seekable, open_audio
from irec_live.report import Analysis

RATE = 16_000
POSIX = pytest.mark.skipif(os.name == "nt", reason="pipes have no names in folders there")


@pytest.fixture(scope="module")
def models(tiny_activation_path: Path, tiny_envelope_path: Path) -> list[str]:
    return ["--model", str(tiny_activation_path), "--model", str(tiny_envelope_path)]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, tiny_models.tone("flute", 3.0, sample_rate=RATE), RATE)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def in_a_process(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "irec_live", *map(str, arguments)], capture_output=True, timeout=300, **options
    )


# ---- what is said, and with what exit status


def test_an_odd_header_is_said_once_and_nothing_is_missing(tmp_path: Path, song: Path, models: list[str]) -> None:
    (tmp_path / "rec.wav").write_bytes(song.read_bytes())
    with_length(tmp_path / "rec.wav", "WAV", 0)
    done = run("analyze", tmp_path / "rec.wav", *models)
    found = Analysis.from_json(done.stdout)
    assert (done.exit_code, found.duration_s, found.detected) == (0, 3.0, ("flute",))
    assert len(found.warnings) == 1
    assert done.stderr == f"irec-live: {found.warnings[0]}\n"
    done = run("listen", "--input", tmp_path / "rec.wav", "--seconds", "0.1", "--json", *models)
    assert (done.exit_code, done.stderr) == (0, f"irec-live: {found.warnings[0]}\n")


def test_what_could_not_be_heard_to_its_end_is_status_1(tmp_path: Path, song: Path, models: list[str]) -> None:
    data = song.read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[: len(data) // 2])
    (tmp_path / "words.txt").write_text("no sound")
    done = run("analyze", tmp_path / "cut.wav", song, "--out", tmp_path / "out", *models)
    assert done.exit_code == 1
    assert json.loads((tmp_path / "out" / "cut.json").read_text())["warnings"] == [
        "cut.wav is damaged: its header announces more audio than the file holds"
    ]
    assert json.loads((tmp_path / "out" / "song.json").read_text())["warnings"] == []
    assert run("analyze", tmp_path / "cut.wav", tmp_path / "words.txt", *models).exit_code == 2


def test_sound_of_which_nothing_can_be_decoded_is_an_error(
    song: Path, models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.analysis.decode_into", lambda *_, **__: 0)
    done = run("analyze", song, *models)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "irec-live: song.wav has sound, but none of it could be decoded\n"


def test_sound_of_a_low_rate_is_said_to_be_that_once(tmp_path: Path, models: list[str]) -> None:
    soundfile.write(tmp_path / "call.wav", tiny_models.tone("flute", 2.0, sample_rate=4000), 4000)
    done = run("analyze", tmp_path / "call.wav", *models)
    assert done.exit_code == 0
    assert done.stderr == (
        "irec-live: call.wav is sampled at 4000 Hz: there is nothing above 2 kHz in it, "
        "where the networks, made for 8000 Hz, listen too\n"
    )
    heard = run("listen", "--input", tmp_path / "call.wav", "--seconds", "0.1", "--json", *models)
    assert heard.stderr == done.stderr


def test_a_recording_that_grows_is_named_as_growing(tmp_path: Path, song: Path, models: list[str]) -> None:
    path = tmp_path / "rec.wav"
    path.write_bytes(song.read_bytes())

    def go_on(share: float) -> None:
        with path.open("ab") as file:
            file.write(bytes(RATE))

    found = analyze(path, models=models[1::2], progress=go_on)
    assert found.duration_s == 3.0
    assert found.warning == (
        "rec.wav is still being written: it was analysed as far as it went when it was opened, 3.0 s; "
        "analyse it again when it is finished"
    )


# ---- tracks and channels


def test_a_track_and_a_channel_can_be_chosen(tmp_path: Path, models: list[str]) -> None:
    tones = [tiny_models.tone(label, 2.0, sample_rate=48_000).astype(np.float32) for label in ("flute", "violin")]
    film = write_video(tmp_path / "film.mkv", [tone[:, None] for tone in tones], 48_000, codec="libopus", default=1)
    assert Analysis.from_json(run("analyze", film, *models).stdout).detected == ("violin",)
    assert Analysis.from_json(run("analyze", film, "--track", "1", *models).stdout).detected == ("flute",)
    assert "there is no track 3" in run("analyze", film, "--track", "3", *models).stderr
    soundfile.write(tmp_path / "two.wav", np.stack(tones, axis=1), 48_000)
    for channel, label in (("1", "flute"), ("2", "violin")):
        found = Analysis.from_json(run("analyze", tmp_path / "two.wav", "--channel", channel, *models).stdout)
        assert found.detected == (label,)
    for verb in (["analyze"], ["listen", "--input"]):
        done = run(*verb, tmp_path / "two.wav", "--channel", "3", *models)
        assert (done.exit_code, "2 channels: there is no channel 3" in done.stderr) == (2, True)


@pytest.mark.parametrize("channels", [2, 6, 24])
def test_one_microphone_among_many_is_heard_at_its_level(tmp_path: Path, models: list[str], channels: int) -> None:
    tone = tiny_models.tone("flute", 2.0, sample_rate=RATE, amplitude=0.1)
    sound = np.zeros((len(tone), channels), np.float32)
    sound[:, -1] = tone
    soundfile.write(tmp_path / "mics.wav", sound, RATE)
    soundfile.write(tmp_path / "one.wav", tone, RATE)
    many, one = (analyze(tmp_path / f"{name}.wav", models=models[1::2]) for name in ("mics", "one"))
    np.testing.assert_allclose(many.envelope, one.envelope, atol=1e-5)
    np.testing.assert_allclose(many.activation, one.activation, atol=1e-5)


# ---- pipes


@POSIX
def test_standard_input_and_pipes_are_analysed(tmp_path: Path, temporary: Path, song: Path, models: list[str]) -> None:
    with song.open("rb") as file:
        done = in_a_process("analyze", "-", *models, stdin=file, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = Analysis.from_json(done.stdout)
    assert (found.file, found.duration_s, found.detected) == ("standard input", 3.0, ("flute",))
    done = in_a_process("analyze", "-", "--out", tmp_path / "out", *models, input=song.read_bytes())
    assert done.returncode == 0
    assert (tmp_path / "out" / "stdin.json").exists()
    fifo = tmp_path / "take.wav"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(song.read_bytes()))
    writer.start()
    assert analyze(fifo, models=models[1::2]).detected == ("flute",)
    writer.join()
    assert list(temporary.iterdir()) == []


@POSIX
def test_a_pipe_without_a_writer_or_without_sound_is_one_sentence(
    tmp_path: Path, models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    with monkeypatch.context() as patch:
        patch.setattr(spool, "_WRITER_S", 0.1)
        done = run("analyze", fifo, *models)
    assert (done.exit_code, done.stderr) == (2, "irec-live: nothing comes through pipe; is anybody writing to it?\n")
    with pytest.raises(MediaError, match="is a pipe, in which one cannot go back"):
        check_seekable(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    fifo.write_bytes(b"")  # who came and went
    with monkeypatch.context() as patch:
        patch.setattr(spool, "_WRITER_S", 0.1)
        with pytest.raises(MediaError, match="nothing comes through pipe"):
            open_audio(fifo)
    os.close(reader)
    writer = threading.Thread(target=lambda: fifo.write_bytes(b"words " * 999))
    writer.start()
    with pytest.raises(MediaError, match="pipe cannot be decoded as audio"):
        open_audio(fifo)
    writer.join()


@POSIX
def test_a_pipe_without_an_end_is_kept_up_to_a_bound(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MOST_BYTES", 3_000_000)
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), fifo.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(100_000))

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(MediaError, match=r"more than 0\.0 GB came through pipe, without an end"):
        open_audio(fifo)
    writer.join()
    assert list(temporary.iterdir()) == []


@POSIX
def test_a_full_disk_is_told_from_a_pipe_without_an_end(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_SPARE_BYTES", 2**80)
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), fifo.open("wb", buffering=0) as file:
            file.write(bytes(1000))

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(MediaError, match=f"what comes through pipe has no room in {temporary}, where temporary"):
        open_audio(fifo)
    writer.join()
    assert list(temporary.iterdir()) == []


@POSIX
def test_devices_and_terminals_are_no_files(models: list[str]) -> None:
    for path in ("/dev/zero", "/dev/null"):
        for verb in (["analyze"], ["listen", "--input"]):
            done = run(*verb, path, *models)
            assert (done.exit_code, f"{path} is a device, not a file" in done.stderr) == (2, True)
    leader, follower = os.openpty()
    done = in_a_process("analyze", "-", *models, stdin=follower, text=True)
    os.close(leader)
    os.close(follower)
    assert (done.returncode, "standard input is a terminal" in done.stderr) == (2, True)


# ---- names


def test_a_name_that_is_too_long_for_the_results_is_found_before_the_analysis(
    tmp_path: Path, song: Path, models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / f"{'x' * 251}.wav"
    fitting = tmp_path / f"{'é' * 125}.wav"  # 250 bytes, and 255 with .json
    for path in (long, fitting):
        path.write_bytes(song.read_bytes())
    assert run("analyze", fitting, "--out", tmp_path / "out", *models).exit_code == 0
    monkeypatch.setattr("irec_live.cli.analyzing.analyze", lambda *_, **__: pytest.fail("it was analysed"))
    done = run("analyze", song, long, "--out", tmp_path / "out", *models)
    assert done.exit_code == 2
    assert "File name too long" in done.stderr
    assert done.stderr.count("\n") == 1


# ---- what libraries print


def test_lines_of_the_mp3_library_never_reach_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    soundfile.write(tmp_path / "song.mp3", tiny_models.tone("flute", 6.0, sample_rate=44_100), 44_100)
    whole = (tmp_path / "song.mp3").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(5):
        data = bytearray(whole)
        for at in random.integers(1000, len(data), 30):
            data[at] = random.integers(0, 256)
        (tmp_path / "hurt.mp3").write_bytes(data)
        with open_audio(tmp_path / "hurt.mp3") as audio:
            assert sum(map(len, audio.blocks(10_000))) > 5.5 * 44_100
            assert audio.warning
            audio.seek(44_100)
            audio.read(44_100)
    assert capfd.readouterr() == ("", "")


def test_what_others_write_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr.without_chatter():
        os.write(2, b"first\n[src/libmpg123/layer3.c:1] error: dequantization failed!\nsecond\n")
        with quiet_stderr.without_chatter():
            os.write(2, b"Note: Trying to resync...\nthird\n")
    os.write(2, b"fourth\n")
    with quiet_stderr.without_chatter():
        pass
    assert capfd.readouterr().err == "first\nsecond\nthird\nfourth\n"


# ---- bounds

_MEASURED = """
import sys
from irec_live.cli import main
status = main(sys.argv[1:], standalone_mode=False)
# Not getrusage: its peak is inherited from the process that started this one.
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1], file=sys.stderr)
sys.exit(status)
"""


@POSIX
def test_a_thousand_channels_at_the_highest_rate_need_little(tmp_path: Path, models: list[str]) -> None:
    with soundfile.SoundFile(tmp_path / "many.wav", "w", 768_000, 1024, subtype="PCM_U8") as file:
        file.write(np.ones((1, 1024), np.float32))
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, "analyze", str(tmp_path / "many.wav"), *models],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.split()[-1]) / 1024 < 300  # MB
