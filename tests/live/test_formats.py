"""What the writers write, read back the way other programs would."""

from __future__ import annotations

import csv
import json
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from irec_live.errors import OutputError
from irec_live.files import write_whole
from irec_live.formats import RENDERERS, SUFFIXES
from irec_live.report import Analysis, ModelUse, summarise
from irec_live.results import Event


@pytest.fixture
def analysis() -> Analysis:
    random = np.random.default_rng(0)
    activation = random.random((40, 2)).astype(np.float32)
    labels = ("flute", "acoustic guitar, nylon\tstrings")
    return Analysis(
        file='a "song".wav',
        duration_s=5.0,
        models=(ModelUse("toy", "0" * 64, 8000, 1.0, 0.1),),
        labels=labels,
        activation=activation,
        activation_start_s=0.5,
        activation_hop_s=0.1,
        envelope=random.random((90, 2)).astype(np.float32),
        envelope_start_s=0.0,
        envelope_frame_s=1024 / 44_100,
        events=(Event(labels[1], 0.5, 1.25, 0.75), Event("flute", 2.0, 4.4, 0.9)),
        clip=summarise(labels, activation),
        detected=("flute", labels[1]),
    )


def test_json_reads_back_as_the_same_analysis(analysis: Analysis, tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", RENDERERS["json"](analysis))
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert Analysis.from_json(text).to_dict() == json.loads(text) == analysis.to_dict()


def test_csv_reads_back_as_the_same_curves(analysis: Analysis, tmp_path: Path) -> None:
    write_whole(tmp_path / "a.csv", RENDERERS["csv"](analysis))
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["kind", "time_s", *analysis.labels]
    for kind, times, values in (
        ("activation", analysis.activation_times, analysis.activation),
        ("envelope", analysis.envelope_times, analysis.envelope),
    ):
        mine = np.array([row[1:] for row in rows if row[0] == kind], float)
        np.testing.assert_allclose(mine[:, 0], times, atol=1e-5)
        np.testing.assert_allclose(mine[:, 1:], values, atol=1e-5)


def test_an_audacity_label_track_has_three_columns_and_no_more(analysis: Analysis, tmp_path: Path) -> None:
    write_whole(tmp_path / "a.txt", RENDERERS["audacity"](analysis))
    lines = (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines()
    assert lines == ["0.500000\t1.250000\tacoustic guitar, nylon strings", "2.000000\t4.400000\tflute"]


def test_every_format_writes_what_it_renders(analysis: Analysis, tmp_path: Path) -> None:
    assert set(RENDERERS) == set(SUFFIXES) == {"json", "csv", "audacity"}
    for name, render in RENDERERS.items():
        path = tmp_path / f"a{SUFFIXES[name]}"
        write_whole(path, render(analysis))
        assert path.read_bytes().decode("utf-8") == render(analysis)


def test_an_old_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    write_whole(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
def test_others_may_read_the_file_as_far_as_the_system_allows(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_whole(tmp_path / "mine", "text")
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_write_that_fails_leaves_the_old_file_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"cannot write .*a\.json: No space left on device"):
        write_whole(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


def test_places_that_cannot_be_written_are_refused(analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "gone" / "a.json", tmp_path / "file" / "a.json", tmp_path):
        with pytest.raises(OutputError, match="cannot write"):
            write_whole(path, RENDERERS["json"](analysis))
    assert {entry.name for entry in tmp_path.iterdir()} == {"file"}


def test_a_long_name_still_fits(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 250 + ".json"), "text")
    assert len(list(tmp_path.iterdir())) == 1


def test_names_that_are_no_text_can_be_written(analysis: Analysis, tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", "caf\udce9")
    assert (tmp_path / "a.json").read_bytes() == b"caf\xe9"
