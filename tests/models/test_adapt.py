"""A network trained on with its user's corrections: what is learnt, what is kept, and when nothing is written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner
from network_fixtures import write_network
from saved_sessions import save_session

from irec_live.corrections import Corrections, Span
from irec_live.corrections.labels import COLUMNS, Reviewed, export_labels
from irec_live.corrections.store import corrections_path, save_corrections
from irec_live.errors import DataError
from irec_live.results import Event
from irec_models.checkpoint import load_checkpoint
from irec_models.cli import main
from irec_models.data.manifests.manifest import read_manifest
from irec_models.nets import TuttiStreamNet
from irec_models.training.adapt import FEWEST, adapt

RATE = 8000
HZ = {"flute": 400.0, "piano": 1200.0, "drums": 3000.0}


def song(parts: list[str], seconds: float = 1.5) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE)) / RATE
    return np.concatenate([0.3 * np.sin(2 * np.pi * HZ[label] * time_s) for label in parts]).astype(np.float32)


def corrections(parts: list[str], seconds: float = 1.5) -> Corrections:
    mine = Corrections()
    for place, label in enumerate(parts):
        mine = mine.added(Span(label, place * seconds, (place + 1) * seconds))
    return mine


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """A song of five parts of each label, all of them corrected."""
    parts = ["flute", "piano", "drums"] * 5
    path = tmp_path / "song.wav"
    soundfile.write(path, song(parts), RATE)
    save_corrections(corrections_path(path), corrections(parts), file=path.name, duration_s=len(parts) * 1.5)
    return path


def test_clips_have_the_columns_of_a_manifest_and_say_what_nobody_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "duo.wav"
    soundfile.write(path, song(["flute", "piano", "drums", "flute"], 5.0), RATE)
    heard = (Event("flute", 0.0, 5.0, 0.9), Event("harp", 4.0, 6.0, 0.6), Event("piano", 15.0, 20.0, 0.8))
    mine = Corrections().added(Span("piano", 5.0, 10.0)).changed(heard[2], None, 20.0).added(Span("drums", 12.0, 12.2))
    out = tmp_path / "data"
    assert export_labels([Reviewed(path, "My duo", mine, heard)], out) == 3
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS
    clips = read_manifest(out)
    assert [(clip.labels, clip.unknown) for clip in clips] == [
        (("piano",), ("harp",)),
        (("noise",), ()),
        (("drums",), ()),
    ]
    assert {clip.source for clip in clips} == {"corrections:My duo"}
    assert {clip.kind for clip in clips} == {"music"}
    lengths = [soundfile.info(clip.audio_path).duration for clip in clips]
    assert lengths == pytest.approx([5.0, 5.0, 1.0])
    piano, _ = soundfile.read(clips[0].audio_path, dtype="float32")
    whole, _ = soundfile.read(path, dtype="float32")
    assert piano == pytest.approx(whole[5 * RATE : 10 * RATE], abs=1e-4)


def test_a_long_event_becomes_several_clips(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, song(["flute"], 25.0), RATE)
    mine = Corrections().added(Span("flute", 0.0, 25.0))
    assert export_labels([Reviewed(path, "long", mine, ())], tmp_path / "data") == 3


def test_nothing_corrected_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing was corrected"):
        export_labels([Reviewed(tmp_path / "a.wav", "a", Corrections(), ())], tmp_path / "data")


def data_of(corrected: Path, tmp_path: Path) -> Path:
    parts = ["flute", "piano", "drums"] * 5
    export_labels([Reviewed(corrected, "song", corrections(parts), ())], tmp_path / "data")
    return tmp_path / "data"


def test_corrections_are_learnt_and_held_out_ones_show_it(
    corrected: Path, tmp_path: Path, small_checkpoint: Path
) -> None:
    out = tmp_path / "mine.pt"
    found = adapt(small_checkpoint, data_of(corrected, tmp_path), out, steps=150, learning_rate=3e-3)
    assert found.trained_on + found.held_out == 15
    assert found.held_out >= 3
    assert found.better
    assert found.written
    assert found.after.right > found.before.right
    checkpoint = load_checkpoint(out)
    assert checkpoint.spec.name.endswith("-adapted")
    assert checkpoint.spec.labels == load_checkpoint(small_checkpoint).spec.labels
    assert "corrections of its user" in checkpoint.card
    checkpoint.network()


def test_of_a_network_that_keeps_a_state_only_what_windows_tell_is_learnt(corrected: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, start, out = TuttiStreamNet(3), tmp_path / "start.pt", tmp_path / "mine.pt"
    write_network(start, network, hop_length=5120)
    adapt(start, data_of(corrected, tmp_path), out, steps=1, anyway=True)
    before, after = network.state_dict(), load_checkpoint(out).state_dict
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed == {"read.weight", "read.bias", "output.weight", "output.bias"}


def test_what_is_no_better_is_not_written(corrected: Path, tmp_path: Path, small_checkpoint: Path) -> None:
    out = tmp_path / "mine.pt"
    found = adapt(small_checkpoint, data_of(corrected, tmp_path), out, steps=1, learning_rate=1e-12)
    assert not found.written
    assert not out.exists()
    assert found.drift < 1e-4
    assert adapt(small_checkpoint, tmp_path / "data", out, steps=1, learning_rate=1e-12, anyway=True).written
    assert out.exists()


def test_too_few_corrections_are_refused_with_the_way_out(tmp_path: Path, small_checkpoint: Path) -> None:
    parts = ["flute", "piano", "drums"]
    path = tmp_path / "short.wav"
    soundfile.write(path, song(parts), RATE)
    save_corrections(corrections_path(path), corrections(parts), file=path.name, duration_s=4.5)
    export_labels([Reviewed(path, "short", corrections(parts), ())], tmp_path / "data")
    with pytest.raises(DataError, match=f"there are 3 corrections .* it takes {FEWEST} at least"):
        adapt(small_checkpoint, tmp_path / "data", tmp_path / "x.pt")


def test_one_command_adapts_from_a_session_and_prints_before_and_after(tmp_path: Path, small_checkpoint: Path) -> None:
    parts = ["flute", "piano", "drums"] * 5
    folder = save_session(tmp_path / "evening", song(parts)[:, None], RATE)
    save_corrections(corrections_path(folder), corrections(parts), file="evening", duration_s=22.5)
    out = tmp_path / "mine.pt"
    done = CliRunner().invoke(
        main,
        ["adapt", str(small_checkpoint), "--corrections", str(folder), "--out", str(out), "--steps", "20", "--anyway"],
    )
    assert done.exit_code == 0, done.output
    assert "held-out corrections" in done.output
    assert "labels right" in done.output
    assert out.exists()


def test_a_file_without_corrections_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, song(["flute"]), RATE)
    done = CliRunner().invoke(main, ["adapt", "tutti-1s", "--corrections", str(path), "--out", str(tmp_path / "x.pt")])
    assert done.exit_code == 2
    assert "there are no corrections of the file" in done.output
    assert "Ctrl+K" in done.output
