"""What the library answers, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from irec_live.tables.recording import Span

_DECIMALS = 5
"""Of seconds in JSON, as of spans: sums of them would be 6.200019999999999."""


@dataclass(frozen=True, slots=True)
class Match:
    """A file that a search found.

    Attributes
    ----------
    path : str
        Absolute.
    sha256 : str
    duration_s : float
    matched_s : float
        Seconds of what the first clause of the query asks for; the whole file if it asks for no instrument.
    level_db : float or None
        Of what it was sorted by.
    spans : tuple of Span
        What was asked for, by start. Of instruments together, `Span.label` joins their names with ``+``, and activation
        and level are None. Where none was asked for, the whole file, without label.
    """

    path: str
    sha256: str
    duration_s: float
    matched_s: float
    level_db: float | None = None
    spans: tuple[Span, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        rounded = {name: round(getattr(self, name), _DECIMALS) for name in ("duration_s", "matched_s")}
        return {**asdict(self), **rounded, "spans": [span.to_dict() for span in self.spans]}


@dataclass(frozen=True, slots=True)
class Results:
    """A page of what a search found.

    Attributes
    ----------
    matches : tuple of Match
    total : int
        Of all pages; 0 beyond the last one.
    """

    matches: tuple[Match, ...]
    total: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"total": self.total, "matches": [match.to_dict() for match in self.matches]}


@dataclass(frozen=True, slots=True)
class Stats:
    """How much a library holds.

    Attributes
    ----------
    path : str
        Of its file.
    size_bytes : int
    files, recordings : int
        Paths, and different contents of files; those without a path are kept, in case the file comes back.
    without_file : int
        Such recordings.
    duration_s : float
        Of all recordings with a file.
    spans : int
    labels : dict of str to float
        Seconds of each label in them, most first.
    settings : dict of str to int
        Recordings by the hash of how they were analysed.
    """

    path: str
    size_bytes: int
    files: int
    recordings: int
    without_file: int
    duration_s: float
    spans: int
    labels: dict[str, float]
    settings: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
