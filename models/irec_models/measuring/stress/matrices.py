"""Confusion between instruments: noise and leakage matrices of envelopes, mean activations.

In every matrix here the row is what plays and the column whose output is looked at. The thesis draws its noise
matrices so too, its leakage matrices transposed.

Shapes: K labels, T samples, M envelope frames, R windows.

References
----------
L. Häusler, L. I. Maier, "Neuroment", 2022, section 5.4.1 with figures 15 and 16 (noise), section 5.4.2 with figures
17 and 18 (leakage).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_models.data import EvalClip, EvalMix
from irec_models.data.mixing.targets import frame_energy
from irec_models.measuring.predictors import Array, Predictor, predict_recording, stitch

RANGE_DB = 60.0
"""Dynamic range of envelopes: what is further below full scale is silence (Häusler and Maier, section 5.3)."""

_FLOOR = 10.0 ** (-RANGE_DB / 20)
_SEGMENT_S = 5.0  # each instrument plays for 5 seconds (section 5.3)

Square = npt.NDArray[np.float64]
Sound = EvalClip | EvalMix


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A measure in dB for each pair of labels.

    Attributes
    ----------
    kind : {"noise", "leakage"}
    labels : tuple of K str
    values_db : (K, K) float64
        -60..0. Row: what plays; column: whose output. NaN where nothing was to be measured: rows of labels that
        play nowhere, the diagonal of a leakage matrix.
    frames : tuple of K int
        Envelope frames behind each row.
    """

    kind: Literal["noise", "leakage"]
    labels: tuple[str, ...]
    values_db: Square
    frames: tuple[int, ...]

    @property
    def mean_db(self) -> float:
        """Mean of all that was measured outside the diagonal; NaN if nothing was."""
        return _mean(_off_diagonal(self.values_db))

    def to_dict(self) -> dict[str, Any]:
        """JSON values; None where nothing was measured."""
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "rows": "what plays",
            "values_db": _plain(self.values_db),
            "frames": list(self.frames),
            "mean_db": None if np.isnan(self.mean_db) else round(self.mean_db, 2),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Mean activation of each label while each label plays alone.

    Attributes
    ----------
    labels : tuple of K str
    values : (K, K) float64
        0..1. Row: what plays; column: whose activation. NaN in rows of labels without a solo.
    windows : tuple of K int
        Sounding windows behind each row.
    """

    labels: tuple[str, ...]
    values: Square
    windows: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Mean of all that was measured outside the diagonal; NaN if nothing was."""
        return _mean(_off_diagonal(self.values))

    def to_dict(self) -> dict[str, Any]:
        """JSON values; None where nothing was measured."""
        return {
            "kind": "confusion",
            "labels": list(self.labels),
            "rows": "what plays",
            "values": _plain(self.values),
            "windows": list(self.windows),
            "mean": None if np.isnan(self.mean) else round(self.mean, 4),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Envelopes:
    """Envelopes of one sound, predicted and true (K, M), and the labels that play and those that surely do not."""

    predicted: Square
    true: Square
    playing: tuple[int, ...]
    absent: tuple[int, ...]


def envelope_matrices(predictor: Predictor, sounds: Iterable[Sound]) -> tuple[Matrix, Matrix]:
    """Noise matrix, how far each instrument's envelope is off while each plays, and leakage matrix, in one pass.

    Noise is the mean absolute deviation of the predicted from the true envelope (which is zero for who does not play)
    as a level, cut at -60 dB: section 5.4.1 of Häusler and Maier. The diagonal is how well the playing instrument's own
    envelope is followed. Soft sounds deviate less than loud ones.

    Leakage is how much of each playing instrument shows up in the envelopes of the others. At each moment at which the
    playing instrument's true envelope is above -60 dB: the level of that envelope over the one predicted for the other
    instrument, limited to 0..60 dB, is taken off the dynamic range of 60 dB. The mean is given on the scale of the
    figures, which ends at 0: there all of the instrument shows up in the other, at -60 dB nothing. Section 5.4.2; there
    is no diagonal. In a mixture only instruments that do not play count as others.

    Parameters
    ----------
    predictor : Predictor
        Of an envelope model.
    sounds : iterable of EvalClip or EvalMix
        At the model's sample rate. Of clips only solos count, and their first 5 s; a mixture stands in the row of
        each label that plays in it.

    Raises
    ------
    DataError
        No sound has a label of the model.
    ValueError
        It is an activation model, or a mixture's envelope frames are not the model's.
    """
    spec = predictor.spec
    if spec.kind != "envelope":
        raise ValueError(f"{spec.name} gives activations; noise and leakage matrices need envelopes")
    count = len(spec.labels)
    noise, leakage = _Means(count), _Means(count)
    for sound in sounds:
        envelopes = _predict_envelopes(predictor, sound)
        if envelopes is not None:
            _deviate(noise, envelopes)
            _leak(leakage, envelopes)
    if not noise.rows.any():
        raise DataError("there is no sound in which one of the model's labels plays")
    levels = np.clip(20.0 * np.log10(np.maximum(noise.values(), 1e-9)), -RANGE_DB, 0.0)
    return (
        Matrix("noise", spec.labels, levels, tuple(noise.rows.tolist())),
        Matrix("leakage", spec.labels, leakage.values(), tuple(leakage.rows.tolist())),
    )


def confusion_matrix(predictor: Predictor, clips: Iterable[EvalClip], *, hop_s: float | None = None) -> Confusion:
    """Mean activation of every label while every label plays alone; the counterpart for activation models.

    Parameters
    ----------
    predictor : Predictor
        Of an activation model.
    clips : iterable of EvalClip
        At the model's sample rate; only solos count.
    hop_s : float, optional
        Seconds between windows; half a window by default.

    Raises
    ------
    DataError
        No clip is a solo of one of the model's labels.
    ValueError
        It is an envelope model.
    """
    spec = predictor.spec
    if spec.kind != "activation":
        raise ValueError(f"{spec.name} gives envelopes, not activations")
    hop = spec.window_length // 2 if hop_s is None else max(1, round(hop_s * spec.sample_rate))
    means = _Means(len(spec.labels))
    for clip in clips:
        if clip.solo and clip.labels[0] in spec.labels:
            rows = predict_recording(predictor, clip.audio, hop)
            rows = rows[rows.max(axis=1) > 0]  # silent windows say nothing
            means.add(spec.labels.index(clip.labels[0]), rows.sum(axis=0, dtype=np.float64), len(rows))
    if not means.rows.any():
        raise DataError("there is no clip in which one of the model's labels plays alone")
    return Confusion(spec.labels, means.values(), tuple(means.rows.tolist()))


class _Means:
    """Sums for each pair of labels, and how many frames or windows each is of."""

    def __init__(self, labels: int) -> None:
        self._sums = np.zeros((labels, labels))
        self._counts = np.zeros((labels, labels), np.int64)
        self.rows = np.zeros(labels, np.int64)

    def add(self, playing: int, sums: Square, count: int, columns: Sequence[int] | None = None) -> None:
        chosen = slice(None) if columns is None else list(columns)
        self._sums[playing, chosen] += sums
        self._counts[playing, chosen] += count
        self.rows[playing] += count

    def values(self) -> Square:
        """(K, K), NaN where nothing was added."""
        filled = self._counts > 0
        means: Square = np.where(filled, self._sums / np.maximum(self._counts, 1), np.nan)
        return means


def _deviate(noise: _Means, envelopes: _Envelopes) -> None:
    sums = np.abs(envelopes.predicted - envelopes.true).sum(axis=1)
    for label in envelopes.playing:
        noise.add(label, sums, envelopes.true.shape[1])


def _leak(leakage: _Means, envelopes: _Envelopes) -> None:
    level = 20.0 * np.log10(np.maximum(envelopes.predicted[list(envelopes.absent)], 1e-9))  # (others, M)
    for label in envelopes.playing:
        sounding = envelopes.true[label] > _FLOOR
        reference = 20.0 * np.log10(envelopes.true[label, sounding])
        below = np.clip(reference - level[:, sounding], 0.0, RANGE_DB)
        leakage.add(label, -below.sum(axis=1), int(sounding.sum()), envelopes.absent)


def _predict_envelopes(predictor: Predictor, sound: Sound) -> _Envelopes | None:
    """Predict a sound; None if none of the model's labels plays, or a clip is no solo."""
    spec = predictor.spec
    playing = tuple(k for k, label in enumerate(spec.labels) if label in sound.labels)
    if not playing or (isinstance(sound, EvalClip) and not sound.solo):
        return None
    if isinstance(sound, EvalMix) and sound.frame_hop != spec.frame_hop:
        raise ValueError(f"the mixture's envelope has frames {sound.frame_hop} apart, {spec.name}'s {spec.frame_hop}")
    audio = sound.audio[: round(_SEGMENT_S * spec.sample_rate)]
    predicted = stitch(predict_recording(predictor, audio, spec.hop_length), spec.hop_length // spec.frame_hop)
    true = (
        sound.envelope if isinstance(sound, EvalMix) else _solo_envelope(audio, playing[0], len(spec.labels), predictor)
    )
    frames = min(predicted.shape[1], true.shape[1], len(audio) // spec.frame_hop + 1)
    absent = (k for k, label in enumerate(spec.labels) if k not in playing and label not in sound.unclear)
    return _Envelopes(
        predicted=predicted[:, :frames].astype(np.float64),
        true=true[:, :frames].astype(np.float64),
        playing=playing,
        absent=tuple(absent),
    )


def _solo_envelope(audio: Array, label: int, labels: int, predictor: Predictor) -> Array:
    """True envelope of a solo, (K, M): its RMS in frames of two hops for who plays, zero for the others."""
    hop = predictor.spec.frame_hop
    energy = frame_energy(audio[np.newaxis], 2 * hop, hop)[0]
    true = np.zeros((labels, len(energy)), np.float32)
    true[label] = np.sqrt(energy)
    return true


def _off_diagonal(values: Square) -> Square:
    return values[~np.eye(len(values), dtype=bool)]


def _mean(values: Square) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _plain(values: Square) -> list[list[float | None]]:
    return [list(_row(row)) for row in values.tolist()]


def _row(row: Sequence[float]) -> Iterator[float | None]:
    return (None if value != value else round(value, 4) for value in row)
