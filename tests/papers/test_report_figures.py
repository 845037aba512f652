"""The numbers behind the report's figures, against answers known by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import small_nets
import torch
from torch import Tensor, nn

from irec_live.models.catalog import ModelInfo, bundled_models
from irec_live.models.spec import ModelSpec, Threshold
from irec_models.checkpoint import spec_for
from irec_models.data import EvalClip
from irec_models.measuring.restore import network_of
from irec_models.metrics import UNKNOWN, score
from irec_models.nets import Network, build
from irec_papers.report import (
    figures_chen,
    figures_deconvolution,
    figures_lumen,
    figures_mistakes,
    figures_thresholds,
    sequence,
)
from irec_papers.report.deconvolution import strongest_units
from irec_papers.report.figures_hidden import embed
from irec_papers.report.figures_instruments import confusion
from irec_papers.report.figures_thresholds import f1_curves, micro_macro
from irec_papers.report.layers import look_inside, stages
from irec_papers.report.section import Picture, Remark, highest
from irec_papers.report.sounds import loudest_part, player_uri
from irec_papers.report.study import Study, Subject

LABELS = ("flute", "piano", "drums")


def subject(levels: list[list[float]], targets: list[list[int]], sizes: list[int] | None = None) -> Subject:
    """What figures need of a subject, with thresholds of 0.5."""
    spec = ModelSpec(
        name="known",
        kind="activation",
        labels=LABELS,
        sample_rate=8000,
        window_length=800,
        hop_length=400,
        thresholds={label: Threshold(on=0.5, off=0.3) for label in LABELS},
    )
    said, true = torch.tensor(levels), torch.tensor(targets)
    clips = SimpleNamespace(
        labels=LABELS,
        files=tuple(str(n) for n in range(len(levels))),
        activations={"s1": said, "s2": said},
        levels={"s1": said},
        targets=true,
        solo=(true == 1).sum(dim=1) == 1,
    )
    mixes = SimpleNamespace(sizes=torch.tensor(sizes or [0] * len(levels)), levels=said, targets=true)
    return cast(Subject, SimpleNamespace(name="known", spec=spec, clips=clips, mixes=mixes))


def test_f1_curves_are_the_f1_of_every_threshold() -> None:
    generator = torch.Generator().manual_seed(0)
    activations = torch.rand((40, 3), generator=generator)
    targets = torch.randint(-1, 2, (40, 3), generator=generator)
    grid = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    curves = f1_curves(activations, targets, grid)
    for row, threshold in enumerate(grid.tolist()):
        expected = [scores.f1 for scores in score(activations.double(), targets, LABELS, threshold).labels.values()]
        np.testing.assert_allclose(curves[row].numpy(), expected, rtol=1e-6)


def test_micro_and_macro_curves_agree_with_the_scores() -> None:
    one = subject([[0.9, 0.2, 0.1], [0.6, 0.8, 0.7], [0.1, 0.4, 0.2]], [[1, 0, 0], [0, 1, 0], [0, 1, UNKNOWN]])
    micro, macro = micro_macro(one, "s1", (0.3, 0.5))
    for index, threshold in enumerate((0.3, 0.5)):
        expected = score(one.clips.activations["s1"], one.clips.targets, LABELS, threshold)
        assert float(micro[index]) == pytest.approx(expected.micro_f1)
        assert float(macro[index]) == pytest.approx(expected.macro_f1)


def test_a_confusion_matrix_counts_the_strongest_label_of_solos() -> None:
    one = subject([[0.9, 0.2, 0.1], [0.6, 0.3, 0.7], [0.1, 0.4, 0.2]], [[1, 0, 0], [1, 0, 0], [1, 1, 0]])
    names, counts = confusion(one)
    assert names == ["flute"]
    assert counts.tolist() == [[1, 0, 1]]


def test_trends_are_accuracy_and_true_positive_rate_by_size() -> None:
    one = subject(
        [[0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.9, 0.1, 0.9], [0.1, 0.1, 0.9]],
        [[1, 0, 0], [1, 0, 0], [1, 1, UNKNOWN], [1, 1, UNKNOWN]],
        [1, 1, 2, 2],
    )
    sizes, accuracy, rate = figures_chen.trends(cast(Any, one.mixes), one.spec)
    assert sizes == [1, 2]
    np.testing.assert_array_equal(accuracy, [[0.5, 0.5, 1.0], [0.5, 0.0, np.nan]])
    np.testing.assert_array_equal(rate, [[0.5, np.nan, np.nan], [0.5, 0.0, np.nan]])


def test_a_fusion_says_yes_where_all_members_do() -> None:
    half = torch.full((2, 2), 0.5)
    mel = figures_lumen.Member("mel", torch.tensor([[0.9, 0.6], [0.9, 0.1]]), half)
    modgd = figures_lumen.Member("modgd", torch.tensor([[0.9, 0.4], [0.4, 0.9]]), half)
    targets = torch.tensor([[1, 0], [0, 0]])
    one = figures_lumen.approach([mel], targets, ("flute", "piano"))
    both = figures_lumen.approach([mel, modgd], targets, ("flute", "piano"))
    assert (one.name, both.name) == ("mel", "mel + modgd")
    assert one.accuracy == pytest.approx(0.5)
    assert both.accuracy == 1.0
    assert one.by_label == (0.5, 0.5)
    assert both.scores.micro_f1 == 1.0


def test_the_fusions_curve_is_not_that_of_the_member_alone() -> None:
    """Mel hears the flute in other clips too, which group delay does not: together, mel need not be strict."""
    mel = torch.tensor([[0.9], [0.6], [0.8], [0.7], [0.1]])
    modgd = torch.tensor([[0.9], [0.9], [0.1], [0.1], [0.1]])
    targets = torch.tensor([[1], [1], [0], [0], [UNKNOWN]])
    half = torch.full((5, 1), 0.5)
    members = [figures_lumen.Member("mel", mel, half + 0.35), figures_lumen.Member("modgd", modgd, half)]
    grid = torch.tensor([0.05, 0.65, 0.85], dtype=torch.float64)
    fused = figures_lumen.fusion_curves(members, targets, 0, grid)[:, 0]
    alone = f1_curves(mel, targets, grid)[:, 0]
    assert fused.tolist() == pytest.approx([1.0, 2 / 3, 2 / 3])
    assert int(fused.argmax()) == 0
    assert alone.tolist() == pytest.approx([2 / 3, 0.4, 2 / 3])
    # At the threshold in use, the curve is the fusion's own score.
    for moving, own in ((0, 0.85), (1, 0.5)):
        curve = figures_lumen.fusion_curves(members, targets, moving, torch.tensor([own]))
        expected = figures_lumen.approach(members, targets, ("flute",)).scores.labels["flute"].f1
        assert float(curve[0, 0]) == pytest.approx(expected)


def test_captions_name_figures_that_they_repeat() -> None:
    members = [
        figures_lumen.Member(name, torch.rand((4, 3), generator=torch.Generator().manual_seed(seed)), torch.rand(4, 3))
        for seed, name in enumerate(("mel", "modgd"))
    ]
    one = subject([[0.9, 0.2, 0.1]] * 4, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    assert "F1 of the fusion" in figures_lumen._figure_6(one, members).caption
    scores = score(one.clips.levels["s1"], one.clips.targets, LABELS, 0.5)
    cast(Any, one).scores = SimpleNamespace(aggregations={"s1": scores})
    assert "Fig. 6" not in figures_thresholds._grid((one,)).caption


def test_the_papers_rows_stand_below_ours() -> None:
    one = subject([[0.9, 0.2, 0.1]] * 4, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    cast(Any, one).spec = one.spec.model_copy(update={"architecture": "han"})
    cast(Any, one).network = None
    cast(Any, one).window_ms = 1000
    (table,) = figures_thresholds._table_iv((one,))
    assert [row[0] for row in table.rows][1:] == [
        f"Han et al. ({name}, 1 s)" for name in ("tanh", "ReLU", "PReLU", "LReLU 0.01", "LReLU 0.33")
    ]
    assert table.rows[2][1:] == ("0.640", "0.550", "0.591", "0.521", "0.508", "0.486")


def test_the_strongest_unit_is_the_one_furthest_from_zero() -> None:
    network, features = ladder()
    network.blocks[1] = nn.Tanh()
    with torch.no_grad():
        network.blocks[0].weight.mul_(1e-3)
        network.blocks[0].bias.copy_(torch.tensor([0.5, -2.0, 0.1, 0.2]))
    (unit,) = strongest_units(network, features[:1], ("blocks.1",), count=1)
    assert unit.index == 1
    assert unit.activation == pytest.approx(np.tanh(-2.0), abs=0.01)


def test_the_worst_mistakes_are_the_surest_of_both_sorts_and_of_different_clips() -> None:
    one = subject(
        [[0.9, 0.2, 0.95], [0.4, 0.8, 0.0], [0.9, 0.0, 0.0], [0.1, 0.7, 0.0]],
        [[1, 0, 0], [1, 1, 0], [1, 0, 0], [1, UNKNOWN, 0]],
    )
    found = figures_mistakes.worst(one, 5)
    assert [(wrong.clip, LABELS[wrong.label], wrong.lit) for wrong in found] == [
        (0, "drums", True),
        (3, "flute", False),
        (1, "flute", False),
    ]
    assert [round(wrong.confidence, 3) for wrong in found] == [0.9, 0.8, 0.2]
    assert [wrong.clip for wrong in figures_mistakes.worst(one, 2)] == [0, 3]
    assert figures_mistakes.worst(one, 0) == []


def test_two_of_three_play_at_any_moment() -> None:
    parts = {label: np.full(100, 0.2, np.float32) for label in ("flute", "piano", "drums", "clarinet")}
    stems = sequence.two_at_a_time(parts)
    assert stems is not None
    assert list(stems) == ["piano", "clarinet", "flute"]
    playing = np.stack([np.abs(stem) > 0 for stem in stems.values()])
    assert (playing.sum(axis=0) == 2).all()
    assert sequence.two_at_a_time({"flute": parts["flute"]}) is None


def test_the_loudest_part_is_found() -> None:
    audio = np.zeros(8000, np.float32)
    audio[5000:6000] = 0.5
    part, start_s = loudest_part(audio, 1000, 2.0)
    assert len(part) == 2000
    assert np.abs(part).sum() == pytest.approx(500)
    assert 4.0 <= start_s <= 5.0
    assert loudest_part(audio[:100], 1000, 2.0)[1] == 0.0


def test_sound_and_silence_become_players() -> None:
    for audio in (np.zeros(800, np.float32), np.sin(np.arange(8000) * 0.3).astype(np.float32)):
        assert player_uri(audio, 8000).startswith("data:audio/mpeg;base64,")


class Ladder(small_nets.SmallNet):
    """Two blocks of convolution, gate and pooling, a hidden layer and the output."""

    def __init__(self) -> None:
        super().__init__(3)
        self.blocks = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1)
        )
        self.gate = nn.AdaptiveAvgPool2d(1)
        self.second = nn.Sequential(nn.LeakyReLU(0.1, inplace=True), nn.MaxPool2d(2))
        self.hidden = nn.Sequential(nn.Linear(6, 5), nn.ReLU())
        self.output = nn.Linear(5, 3)

    def classify(self, features: Tensor) -> Tensor:
        maps = self.blocks(features.unsqueeze(1))
        maps = self.second(maps * torch.sigmoid(self.gate(maps)))
        logits: Tensor = self.output(self.hidden(maps.amax(dim=(2, 3))))
        return logits


def ladder() -> tuple[Ladder, Tensor]:
    torch.manual_seed(0)
    return Ladder().eval(), torch.randn(2, 31, 16)


def test_blocks_end_where_maps_shrink_and_gates_are_none() -> None:
    network, features = ladder()
    inside = look_inside(network, features[:1])
    assert inside.blocks == ("blocks.2", "second.1")
    assert inside.hidden == "output"
    found = stages(network, features, inside)
    assert {title: tuple(values.shape) for title, values in found.items()} == {
        "block 1": (2, 4),
        "block 2": (2, 6),
        "hidden layer": (2, 5),
        "output": (2, 3),
    }
    assert not any(module._forward_hooks for module in network.modules())


def test_the_first_of_parallel_networks_is_looked_into() -> None:
    torch.manual_seed(0)
    network = build("chen", labels=2, sample_rate=8000, window_length=8000, bins=32).eval()
    with torch.no_grad():
        inside = look_inside(network, network.features(torch.randn(1, 8000) * 0.1))
    assert inside.blocks
    assert all(name.startswith("members.0.") for name in inside.blocks)


def test_a_network_in_a_row_of_dense_layers_has_no_blocks() -> None:
    network, features = ladder()
    network.classify = lambda given: network.output(network.hidden(given[:, 0, :6]))  # type: ignore[method-assign]
    assert look_inside(network, features[:1]).blocks == ()


def test_images_are_where_the_units_look() -> None:
    """The unit with the highest maximum sees a block's width around it and nothing else."""
    network, features = ladder()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    units = strongest_units(network, features[:1], ("blocks.2",), count=2)
    assert [unit.block for unit in units] == [0, 0]
    assert abs(units[0].activation) >= abs(units[1].activation)
    for unit in units:
        seen = torch.nonzero(unit.image)
        assert 0 < len(seen) <= 9
        assert int(seen[:, 0].max() - seen[:, 0].min()) <= 2
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert isinstance(network.blocks[1], nn.ReLU)


def test_activation_functions_are_applied_to_what_comes_back() -> None:
    """With a leaky function after it, a unit's negative parts come back scaled by its slope."""
    network, features = ladder()
    with torch.no_grad():
        for parameter in network.blocks[0].parameters():
            parameter.zero_()
        network.blocks[0].weight[0, 0, 1, 1] = -1.0  # the unit is the input upside down
    (unit,) = strongest_units(network, features[:1], ("blocks.2",), count=1)
    place = torch.nonzero(unit.image)
    assert unit.index == 0
    assert len(place) == 1
    assert float(unit.image[tuple(place[0])]) == pytest.approx(-unit.activation)
    assert float(features[0].min()) == pytest.approx(-unit.activation)


def clip(*labels: str, seconds: float = 0.6) -> EvalClip:
    audio = 0.1 * np.random.default_rng(len(labels)).standard_normal(round(8000 * seconds)).astype(np.float32)
    return EvalClip(f"{'-'.join(labels)}.wav", audio, labels, (), (), "south", "", "music")


def study(network: Network | None, *clips: EvalClip) -> Study:
    """What these figures need of a study: one network, and clips."""
    spec = spec_for(ladder()[0], name="ladder", labels=LABELS, hop_length=2048)
    subject = SimpleNamespace(name="ladder", network=network, spec=spec)
    material = SimpleNamespace(clips=lambda spec: iter(clips))
    return cast(Study, SimpleNamespace(subjects=[subject], material=material))


def test_units_are_drawn_for_two_clips_of_several_instruments_if_there_are_such() -> None:
    network, _ = ladder()
    clips = (
        clip("piano"),
        clip(),
        clip("flute", "piano"),
        clip("flute", "piano"),
        clip("drums"),
        clip("flute", "drums"),
    )
    shown = study(network, *clips)
    chosen = figures_deconvolution.two_clips(shown, shown.subjects[0])
    assert [each.labels for each in chosen] == [("flute", "piano"), ("flute", "drums")]
    chosen = figures_deconvolution.two_clips(study(network, *clips[:4]), shown.subjects[0])
    assert [each.labels for each in chosen] == [("flute", "piano"), ("piano",)]
    (section,) = figures_deconvolution.sections(shown)
    (block,) = section.blocks
    assert isinstance(block, Picture)
    assert block.source.startswith("data:image/webp;base64,")
    assert "two strongest units of each block" in block.caption
    assert "ladder" in block.alt
    alone = figures_deconvolution.sections(study(network, clip("flute", seconds=0.2)))
    assert isinstance(alone[0].blocks[0], Picture), "one clip is enough, also if it is shorter than a window"


def test_what_cannot_be_sent_back_is_told() -> None:
    network, _ = ladder()
    (section,) = figures_deconvolution.sections(study(network, clip()))
    assert section.blocks == (Remark("ladder: no clip has one of its labels."),)
    network.classify = lambda given: network.output(network.hidden(given[:, 0, :6]))  # type: ignore[method-assign]
    (section,) = figures_deconvolution.sections(study(network, clip("flute")))
    assert section.blocks == (Remark("ladder: it has no maps in time and frequency to send back."),)
    assert figures_deconvolution.sections(study(None, clip("flute"))) == []


@pytest.mark.parametrize("model", bundled_models(), ids=lambda model: model.name)
def test_bundled_models_can_be_looked_into(model: ModelInfo) -> None:
    network = network_of(model.path)
    # The exporter writes the width of the machines' kernel into the graph, and the gates of an LSTM in ONNX's order.
    if model.spec.architecture in ("bosch", "vaznonis-lstm"):
        assert network is None
        return
    assert network is not None
    assert network.architecture == model.spec.architecture


def test_a_foreign_graph_cannot_be_restored(tiny_activation_path: Path) -> None:
    assert network_of(tiny_activation_path) is None


def test_few_or_equal_vectors_can_be_embedded() -> None:
    assert embed(np.ones((3, 5), np.float32)).shape == (3, 2)
    places = embed(np.ones((8, 5), np.float32))
    assert np.isfinite(places).all()


def test_parted_groups_stay_parted() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 0.1, (20, 4)), rng.normal(5, 0.1, (20, 4))]).astype(np.float32)
    places = embed(values)
    middles = places[:20].mean(axis=0), places[20:].mean(axis=0)
    spread = max(float(places[:20].std()), float(places[20:].std()))
    assert float(np.linalg.norm(middles[0] - middles[1])) > spread


def test_a_lone_row_is_not_stressed_and_ties_are_both() -> None:
    rows: list[list[Any]] = [[0.5, None], [0.5, 0.1]]
    assert highest(rows[:1]) == frozenset()
    assert highest(rows) == {(0, 1), (1, 1)}
