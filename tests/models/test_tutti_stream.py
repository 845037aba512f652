"""The activation network that keeps a state: a stream is heard alike however it is cut, and a start is kept."""

from __future__ import annotations

import pytest
import torch

from irec_models.nets import TuttiMobileNet, TuttiStreamNet
from irec_models.nets.mobile_trunk import BANDS, MobileTrunk, power_weights
from irec_models.nets.tutti_stream import STEP, shorten
from irec_models.training.start_weights import Start, take_over

LABELS = ("flute", "piano", "drums")


def fresh() -> TuttiStreamNet:
    torch.manual_seed(0)
    network = TuttiStreamNet(3)
    torch.nn.init.normal_(network.longer.weight, 0.0, 0.02)
    return network.eval()


def columns_of(network: TuttiStreamNet, seconds: float = 6.0) -> torch.Tensor:
    torch.manual_seed(1)
    count = round(seconds * network.sample_rate)
    return network.sequence_columns(torch.randn(2, count) * torch.linspace(0.01, 0.3, count))


@pytest.mark.parametrize("size", [STEP, 5 * STEP])
@pytest.mark.parametrize("zeros", [True, False])
@torch.no_grad()
def test_calls_of_any_size_say_the_same(size: int, zeros: bool) -> None:
    network = fresh()
    columns = columns_of(network)
    wanted, _ = network.advance(columns)
    state: tuple[torch.Tensor, ...] = ()
    if zeros:
        state = tuple(torch.zeros(2, *shape) for shape in network.state_shapes)
    found = []
    for part in columns.split(size, dim=1):
        logits, state = network.advance(part, state)
        found.append(logits)
    torch.testing.assert_close(torch.cat(found, dim=1), wanted, atol=1e-4, rtol=1e-4)
    assert wanted.shape == (2, columns.shape[1] // STEP, 3)


@torch.no_grad()
def test_a_window_is_a_stream_that_begins_with_it() -> None:
    network = fresh()
    window = 0.1 * torch.randn(2, network.window_length)
    columns = network.columns_of(network.frames_of(window))
    assert columns.shape[1] % STEP == 0
    torch.testing.assert_close(network.predict(window), torch.sigmoid(network.advance(columns)[0][:, -1]))


@torch.no_grad()
def test_what_comes_later_changes_no_answer_before_it() -> None:
    network = fresh()
    columns = columns_of(network)
    before, _ = network.advance(columns[:, : 10 * STEP])
    torch.testing.assert_close(network.advance(columns)[0][:, :10], before, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_shortened_filters_say_of_what_does_not_change_what_they_said_before() -> None:
    torch.manual_seed(3)
    trunk, short = MobileTrunk(folded=True), MobileTrunk(folded=True)
    short.load_state_dict(trunk.state_dict())
    shorten(short)
    assert shorten(short) is short
    taps = [block.filter.conv.kernel_size for block in short.each_block()]
    assert taps[:12] == [block.filter.conv.kernel_size for block in trunk.each_block()][:12]
    assert taps[12:] == [(5, 3)] * 3
    still = torch.randn(1, 480, 8, 1).expand(-1, -1, -1, 9)
    for number in (13, 14):
        before, after = (list(each.each_block())[number].filter.conv for each in (trunk, short))
        given = still[:, : before.in_channels]
        torch.testing.assert_close(after(given)[..., 3], before(given)[..., 4], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_level_told_from_a_column_is_that_of_its_samples() -> None:
    network = fresh()
    time = torch.arange(32_000) / 32_000
    for hertz in (220.0, 1000.0, 5000.0):
        tone = 0.1 * torch.sin(2 * torch.pi * hertz * time)[None]
        power = (network.sequence_columns(tone) @ power_weights())[0, 5:-5]
        torch.testing.assert_close(power, torch.full_like(power, 0.005), rtol=0.25, atol=0.0)
    noise = 0.1 * torch.randn(1, 64_000)
    assert float((network.sequence_columns(noise) @ power_weights()).mean()) == pytest.approx(0.01, rel=0.1)


@torch.no_grad()
def test_loudness_changes_no_answer() -> None:
    network = fresh()
    columns = columns_of(network)
    said, softly = network.advance(columns)[0], network.advance(columns / 100)[0]
    torch.testing.assert_close(softly[:, 6:], said[:, 6:], atol=0.02, rtol=0.02)


@torch.no_grad()
def test_it_takes_over_a_window_networks_layers_and_folds_what_lies_between_them() -> None:
    torch.manual_seed(2)
    given = TuttiMobileNet(3).eval()
    given.fit_readings([0.1 * torch.randn(4, given.window_length)])
    network = TuttiStreamNet(3).eval()
    assert take_over(network, LABELS, Start("given", LABELS, given), ()) > 60
    torch.testing.assert_close(network.read.weight, given.folded().read.weight)
    theirs, mine = (list(trunk.trunk.each_block())[13].filter.conv.weight for trunk in (given.folded(), network))
    torch.testing.assert_close(mine[..., :2], theirs[..., :2])
    torch.testing.assert_close(mine[..., 2], theirs[..., 2:].sum(dim=3))
    window = 0.1 * torch.randn(4, network.window_length)
    before = network.predict(window)
    network.fit_readings([0.2 * torch.randn(4, 3 * network.window_length)])
    torch.testing.assert_close(network.predict(window), before, atol=1e-4, rtol=1e-3)
    torch.nn.init.normal_(network.longer.weight, 0.0, 0.02)
    torch.testing.assert_close(network.folded().predict(window), network.predict(window), atol=1e-4, rtol=1e-3)
    assert not any(name.startswith("tags") for name, _ in network.folded().named_parameters())


def test_without_labels_there_is_no_network() -> None:
    with pytest.raises(ValueError, match="labels must be at least 1"):
        TuttiStreamNet(0)
    assert TuttiStreamNet(2).state_shapes[0] == (1, 1, 1)
    assert TuttiStreamNet(2).bands == BANDS
