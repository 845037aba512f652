"""The summary that `analyze` prints in a terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from irec_live.cli.summary import summary
from irec_live.report import Analysis, ModelUse, summarise
from irec_live.results import Event


def found(*events: Event, warnings: tuple[str, ...] = ()) -> Analysis:
    labels = ("flute", "double bass [arco]")
    activation = np.full((95, 2), 0.5, np.float32)
    return Analysis(
        file="duo [live].wav",
        duration_s=100.0,
        models=(ModelUse("toy", "0" * 64, 8000, 1.0, 0.1),),
        labels=labels,
        activation=activation,
        activation_start_s=0.5,
        activation_hop_s=0.1,
        envelope=np.full((90, 2), 0.1, np.float32),
        envelope_start_s=0.0,
        envelope_frame_s=0.1,
        events=events,
        clip=summarise(labels, activation),
        detected=tuple(dict.fromkeys(event.label for event in events if (event.offset_s or 100) - event.onset_s > 2)),
        warnings=warnings,
    )


def test_a_row_tells_instrument_share_of_time_and_spans() -> None:
    text = summary(found(Event("flute", 10.0, 30.0, 0.9), Event("flute", 90.0, None, 0.8)), width=100)
    row = next(line for line in text.splitlines() if line.startswith("Flute"))
    assert "30%" in row
    assert "0:10–0:30, 1:30–1:40" in row


def test_brackets_in_names_are_no_markup() -> None:
    text = summary(found(Event("double bass [arco]", 10.0, 30.0, 0.9)), width=100)
    assert "duo [live].wav" in text
    assert "Double bass [arco]" in text


def test_what_was_heard_for_a_moment_is_named_apart() -> None:
    events = (Event("flute", 10.0, 30.0, 0.9), Event("double bass [arco]", 65.0, 65.4, 0.6))
    assert "For a moment only: double bass [arco] (1:05)" in summary(found(*events), width=100)


def test_no_event_and_every_warning_is_told() -> None:
    text = summary(found(warnings=("the end is missing",)), width=100)
    assert "No instrument was recognised." in text
    assert "Note: the end is missing" in text


def test_without_activations_the_levels_are_told() -> None:
    loud = replace(found(), activation=np.zeros((0, 2), np.float32))
    assert "-20.0 dB" in summary(loud, width=100)


def test_no_line_is_wider_than_the_terminal() -> None:
    events = [Event("flute", 4.0 * turn, 4.0 * turn + 2.5, 0.9) for turn in range(24)]
    text = summary(found(*events), width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert "and 12 more" in " ".join(text.split())
