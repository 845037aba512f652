"""Noise, leakage and confusion matrices of predictors whose answers are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from stress_predictors import LABELS, RATE, Formula, clip, envelope_predictor

from irec_live.errors import DataError
from irec_models.data import EvalMix
from irec_models.measuring.stress.matrices import confusion_matrix, envelope_matrices
from irec_models.measuring.stress.tables import matrix_table

LEVEL = 0.25


def test_a_perfect_envelope_neither_makes_noise_nor_leaks() -> None:
    noise, leakage = envelope_matrices(envelope_predictor(1.0, 0.0, 0.0), [clip("a", "flute", LEVEL)])
    # Frames at the clip's ends reach into the silence beyond, which the predictor does not know.
    assert noise.values_db[0, 0] < -25
    assert noise.values_db[0, 1:].tolist() == [-60.0, -60.0]
    assert leakage.values_db[0, 1:].tolist() == [-60.0, -60.0]
    assert np.isnan(leakage.values_db[0, 0])
    assert np.isnan(noise.values_db[1:]).all()


def test_noise_is_the_mean_deviation_and_leakage_the_level_below_who_plays() -> None:
    predictor = envelope_predictor(1.0, 0.1, 2.0)
    noise, leakage = envelope_matrices(predictor, [clip("a", "flute", LEVEL, seconds=4.0)])
    assert noise.values_db[0, 1] == pytest.approx(20 * np.log10(0.1 * LEVEL), abs=0.3)
    assert noise.values_db[0, 2] == pytest.approx(20 * np.log10(2 * LEVEL), abs=0.3)
    assert leakage.values_db[0, 1] == pytest.approx(-20.0, abs=0.1)
    assert leakage.values_db[0, 2] == pytest.approx(0.0, abs=0.1)  # louder than who plays is still all of it


def test_leakage_does_not_depend_on_loudness_but_noise_does() -> None:
    predictor = envelope_predictor(1.0, 0.1, 0.0)
    loud, soft = ([clip("a", "flute", level)] for level in (0.5, 0.05))
    (loud_noise, loud_leakage), (soft_noise, soft_leakage) = (envelope_matrices(predictor, one) for one in (loud, soft))
    assert loud_leakage.values_db[0, 1] == pytest.approx(soft_leakage.values_db[0, 1])
    assert loud_noise.values_db[0, 1] == pytest.approx(soft_noise.values_db[0, 1] + 20, abs=0.1)


def test_only_solos_count_and_only_their_first_five_seconds() -> None:
    predictor = envelope_predictor(1.0, 0.1, 0.0)
    first = clip("a", "flute", LEVEL, seconds=5.0)
    later = clip("b", "flute", LEVEL, seconds=9.0)
    duo = clip("c", "flute", LEVEL, labels=("flute", "piano"))
    heard = [envelope_matrices(predictor, sounds)[0].frames for sounds in ([first], [later], [first, duo])]
    assert heard[1:] == [heard[0], heard[0]]
    with pytest.raises(DataError, match="no sound"):
        envelope_matrices(predictor, [duo])


def mix(labels: tuple[str, ...], unclear: tuple[str, ...] = (), frame_hop: int = 128) -> EvalMix:
    frames = 2 * RATE // frame_hop + 1
    envelope = np.zeros((3, frames), np.float32)
    for label in labels:
        envelope[LABELS.index(label)] = LEVEL
    return EvalMix(np.full(2 * RATE, LEVEL, np.float32), len(labels), labels, unclear, envelope, frame_hop, RATE)


def test_a_mixture_stands_in_the_row_of_each_of_its_labels_and_leaks_into_those_that_surely_rest() -> None:
    predictor = envelope_predictor(1.0, 1.0, 0.1)
    noise, leakage = envelope_matrices(predictor, [mix(("flute", "piano"))])
    assert noise.values_db[0].tolist() == noise.values_db[1].tolist()
    assert np.isnan(noise.values_db[2]).all()
    assert np.isnan(leakage.values_db[:, :2]).all()
    np.testing.assert_allclose(leakage.values_db[:2, 2], -20.0, atol=0.1)
    _, uncertain = envelope_matrices(predictor, [mix(("flute", "piano"), ("drums",))])
    assert np.isnan(uncertain.values_db).all()
    with pytest.raises(ValueError, match="frames 64 apart"):
        envelope_matrices(predictor, [mix(("flute",), frame_hop=64)])


def test_moments_at_which_the_player_rests_do_not_count_as_leakage() -> None:
    sound = clip("a", "flute", LEVEL, seconds=4.0)
    sound.audio[RATE * 2 :] = 0.0
    _, leakage = envelope_matrices(envelope_predictor(1.0, 0.1, 0.0), [sound])
    assert leakage.frames[0] == pytest.approx(2 * RATE / 128, abs=2)
    assert leakage.values_db[0, 1] == pytest.approx(-20.0, abs=0.5)


def test_confusion_is_the_mean_activation_of_sounding_windows_of_solos() -> None:
    predictor = Formula(lambda windows: np.tile([0.75, 0.25, 0.0], (len(windows), 1)))
    sound = clip("a", "piano", LEVEL, seconds=4.0)
    sound.audio[RATE * 2 :] = 0.0
    matrix = confusion_matrix(predictor, [sound, clip("b", "flute", LEVEL, labels=("flute", "piano"))])
    assert matrix.values[1].tolist() == [0.75, 0.25, 0.0]
    assert np.isnan(matrix.values[[0, 2]]).all()
    assert matrix.mean == pytest.approx(0.375)
    with pytest.raises(DataError, match="plays alone"):
        confusion_matrix(predictor, [clip("b", "oboe", LEVEL, labels=())])


def test_kinds_are_not_confused() -> None:
    with pytest.raises(ValueError, match="gives activations"):
        envelope_matrices(Formula(lambda windows: np.zeros((len(windows), 3))), [])
    with pytest.raises(ValueError, match="gives envelopes"):
        confusion_matrix(envelope_predictor(1.0, 1.0, 1.0), [])


def test_matrices_become_json_and_text() -> None:
    noise, leakage = envelope_matrices(envelope_predictor(1.0, 0.1, 0.0), [clip("a", "flute", LEVEL)])
    content: dict[str, Any] = json.loads(json.dumps(leakage.to_dict(), allow_nan=False))
    assert content["values_db"][0][0] is None
    assert content["values_db"][0][2] == -60.0
    assert content["mean_db"] == pytest.approx((-20 - 60) / 2, abs=0.1)
    console = Console(width=120)
    with console.capture() as shown:
        console.print(matrix_table(noise, "oracle"), matrix_table(leakage, "oracle"))
    text = " ".join(shown.get().split())
    assert "noise matrix" in text
    assert "leakage matrix" in text
    assert "-60" in text
