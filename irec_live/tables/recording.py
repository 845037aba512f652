"""Recording: one analysed file as a row, with a row for each span in which an instrument plays."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from irec_live.errors import DataError

if TYPE_CHECKING:
    from irec_live.report import Analysis

_DECIMALS = 5
"""Of times and activations, as in ``irec.analysis/1``."""
_DECIBEL_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Span:
    """An instrument from its onset to its offset.

    Attributes
    ----------
    label : str
    start_s, end_s : float
        Seconds; an event that is not over at the end of the file ends there.
    activation : float or None
        The highest in between, 0..1; None of several instruments together.
    level_db : float or None
        RMS of the instrument's envelope in between, dB re full scale; None where no network told it, and for silence.
    """

    label: str
    start_s: float
    end_s: float
    activation: float | None
    level_db: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Recording:
    """One analysed file.

    Attributes
    ----------
    path : str
        Where it lay, absolute; odd bytes as ``\\xNN``.
    name : str
        As `irec_live.report.Analysis.file`.
    sha256 : str
        Of the file's bytes.
    size_bytes : int
    duration_s : float
    settings : str
        What tells one way to analyse from another: networks, hop, channel.
    models : tuple of str
        ``name@sha256`` of each network.
    labels : tuple of str
        Labels that the network of activations knows: others were not looked for.
    detected : tuple of str
        The labels that last, the strongest first.
    warnings : tuple of str
    spans : tuple of Span
        By start.
    """

    path: str
    name: str
    sha256: str
    size_bytes: int
    duration_s: float
    settings: str
    models: tuple[str, ...]
    labels: tuple[str, ...]
    detected: tuple[str, ...]
    warnings: tuple[str, ...]
    spans: tuple[Span, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; back with `from_dict`."""
        data = {key: getattr(self, key) for key in self.__dataclass_fields__ if key != "spans"}
        plain: dict[str, Any] = {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}
        plain["spans"] = [span.to_dict() for span in self.spans]
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Recording:
        """Back from `to_dict`.

        Raises
        ------
        DataError
            It is something else.
        """
        try:
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
            }
            return cls(**{**fields, "spans": tuple(Span(**span) for span in data["spans"])})
        except (AttributeError, KeyError, TypeError) as error:
            raise DataError(f"a recording is incomplete or damaged: {type(error).__name__} {error}") from error


def recording_of(
    analysis: Analysis, *, path: str = "", sha256: str = "", size_bytes: int = 0, settings: str = ""
) -> Recording:
    """The row of an analysis.

    Parameters
    ----------
    analysis : Analysis
    path, sha256, size_bytes, settings
        As of `Recording`: an analysis does not know them.
    """
    levels = _Levels(analysis)
    unknown = analysis.not_predicted.get("activation", frozenset())
    spans = []
    for event in analysis.events:
        start_s = round(event.onset_s, _DECIMALS)
        end_s = round(analysis.duration_s if event.offset_s is None else event.offset_s, _DECIMALS)
        level_db = levels.between(event.label, start_s, end_s)
        spans.append(Span(event.label, start_s, end_s, round(event.activation, _DECIMALS), level_db))
    heard = analysis.activation_hop_s > 0
    return Recording(
        path=path,
        name=analysis.file,
        sha256=sha256,
        size_bytes=size_bytes,
        duration_s=analysis.duration_s,
        settings=settings,
        models=tuple(f"{model.name}@{model.sha256}" for model in analysis.models),
        labels=tuple(label for label in analysis.labels if label not in unknown) if heard else (),
        detected=analysis.detected,
        warnings=analysis.warnings,
        spans=tuple(sorted(spans, key=lambda span: (span.start_s, span.label, span.end_s))),
    )


class _Levels:
    """Levels of the spans of one analysis."""

    def __init__(self, analysis: Analysis) -> None:
        import numpy as np

        self._labels = {label: index for index, label in enumerate(analysis.labels)}
        self._unknown = analysis.not_predicted.get("envelope", frozenset())
        self._times = analysis.envelope_times
        # As the JSON has it, so that who has only that comes to the same.
        self._squares = np.square(np.round(analysis.envelope.astype(np.float64), _DECIMALS))

    def between(self, label: str, start_s: float, end_s: float) -> float | None:
        first, last = self._times.searchsorted((start_s, end_s))
        if label in self._unknown or last <= first:
            return None
        power = float(self._squares[first:last, self._labels[label]].mean())
        return round(10 * math.log10(power), _DECIBEL_DECIMALS) if power > 0.0 else None
