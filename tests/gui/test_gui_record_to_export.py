"""What a new user does, on a real screen with real keys: record, lose the program, open it again, correct, export."""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path

import jams
import mido
import pytest
import soundfile
from hands import Hands
from x_server import missing_x_programs, wait_for

import tiny_models
from irec_live.corrections.store import load_corrections
from irec_live.report import Analysis

_MISSING = missing_x_programs("openbox", "xdotool")
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"needs {_MISSING}")


def test_record_kill_reopen_correct_and_export_every_format(hands: Hands, tmp_path: Path) -> None:
    hands.start()
    hands.focus("Tones – irec-live")
    hands.press("ctrl+r")
    folder = wait_for(lambda: next((tmp_path / "takes").glob("*/session.json"), None)).parent
    wait_for(lambda: (folder / "events.jsonl").read_text("utf-8").count("\n") >= 3)
    hands.kill()
    assert json.loads((folder / "session.json").read_text("utf-8"))["state"] == "recording"

    hands.start(folder)
    hands.focus(f"{folder.name} – irec-live")
    wait_for(lambda: json.loads((folder / "session.json").read_text("utf-8"))["state"] == "finished")
    assert soundfile.info(folder / "audio.flac").duration > 6.0
    hands.press("ctrl+k")
    wait_for(lambda: hands.seen["correcting"])
    hands.press("ctrl+Down", "alt+Up")
    wait_for((folder / "corrections.json").exists)
    assert len(load_corrections(folder / "corrections.json").entries) == 1
    hands.press("ctrl+k", "ctrl+a")

    for suffix in (".json", ".csv", ".txt", ".jams", ".mid", ".wav"):
        target = tmp_path / f"taken{suffix}"
        hands.focus(f"{folder.name} – irec-live")
        hands.press("ctrl+shift+e")
        hands.focus("Save the selection")
        hands.type(str(target))
        hands.press("Return")
        wait_for(target.exists)
    read_back(tmp_path / "taken")


def read_back(stem: Path) -> None:
    """Every export, with the library that its users have."""
    analysis = Analysis.from_json(stem.with_suffix(".json").read_text("utf-8"))
    assert analysis.events
    labels = {event.label for event in analysis.events}
    assert labels <= set(tiny_models.LABELS)
    with stem.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[:2] == ["kind", "time_s"]
    assert sum(row[0] == "activation" for row in rows) == len(analysis.activation)
    lines = [line.split("\t") for line in stem.with_suffix(".txt").read_text("utf-8").splitlines()]
    assert [(label, pytest.approx(float(onset))) for onset, _, label in lines] == [
        (event.label, pytest.approx(event.onset_s)) for event in analysis.events
    ]
    midi = mido.MidiFile(stem.with_suffix(".mid"))
    assert {track.name for track in midi.tracks[1:]} == labels
    assert midi.length == pytest.approx(analysis.duration_s, abs=0.001)
    assert soundfile.info(stem.with_suffix(".wav")).duration == pytest.approx(analysis.duration_s, abs=0.001)
    with warnings.catch_warnings(action="ignore"):  # of the libraries that read it
        assert len(jams.load(str(stem.with_suffix(".jams"))).annotations[0].data) == len(analysis.events)
