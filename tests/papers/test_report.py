"""The page that `irec-train evaluate --report` writes: whole, self-contained, and resumable."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_bank
import torch
from click.testing import CliRunner
from network_fixtures import write_network

import tiny_models
from irec_live.errors import DataError, OutputError
from irec_live.models.detector import Detector
from irec_models.cli import main
from irec_models.data import ClipSelection, DataFolders
from irec_models.nets import build
from irec_papers.report import figures_lumen, page
from irec_papers.report.prediction_cache import CachingPredictor, PredictionCache
from irec_papers.report.section import Remark, Section, Table
from irec_papers.report.study import Material, conduct

LABELS = ("flute", "piano", "drums")
VOID = {"meta", "img", "br", "link"}
ANCHORS = ["summary", "material", "instruments", "confusion", "thresholds", "polyphony"]
ANCHORS += ["sequences", "envelopes", "leakage", "hidden", "deconvolution", "mistakes"]


class Page(HTMLParser):
    """Counts tags, and keeps what could be fetched; unbalanced tags fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.anchors: list[str] = []
        self.headings: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        self.addresses += [str(values[name]) for name in ("src", "href", "srcset", "poster") if name in values]
        if tag == "section":
            self.anchors.append(str(values["id"]))
        if tag == "img":
            assert values.get("alt"), "a picture without a description"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def models(folder: Path) -> tuple[Path, Path]:
    """The tiny models with the bank's labels."""
    activation = folder / "activation.onnx"
    activation.write_bytes(tiny_models.activation_model(tiny_models.activation_spec(labels=LABELS)))
    envelope = folder / "envelope.onnx"
    envelope.write_bytes(tiny_models.envelope_model(tiny_models.envelope_spec(labels=LABELS)))
    return activation, envelope


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bank.write_bank(tmp_path_factory.mktemp("bank") / "pack")


@pytest.fixture(scope="module")
def written(bank: Path, tmp_path_factory: pytest.TempPathFactory, small_checkpoint: Path) -> tuple[str, dict[str, Any]]:
    """A page about a checkpoint and two exported models, and the JSON beside it."""
    folder = tmp_path_factory.mktemp("report")
    out, scores = folder / "page.html", folder / "scores.json"
    arguments = ["evaluate", str(small_checkpoint), *map(str, models(folder)), "--data", str(bank), "--split", "train"]
    arguments += ["--source", "north", "--per-size", "1", "--mistakes", "2", "--cache", str(folder / "cache")]
    result = CliRunner().invoke(main, [*arguments, "--report", str(out), "--json", str(scores)])
    assert result.exit_code == 0, result.output
    assert "sections" in result.output
    return out.read_text(encoding="utf-8"), json.loads(scores.read_text())


def test_the_page_is_whole_and_asks_for_nothing_outside(written: tuple[str, dict[str, Any]]) -> None:
    found = Page(written[0])
    assert "audio" in found.tags
    assert "script" not in found.tags
    inside = [address for address in found.addresses if not address.startswith("#")]
    assert len(inside) > 15
    assert all(address.startswith(("data:image/", "data:audio/")) for address in inside)
    assert "://" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", written[0])


def test_every_section_is_there_and_linked(written: tuple[str, dict[str, Any]]) -> None:
    found = Page(written[0])
    assert found.anchors == ANCHORS
    assert [address[1:] for address in found.addresses if address.startswith("#")] == ANCHORS
    assert len(found.headings) == len(ANCHORS)


def test_the_json_of_several_models_names_each(written: tuple[str, dict[str, Any]]) -> None:
    content = written[1]
    assert content["schema"] == "irec.evaluations/1"
    assert [model["model"] for model in content["models"]] == ["random", "tiny-activation", "tiny-envelope"]
    assert all(
        model["ms_per_window"] > 0 and set(model["mixes"]["sizes"]) == {str(n) for n in range(11)}
        for model in content["models"]
    )


class Counting:
    """A predictor that counts what it is asked, and can be stopped like a process with Ctrl-C."""

    def __init__(self, path: Path, stop_after: int | None = None) -> None:
        self._predictor = Detector(path)
        self.spec = self._predictor.spec
        self.asked = 0
        self._stop_after = stop_after

    def __call__(self, windows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if self._stop_after is not None and self.asked >= self._stop_after:
            raise KeyboardInterrupt
        self.asked += len(windows)
        return self._predictor(windows)


def test_a_stopped_evaluation_goes_on_where_it_was(bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = models(tmp_path)
    material = Material(ClipSelection(DataFolders(bank), "train", ("north",)), per_size=1)
    predictors: list[Counting] = []

    def run(stop_after: int | None) -> None:
        predictors.append(Counting(model, stop_after))
        monkeypatch.setattr("irec_papers.report.study.load_predictor", lambda path: (predictors[-1], {}))
        monkeypatch.setattr("irec_papers.report.study.ms_per_window", lambda predictor: 1.0)
        with ExitStack() as memories:
            conduct([model], material, tmp_path / "cache", memories)

    with pytest.raises(KeyboardInterrupt):
        run(stop_after=30)
    run(stop_after=None)
    run(stop_after=None)
    first, second, third = (predictor.asked for predictor in predictors)
    assert first >= 30
    assert second > 0
    assert third == 0
    whole = Counting(model)
    predictors.append(whole)
    with ExitStack() as memories:
        monkeypatch.setattr("irec_papers.report.study.load_predictor", lambda path: (whole, {}))
        conduct([model], material, tmp_path / "fresh", memories)
    assert first + second == whole.asked


@pytest.mark.parametrize("kind", ["activation", "envelope"])
def test_what_is_remembered_is_what_was_said(kind: str, tmp_path: Path) -> None:
    detector = Detector(models(tmp_path)[kind == "envelope"])
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (3, detector.spec.window_length)).astype(np.float32)
    twice = noise[[0, 1, 1, 0]]
    with PredictionCache(tmp_path / "memory.sqlite3") as memory:
        predictor = CachingPredictor(detector, memory)
        np.testing.assert_array_equal(predictor(twice), detector(noise[:2])[[0, 1, 1, 0]])
        assert predictor.asked == 2
    with PredictionCache(tmp_path / "memory.sqlite3") as memory:
        predictor = CachingPredictor(detector, memory)
        assert predictor(noise).shape == detector(noise).shape
        assert predictor.asked == 1
        assert predictor(noise[:0]).shape == detector(noise)[:0].shape
    memory.close()


def test_a_memory_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite3"
    path.write_text("a shopping list, and rather a long one" * 100)
    with pytest.raises(OutputError, match="name another folder with --cache"):
        PredictionCache(path)


def test_text_from_outside_cannot_become_markup() -> None:
    table = Table("<b>caption</b>", ("a", "b"), (("<script>alert(1)</script>", "1"),), frozenset({(0, 1)}))
    text = page.render("<i>title</i>", "now", [Section("one", "One & two", "text", (table, Remark("<p>")))])
    found = Page(text)
    assert "script" not in found.tags
    assert "i" not in found.tags
    assert "&lt;script&gt;" in text
    assert '<td class="strong">1</td>' in text


@pytest.mark.parametrize(
    ("extra", "match"),
    [
        (["--report", "page.txt"], "should end in .html"),
        (["--report", "page.html", "--mixes"], "leave --compare and --mixes out"),
    ],
)
def test_what_a_report_cannot_do_is_said_before_any_work(
    extra: list[str], match: str, bank: Path, tmp_path: Path
) -> None:
    model, _ = models(tmp_path)
    result = CliRunner().invoke(main, ["evaluate", str(model), "--data", str(bank), *extra])
    assert result.exit_code == 2
    assert match in result.output


def test_a_model_named_twice_is_refused(bank: Path, tmp_path: Path) -> None:
    model, _ = models(tmp_path)
    with ExitStack() as memories, pytest.raises(DataError, match="named twice"):
        conduct([model, model], Material(ClipSelection(DataFolders(bank), "dev")), tmp_path, memories)


def test_models_of_one_name_are_told_apart_by_their_files(bank: Path, tmp_path: Path) -> None:
    model, _ = models(tmp_path)
    spec = tiny_models.activation_spec(labels=LABELS, title="another")
    (tmp_path / "other.onnx").write_bytes(tiny_models.activation_model(spec))
    material = Material(ClipSelection(DataFolders(bank), "dev"), per_size=1)
    with ExitStack() as memories, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Material, "mixes", lambda self, spec: iter(list(only_noise(self, spec))))
        study = conduct(
            [model, tmp_path / "other.onnx"],
            material,
            tmp_path / "cache",
            memories,
        )
    assert [subject.name for subject in study.subjects] == [
        "tiny-activation (activation.onnx)",
        "tiny-activation (other.onnx)",
    ]


def test_fusions_and_lone_members_are_taken_apart(bank: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    networks = {
        "mel": build("lumen", labels=3, front_end="mel"),
        "modgd": build("lumen", labels=3, front_end="modgd"),
        "both": build("lumen-fusion", labels=3, members=["mel", "modgd"]),
    }
    paths = []
    for name, network in networks.items():
        hop_length = network.window_length // 2
        paths.append(write_network(tmp_path / f"{name}.pt", network, labels=LABELS, hop_length=hop_length))
    with ExitStack() as memories, pytest.MonkeyPatch.context() as patch:
        patch.setattr("irec_papers.report.study.ms_per_window", lambda predictor: 1.0)
        patch.setattr(Material, "mixes", lambda self, spec: iter(list(only_noise(self, spec))))
        study = conduct(paths, Material(ClipSelection(DataFolders(bank), "dev")), tmp_path / "cache", memories)
        (section,) = figures_lumen.sections(study)
    remarks = [block.text for block in section.blocks if isinstance(block, Remark)]
    assert [text.split(":")[0] for text in remarks] == ["both", "Members given one by one"]
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [row[0] for row in tables[0].rows[:2]] == ["mel", "mel + modgd"]
    assert len(tables) == 6


def only_noise(material: Material, spec: Any) -> Any:
    from irec_models.data import MixPlan, held_out_mixes

    selection = replace(material.selection, split="train", labels=spec.labels)
    return held_out_mixes(selection, spec.sample_rate, MixPlan(sizes=(0,), per_size=1))
