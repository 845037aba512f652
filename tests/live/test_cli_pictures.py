"""What the terminal shows while it works: the live table, and how far a batch is."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from irec_live.batch.items import Item, Outcome
from irec_live.cli import batch_progress
from irec_live.cli.batch_progress import BatchProgress
from irec_live.cli.live_table import LiveTable
from irec_live.results import Snapshot
from irec_live.tables import Recording


def picture(table: LiveTable, **changes: object) -> list[str]:
    """Lines of one picture, 100 characters wide."""
    snapshot = Snapshot(labels=("bass", "[flute]", "violin"), time_s=12.0, level_db=-20.0, **changes)  # type: ignore[arg-type]
    console = Console(width=100)
    with console.capture() as shown:
        console.print(table._picture("Mic", snapshot))
    return [line.rstrip() for line in shown.get().splitlines()]


def test_the_table_has_the_strongest_first_and_marks_what_is_lit() -> None:
    rows = np.float32([[0.2, 0.9, 0.5]])
    lines = picture(LiveTable(), smoothed=rows, envelope=np.float32([[0.0, 0.5, 0.1]]), detected=("[flute]",))
    assert lines[0] == "[flute]   Mic"
    assert "12.0 s   input  -20.0 dB" in lines[1]
    assert [line.split()[0] for line in lines[2:5]] == ["●", "violin", "bass"]
    assert (lines[2].split()[-3:], lines[4].split()[-1]) == (["90%", "-6.0", "dB"], "-")


def test_rows_of_the_table_keep_their_places_for_a_while() -> None:
    table = LiveTable()
    first = picture(table, smoothed=np.float32([[0.9, 0.1, 0.5]]))
    later = picture(table, smoothed=np.float32([[0.1, 0.9, 0.5]]), message="the microphone went away")
    names = [[line.split()[0] for line in lines[2:5]] for lines in (first, later)]
    assert names == [["bass", "violin", "[flute]"]] * 2
    assert later[-1] == "the microphone went away"


def done(key: str, duration_s: float) -> Outcome:
    return Outcome(key, "done", recording=Recording(key, key, "", 0, duration_s, "", (), (), (), (), ()))


def test_the_time_left_follows_from_what_took_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(batch_progress.time, "monotonic", lambda: now)
    items = [Item(f"/{name}.wav", name, name, None, 1000) for name in "abcde"]
    with BatchProgress(items) as progress:
        assert progress.text() == "0 of 5 files"
        now += 1.0
        progress.show_outcome(items[0], Outcome("a", "same"))
        assert progress.text() == "1 of 5 files"  # what was done before tells nothing of the speed
        now += 9.0
        progress.show_outcome(items[1], done("b", 300.0))
        assert progress.text() == "2 of 5 files, 30 x real time, 0:30 left"
        progress.show_share("c", 0.5)
        assert progress.text() == "2 of 5 files, 30 x real time, 0:16 left"
        now += 3600.0
        progress.show_share("c", 0.6)
    assert capsys.readouterr().err.startswith("irec-live: 2 of 5 files")
