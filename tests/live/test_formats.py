"""What the writers write, read back the way other programs would."""

from __future__ import annotations

import ast
import csv
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jams
import jsonschema
import mido
import numpy as np
import pytest

import irec_live.formats as formats_room
from irec_live.errors import OutputError
from irec_live.files import write_atomically
from irec_live.formats import DEFAULT_FORMAT, FORMATS, Format
from irec_live.formats.json import schema
from irec_live.models.spec import Threshold
from irec_live.report import Analysis, ModelUse, summarise
from irec_live.results import Event

GOLDEN = Path(__file__).parent / "golden"


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
    write_atomically(tmp_path / "a.json", FORMATS["json"].render(analysis))
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert Analysis.from_json(text).to_dict() == json.loads(text) == analysis.to_dict()


def test_csv_reads_back_as_the_same_curves(analysis: Analysis, tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.csv", FORMATS["csv"].render(analysis))
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
    write_atomically(tmp_path / "a.txt", FORMATS["audacity"].render(analysis))
    lines = (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines()
    assert lines == ["0.500000\t1.250000\tacoustic guitar, nylon strings", "2.000000\t4.400000\tflute"]


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_every_format_writes_what_it_renders(analysis: Analysis, tmp_path: Path, form: Format) -> None:
    path = tmp_path / f"a{form.suffix}"
    write_atomically(path, form.pieces(analysis))
    assert path.read_bytes() == form.content(analysis)
    assert form.binary == isinstance(form.render(analysis), bytes)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_every_format_says_all_that_is_asked_of_it(analysis: Analysis, form: Format) -> None:
    assert FORMATS[form.name] is form
    assert form.title
    assert form.holds
    assert form.suffix.startswith(".")
    assert form.media_type.count("/") == 1
    assert form.lacks({"activation", "envelope"}) == ""
    assert form.binary or form.one_line == (form.content(analysis).count(b"\n") == 1)
    fewer = replace(analysis, events=())
    assert form.has_events == (form.render(fewer) != form.render(analysis))


def test_a_midi_file_has_a_track_an_instrument_and_times_right_to_the_tick(analysis: Analysis, tmp_path: Path) -> None:
    events = (
        Event("violin", 0.25, 1.0, 0.9),
        Event("drums", 0.5, 3.123, 0.5),
        Event("violin", 1.0, 2.7182, 0.7),
        Event("theremin", 2.0, None, 1.0),
    )
    path = tmp_path / "a.mid"
    write_atomically(path, FORMATS["midi"].content(replace(analysis, events=events, duration_s=5.0)))
    file = mido.MidiFile(path)
    tempo = next(message.tempo for message in file.tracks[0] if message.type == "set_tempo")
    assert file.length == pytest.approx(5.0)
    found: dict[str, list[tuple[float, float]]] = {}
    channels = {}
    for track in file.tracks[1:]:
        now, begun = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on":
                begun[message.note] = now
                channels[track.name] = message.channel
            elif message.type == "note_off":
                first = begun.pop(message.note)
                spans = found.setdefault(track.name, [])
                spans.append(tuple(mido.tick2second(tick, file.ticks_per_beat, tempo) for tick in (first, now)))
        assert not begun
    tick_s = mido.tick2second(1, file.ticks_per_beat, tempo)
    for event in events:
        begin, end = found[event.label].pop(0)
        assert begin == pytest.approx(event.onset_s, abs=tick_s / 2)
        assert end == pytest.approx(5.0 if event.offset_s is None else event.offset_s, abs=tick_s / 2)
    programs = {
        track.name: message.program for track in file.tracks for message in track if message.type == "program_change"
    }
    assert programs == {"violin": 40}
    assert channels["drums"] == 9
    assert 9 not in (channels["violin"], channels["theremin"])


def test_files_of_two_formats_can_lie_in_one_folder() -> None:
    assert len({form.suffix for form in FORMATS.values()}) == len(FORMATS)
    assert FORMATS[DEFAULT_FORMAT].one_line


def test_a_new_format_is_offered_by_the_terminal_the_window_and_the_server() -> None:
    """One line in the table; in a process of its own, where it stands there before anything reads it."""
    script = """if True:
        import irec_live.formats as formats
        formats.FORMATS["toy"] = formats.Format(
            "toy", "Toy list", ".toy", "text/x-toy", "a list of toys", frozenset(), lambda analysis: "toys")
        from click.testing import CliRunner
        from irec_live.cli import main
        said = {name: CliRunner().invoke(main, [name, "--help"]).output for name in ("analyze", "serve")}
        assert "|toy" in said["analyze"] and "toy holds a list of toys" in " ".join(said["analyze"].split()), said
        assert "|toy" in " ".join(said["serve"].split()), said
        from pathlib import Path
        from PySide6.QtWidgets import QApplication, QWidget
        from irec_live.gui.actions import Actions
        from irec_live.gui.file_dialogs import ask_export
        app, window = QApplication([]), QWidget()
        assert "Toy list…" in [action.text() for action in Actions(window).exports]
        dialog = ask_export(window, Path("song.wav"), "toy", print)
        assert dialog.nameFilters() == ["Toy list (*.toy)"], dialog.nameFilters()
        assert dialog.selectedFiles()[0].endswith("song.toy")
        dialog.close()
        from irec_live.web.app import create_app
        asked = create_app().openapi()["paths"]["/api/analyze"]["post"]["parameters"]
        (enum,) = [one["schema"]["enum"] for one in asked if one["name"] == "format"]
        assert enum == list(formats.FORMATS), enum
    """
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"})


def test_no_format_is_named_outside_its_module() -> None:
    """Whoever asks for one by name would be forgotten when the next one comes."""
    room = Path(formats_room.__file__).parent
    # Results of a search have formats of their own, and an extra is called midi.
    others = {"exporting.py", "library.py", "midi_port.py"}
    found = [
        f"{path.name}:{node.lineno}"
        for path in room.parent.rglob("*.py")
        if path.parent != room and path.name not in others
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in FORMATS
    ]
    assert found == []


def test_the_readme_tells_of_every_format() -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert [name for name in FORMATS if f"--format {name}" not in page] == []
    assert [key for key in schema()["properties"] if key != "schema" and f"`{key}`" not in page] == []


def test_names_of_formats_cost_no_array_library() -> None:
    script = "import irec_live.formats, sys; assert 'numpy' not in sys.modules and 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.fixture
def of_old() -> Analysis:
    """What version 0.1 wrote into the folder ``golden``."""
    labels = ("flute", "acoustic guitar, nylon\tstrings", "harp")
    activation = np.float32([[0.1, 0.9, 0.0], [0.25, 0.75, 0.0], [1 / 3, 2 / 3, 0.0], [0.125, 0.0625, 0.0]])
    return Analysis(
        file='café "song".wav',
        duration_s=1.4,
        models=(ModelUse("toy", "0" * 64, 8000, 1.0, 0.3), ModelUse("loud", "1" * 64, 8000, 0.5, 0.25)),
        labels=labels,
        activation=activation,
        activation_start_s=0.5,
        activation_hop_s=0.3,
        envelope=np.float32([[0.0, 0.01, 0.3], [0.0, 0.02, 0.123456789], [0.0, 0.5, 1e-7]]),
        envelope_start_s=0.0,
        envelope_frame_s=1024 / 44_100,
        events=(Event(labels[1], 0.5, 1.1, 0.9), Event("flute", 0.8, None, 1 / 3)),
        clip=summarise(labels, activation),
        detected=(labels[1], "flute"),
        not_predicted={"activation": frozenset({"harp"}), "envelope": frozenset({"flute"})},
        thresholds={"flute": Threshold(on=0.3, off=0.2), labels[1]: Threshold(on=0.45, off=0.25)},
        threshold_offset=-0.05,
        warnings=("the file is cut off",),
    )


@pytest.mark.parametrize("name", ["csv", "audacity"])
def test_tables_are_those_of_version_0_1_to_the_byte(of_old: Analysis, name: str) -> None:
    form = FORMATS[name]
    assert form.render(of_old).encode() == (GOLDEN / f"analysis-0.1{form.suffix}").read_bytes()


def test_json_is_that_of_version_0_1_to_the_byte_but_for_what_was_added(of_old: Analysis) -> None:
    old = (GOLDEN / "analysis-0.1.json").read_text(encoding="utf-8")
    new = FORMATS["json"].render(of_old)
    assert new.startswith(old.removesuffix("}\n"))
    assert set(json.loads(new)) - set(json.loads(old)) == {
        "thresholds",
        "threshold_offset",
        "not_predicted",
        "warnings",
    }
    assert list(json.loads(new)["not_predicted"].values()) == [["harp"], ["flute"]]
    assert json.loads(new)["thresholds"]["flute"] == {"on": 0.3, "off": 0.2}


def test_json_of_version_0_1_can_still_be_read() -> None:
    found = Analysis.from_json((GOLDEN / "analysis-0.1.json").read_text(encoding="utf-8"))
    assert found.detected == ("acoustic guitar, nylon\tstrings", "flute")
    assert (found.thresholds, found.threshold_offset, found.not_predicted, found.warnings) == ({}, 0.0, {}, ())


def test_json_meets_its_schema(analysis: Analysis, of_old: Analysis) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    law = jsonschema.Draft202012Validator(schema())
    for found in (analysis, of_old):
        law.validate(json.loads(FORMATS["json"].render(found)))
    law.validate(json.loads((GOLDEN / "analysis-0.1.json").read_text(encoding="utf-8")))
    for wrong in ({"duration_s": -1}, {"labels": ["a", "a"]}, {"warnings": "text"}, {"not_predicted": {"kind": []}}):
        assert not law.is_valid(analysis.to_dict() | wrong)


def test_the_schema_names_every_key_that_is_written(of_old: Analysis) -> None:
    written, known = of_old.to_dict(), schema()["properties"]
    assert list(known) == list(written)
    for key in ("models", "events"):
        may_be = [name for name in known[key]["items"]["properties"] if name != "corrected"]  # of a person's alone
        assert may_be == list(written[key][0])
    for key in ("activation", "envelope", "clip"):
        assert list(known[key]["properties"]) == list(written[key])


@pytest.mark.filterwarnings("ignore:Passing a schema to Validator:DeprecationWarning")  # jams does so
def test_readers_of_annotations_find_the_events_in_jams(of_old: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "a.jams"
    write_atomically(path, FORMATS["jams"].render(of_old))
    read = jams.load(str(path), validate=True, strict=True)
    assert read.file_metadata.title == of_old.file
    assert read.file_metadata.duration == of_old.duration_s
    (tags,) = read.search(namespace="tag_open")
    assert tags.validate(strict=True)
    assert [(one.time, round(one.time + one.duration, 9), one.value, one.confidence) for one in tags.data] == [
        (0.5, 1.1, "acoustic guitar, nylon\tstrings", 0.9),
        (0.8, 1.4, "flute", 0.33333),
    ]
    assert read.sandbox.irec_live["threshold_offset"] == -0.05


def test_an_old_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    write_atomically(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
def test_others_may_read_the_file_as_far_as_the_system_allows(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    write_atomically(tmp_path / "mine", "text")
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_write_that_fails_leaves_the_old_file_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"cannot write .*a\.json: No space left on device"):
        write_atomically(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "old"


def test_places_that_cannot_be_written_are_refused(analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "gone" / "a.json", tmp_path / "file" / "a.json", tmp_path):
        with pytest.raises(OutputError, match="cannot write"):
            write_atomically(path, FORMATS["json"].render(analysis))
    assert {entry.name for entry in tmp_path.iterdir()} == {"file"}


def test_a_long_name_still_fits(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("x" * 250 + ".json"), "text")
    assert len(list(tmp_path.iterdir())) == 1


def test_names_that_are_no_text_can_be_written(analysis: Analysis, tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.json", "caf\udce9")
    assert (tmp_path / "a.json").read_bytes() == b"caf\xe9"
