"""Analysis: all that was found in one file, as arrays, and as the JSON that scripts read.

The JSON's layout is fixed under the name ``irec.analysis/1``; a change that breaks readers gets a new name. Keys may be
added: those from ``thresholds`` on are absent from files of version 0.1. `irec_live.formats.json` has the layout as a
JSON Schema.

Shapes: K labels, R activation rows, M envelope rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_live.models.spec import Threshold
from irec_live.results import Event

Array = npt.NDArray[np.float32]

SCHEMA = "irec.analysis/1"

_DECIMALS = 5
"""Of activations, envelopes and times of events. Steps of the time grid are given in full: their errors add up."""

_ROWS_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class ModelUse:
    """Which network took part, and how.

    Attributes
    ----------
    name, sha256 : str
    sample_rate : int
        Hz.
    window_s, hop_s : float
    """

    name: str
    sha256: str
    sample_rate: int
    window_s: float
    hop_s: float


@dataclass(frozen=True, slots=True)
class ClipSummary:
    """Each label's activation over the whole file in one number.

    Attributes
    ----------
    mean, max : dict of str to float
        Over all rows.
    s2 : dict of str to float
        Sum over all rows, divided by the largest such sum among the labels: 0..1, and 1 for the strongest.

    References
    ----------
    Y. Han, J. Kim, K. Lee, "Deep convolutional neural networks for predominant instrument recognition in polyphonic
    music", IEEE/ACM TASLP 25(1), 2017, sec. III-D: class-wise sum, normalised by its maximum (strategy S2).
    """

    mean: dict[str, float]
    max: dict[str, float]
    s2: dict[str, float]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything found in one file.

    Attributes
    ----------
    file : str
        Its name; from ``irec-live analyze``, its path as it was given where several files have that name.
    duration_s : float
        Of what could be decoded.
    models : tuple of ModelUse
    labels : tuple of str
        The K labels.
    activation : (R, K) float32
        0..1, a row per window.
    activation_start_s, activation_hop_s : float
        Centre of the first window, and seconds from one to the next; 0 without an activation model.
    envelope : (M, K) float32
        RMS of each instrument, 0..1.
    envelope_start_s, envelope_frame_s : float
        Centre of the first frame, and seconds from one to the next; 0 without an envelope model.
    events : tuple of Event
        By onset; those that the first or last window holds begin at 0 or end with the file.
    clip : ClipSummary
    detected : tuple of str
        Labels that are lit for a tenth as long as the one lit longest, or for five seconds, the strongest (by
        `ClipSummary.s2`) first. `events` has shorter ones too.
    warning : str
        On what is missing: damage in the file, an end that could not be reached; else empty. Not part of the JSON,
        which has `warnings`.
    not_predicted : dict of str to frozenset of str
        By kind of model, labels that the one used does not know: their column is 0 there because nobody looked.
    thresholds : dict of str to Threshold
        By label that the model of activations knows, where it lit and where it went out: pooled activations, 0..1, with
        the offset. Empty without such a model.
    threshold_offset : float
        What the user had added to all thresholds.
    warnings : tuple of str
        Whatever a reader should know before relying on it, a sentence each; `warning` is the first, if there is one.
    """

    file: str
    duration_s: float
    models: tuple[ModelUse, ...]
    labels: tuple[str, ...]
    activation: Array
    activation_start_s: float
    activation_hop_s: float
    envelope: Array
    envelope_start_s: float
    envelope_frame_s: float
    events: tuple[Event, ...]
    clip: ClipSummary
    detected: tuple[str, ...]
    warning: str = field(default="")
    not_predicted: dict[str, frozenset[str]] = field(default_factory=dict)
    thresholds: dict[str, Threshold] = field(default_factory=dict)
    threshold_offset: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def activation_times(self) -> npt.NDArray[np.float64]:
        """Window centres in seconds, (R,); what lies behind the end of the file, padded, counts as the end."""
        grid = _grid(self.activation_start_s, self.activation_hop_s, len(self.activation))
        return np.minimum(grid, self.duration_s)

    @property
    def envelope_times(self) -> npt.NDArray[np.float64]:
        """Frame centres in seconds, (M,)."""
        return _grid(self.envelope_start_s, self.envelope_frame_s, len(self.envelope))

    def to_dict(self) -> dict[str, Any]:
        """The schema ``irec.analysis/1``, of plain Python values."""
        data = self._outline()
        for name, rows in self._curves().items():
            data[name]["values"] = _plain(rows)
        return data

    def _curves(self) -> dict[str, Array]:
        return {"activation": self.activation, "envelope": self.envelope}

    def _outline(self) -> dict[str, Any]:
        """`to_dict` without the values of the curves."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "duration_s": self.duration_s,
            "models": [asdict(model) for model in self.models],
            "labels": list(self.labels),
            "activation": {
                "start_s": self.activation_start_s,
                "hop_s": self.activation_hop_s,
            },
            "envelope": {
                "start_s": self.envelope_start_s,
                "frame_s": self.envelope_frame_s,
            },
            "events": [
                {
                    "label": event.label,
                    "onset_s": round(event.onset_s, _DECIMALS),
                    "offset_s": None if event.offset_s is None else round(event.offset_s, _DECIMALS),
                    "activation": round(event.activation, _DECIMALS),
                    **({"corrected": True} if event.corrected else {}),
                }
                for event in self.events
            ],
            "clip": {
                name: {label: round(value, _DECIMALS) for label, value in values.items()}
                for name, values in asdict(self.clip).items()
            },
            "detected": list(self.detected),
            "thresholds": {label: {"on": value.on, "off": value.off} for label, value in self.thresholds.items()},
            "threshold_offset": round(self.threshold_offset, _DECIMALS),
            "not_predicted": {
                kind: [label for label in self.labels if label in labels] for kind, labels in self.not_predicted.items()
            },
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON; never with NaN or infinity, which JSON does not have."""
        return "".join(self.json_parts())

    def json_parts(self) -> Iterator[str]:
        """`to_json`, a piece at a time: that of ten hours has hundreds of megabytes."""
        curves = self._curves()
        before = "{"
        for name, value in self._outline().items():
            yield f"{before}{_dumps(name)}:"
            before = ","
            if name in curves:
                yield f'{_dumps(value)[:-1]},"values":['
                yield from _rows_json(curves[name])
                yield "]}"
            else:
                yield _dumps(value)
        yield "}"

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Analysis:
        """Back from `to_dict`, to its precision.

        Raises
        ------
        DataError
            It is not of this schema.
        """
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise DataError(f"expected an analysis of schema {SCHEMA}, not {schema!r}")
        try:
            labels = tuple(data["labels"])
            return cls(
                file=data["file"],
                duration_s=float(data["duration_s"]),
                models=tuple(ModelUse(**model) for model in data["models"]),
                labels=labels,
                activation=_rows(data["activation"]["values"], len(labels)),
                activation_start_s=float(data["activation"]["start_s"]),
                activation_hop_s=float(data["activation"]["hop_s"]),
                envelope=_rows(data["envelope"]["values"], len(labels)),
                envelope_start_s=float(data["envelope"]["start_s"]),
                envelope_frame_s=float(data["envelope"]["frame_s"]),
                events=tuple(Event(**event) for event in data["events"]),
                clip=ClipSummary(**data["clip"]),
                detected=tuple(data["detected"]),
                not_predicted={kind: frozenset(unknown) for kind, unknown in data.get("not_predicted", {}).items()},
                thresholds={label: Threshold(**value) for label, value in data.get("thresholds", {}).items()},
                threshold_offset=float(data.get("threshold_offset", 0.0)),
                warnings=tuple(data.get("warnings", ())),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"the analysis is incomplete or damaged: {type(error).__name__} {error}") from error

    @classmethod
    def from_json(cls, text: str) -> Analysis:
        """Back from `to_json`; see `from_dict`.

        Raises
        ------
        DataError
            It is not JSON, or not of this schema.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"the analysis is not JSON: {error}") from error
        return cls.from_dict(data)


def summarise(labels: Sequence[str], activation: Array) -> ClipSummary:
    """Each label's activation in one number, three ways; all 0 without rows.

    Parameters
    ----------
    labels : sequence of str
        K.
    activation : (R, K) float32

    Examples
    --------
    >>> summarise(["flute", "piano"], np.float32([[0.5, 0.25], [1.0, 0.5]])).s2
    {'flute': 1.0, 'piano': 0.5}
    """
    rows = activation if len(activation) else np.zeros((1, len(labels)), np.float32)
    sums = rows.sum(axis=0, dtype=np.float64)
    largest = sums.max(initial=0.0)
    return ClipSummary(
        mean=dict(zip(labels, (sums / len(rows)).tolist(), strict=True)),
        max=dict(zip(labels, rows.max(axis=0).astype(np.float64).tolist(), strict=True)),
        s2=dict(zip(labels, (sums / largest if largest > 0.0 else sums).tolist(), strict=True)),
    )


def _grid(start_s: float, step_s: float, count: int) -> npt.NDArray[np.float64]:
    times: npt.NDArray[np.float64] = start_s + step_s * np.arange(count, dtype=np.float64)
    return times


def _plain(rows: Array) -> list[list[float]]:
    """Rounded, as double precision: 0.1 in single precision would print as 0.10000000149."""
    values: list[list[float]] = np.round(rows.astype(np.float64), _DECIMALS).tolist()
    return values


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _rows_json(rows: Array) -> Iterator[str]:
    silence = _dumps([0.0] * rows.shape[1])
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        piece = rows[first : first + _ROWS_AT_ONCE]
        if piece.any() or np.signbit(piece).any():
            text = _dumps(_plain(piece))[1:-1]
        else:
            text = ",".join([silence] * len(piece))
        yield ("," if first else "") + text


def _rows(values: list[list[float]], width: int) -> Array:
    rows = np.array(values, np.float32).reshape(len(values), -1 if values else width)
    if rows.shape[1] != width or not np.isfinite(rows).all():
        raise ValueError(f"rows need {width} finite numbers each")
    return rows
