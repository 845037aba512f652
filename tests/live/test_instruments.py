"""The table of instruments, held against the networks that come with the app and against what colours look like."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from color_vision import SIGHT, ciede2000, lab

from irec_live.gui.instrument_colors import contrast, instrument_rgb
from irec_live.instruments import INSTRUMENTS, LABEL_OF_PROGRAM, MAIN_LABELS, Ground
from irec_live.models.catalog import bundled_models

SHIPPED = tuple(dict.fromkeys(label for model in bundled_models() for label in model.spec.labels))
"""Of all bundled networks, as their files name them."""

LANES: dict[Ground, tuple[tuple[int, int, int], ...]] = {
    "on_dark": ((15, 19, 24), (21, 26, 33)),
    "on_light": ((244, 246, 248), (255, 255, 255)),
}
"""Ground and surface of the themes, which lie behind lanes and strips."""


def distance(one: str, other: str, ground: Ground, sight: str) -> float:
    return ciede2000(*(lab(instrument_rgb(label, ground), sight) for label in (one, other)))


def test_every_label_of_a_shipped_network_is_in_the_table_with_colours_of_its_own() -> None:
    assert set(MAIN_LABELS) < set(SHIPPED)
    for label in SHIPPED:
        known = INSTRUMENTS[label]
        assert re.fullmatch("#[0-9a-f]{6}", known.on_dark), label
        assert re.fullmatch("#[0-9a-f]{6}", known.on_light), label


def test_the_main_labels_are_those_that_every_shipped_network_knows() -> None:
    assert set(MAIN_LABELS) == set.intersection(*(set(model.spec.labels) for model in bundled_models()))
    for model in bundled_models():
        assert model.spec.labels[: len(MAIN_LABELS)] == MAIN_LABELS


@pytest.mark.parametrize("ground", LANES)
@pytest.mark.parametrize("label", SHIPPED)
def test_colours_stand_out_from_what_lies_behind_a_lane(label: str, ground: Ground) -> None:
    for behind in LANES[ground]:
        assert contrast(instrument_rgb(label, ground), behind) >= 3.0


@pytest.mark.parametrize("ground", LANES)
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_can_be_told_apart(ground: Ground, sight: str) -> None:
    """By CIEDE2000, under which 1 can just be seen; 13 main labels further apart than the rest."""
    for labels, least in ((MAIN_LABELS, 11.5), (SHIPPED, 8.5)):
        nearest = min((distance(*pair, ground, sight), pair) for pair in itertools.combinations(labels, 2))
        assert nearest[0] >= least, nearest


@pytest.mark.parametrize("label", SHIPPED)
def test_an_instrument_keeps_its_hue_from_one_theme_to_another(label: str) -> None:
    hues, chromas = [], []
    for ground in LANES:
        _, a, b = lab(instrument_rgb(label, ground))
        hues.append(np.degrees(np.arctan2(b, a)))
        chromas.append(np.hypot(a, b))
    assert min(chromas) < 10 or abs((hues[0] - hues[1] + 180) % 360 - 180) < 35, hues


def test_a_programs_label_is_certain() -> None:
    programs = [program for instrument in INSTRUMENTS.values() for program in instrument.programs]
    assert len(set(programs)) == len(programs) == len(LABEL_OF_PROGRAM)
    assert all(0 <= program <= 127 for program in programs)


def test_no_instrument_stands_twice_in_the_table() -> None:
    colors = [color for known in INSTRUMENTS.values() for color in (known.on_dark, known.on_light) if color]
    assert len(set(colors)) == len(colors)
    assert all(label == label.lower() == known.label for label, known in INSTRUMENTS.items())
