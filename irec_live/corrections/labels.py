"""Corrections as training labels: clips cut from the sound, and the ``manifest.csv`` that `irec-train` reads.

Only what a person said counts. Of a clip around a correction, what the person set is in column ``labels``; detections
that nobody looked at are ``unknown``, neither present nor absent; all else is absent. A clip in which the person found
nothing is labelled ``noise``.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from irec_live.clips import read_span, sound_file
from irec_live.corrections.model import Corrections, Span
from irec_live.errors import DataError
from irec_live.files import make_folder, write_atomically
from irec_live.media import open_audio
from irec_live.results import Event

COLUMNS = ("file", "labels", "source", "split", "unknown", "kind", "licence", "seconds", "original_rate", "path")
"""Of the manifest, all of which `irec-train` knows."""

NOTHING = "noise"
"""Label of a clip in which a person found none."""

LONGEST_S = 10.0
SHORTEST_S = 1.0
"""Of a clip: longer events make several, around shorter ones more is cut out."""

_PRESENT = 0.5
"""Share of a clip in which a label has to sound to be among its labels; one that sounds less is unknown there."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A sound that a person corrected.

    Attributes
    ----------
    sound : Path
    name : str
        Of the recording: clips of one recording share it as their source.
    corrections : Corrections
    detections : tuple of Event
        What was found, uncorrected.
    """

    sound: Path
    name: str
    corrections: Corrections
    detections: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    number: int  # of the correction
    part: int
    from_s: float
    to_s: float
    labels: tuple[str, ...]
    unknown: tuple[str, ...]


def export_labels(reviewed: Sequence[Reviewed], out: Path, progress: Callable[[float], None] | None = None) -> int:
    """Write clips and their manifest to a folder.

    Parameters
    ----------
    reviewed : sequence of Reviewed
    out : Path
        New, empty, or one that was written so before; its manifest is replaced.
    progress : callable, optional
        Called with the share done, 0..1.

    Returns
    -------
    int
        Number of clips.

    Raises
    ------
    DataError
        Nothing was corrected.
    MediaError, OutputError
        A sound cannot be decoded, or a file not be written.
    """
    if not any(one.corrections for one in reviewed):
        raise DataError("nothing was corrected; correct some events in the window (Ctrl+K) first")
    make_folder(out / "clips")
    rows: list[list[str]] = []
    for place, one in enumerate(reviewed):
        stem = f"{place + 1:02d}-{re.sub(r'[^A-Za-z0-9_-]+', '-', one.name).strip('-')[:40] or 'sound'}"
        with open_audio(one.sound) as audio:
            end_s = audio.duration_s
            pieces = list(_pieces(one, end_s if end_s is not None else float("inf")))
            for done, piece in enumerate(pieces):
                samples = read_span(audio, piece.from_s, piece.to_s)
                if not len(samples):
                    continue
                file = f"clips/{stem}-{piece.number:04d}-{piece.part}.flac"
                with sound_file(out / file, audio.sample_rate, audio.channels) as clip:
                    clip.write(samples)
                rows.append(
                    [
                        file,
                        ";".join(piece.labels or (NOTHING,)),
                        f"corrections:{one.name}",
                        "train",
                        ";".join(piece.unknown),
                        "music",
                        "own",
                        f"{len(samples) / audio.sample_rate:.3f}",
                        str(audio.sample_rate),
                        f"{one.name}@{piece.from_s:.3f}",
                    ]
                )
                if progress is not None:
                    progress((place + (done + 1) / len(pieces)) / len(reviewed))
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    write_atomically(out / "manifest.csv", table.getvalue())
    return len(rows)


def _pieces(one: Reviewed, end_s: float) -> Iterator[_Piece]:
    """What to cut out, a correction after the other."""
    certain = one.corrections.spans()
    untouched = [event for event in one.corrections.apply(one.detections) if not event.corrected]
    for number, entry in enumerate(one.corrections.entries, start=1):
        span = entry.now or entry.was
        if span is None:
            continue
        for part, (from_s, to_s) in enumerate(_cuts(span, end_s), start=1):
            shares = dict.fromkeys(dict.fromkeys(other.label for other in certain), 0.0)
            for other in certain:
                shares[other.label] += max(0.0, min(to_s, other.offset_s) - max(from_s, other.onset_s))
            # Around a short event more is cut out: then its own length is what counts.
            needed = _PRESENT * min(to_s - from_s, span.offset_s - span.onset_s)
            present = [label for label, seconds in shares.items() if seconds >= needed]
            doubtful = [label for label, seconds in shares.items() if seconds > 0.0 and label not in present]
            doubtful += [
                event.label
                for event in untouched
                if event.onset_s < to_s and (event.offset_s is None or event.offset_s > from_s)
            ]
            unknown = tuple(label for label in dict.fromkeys(doubtful) if label not in present)
            yield _Piece(number, part, from_s, to_s, tuple(present), unknown)


def _cuts(span: Span, end_s: float) -> Iterator[tuple[float, float]]:
    """A span in pieces that are not too long, or with what is around it if it is short."""
    length = span.offset_s - span.onset_s
    if length < SHORTEST_S:
        from_s = max(0.0, span.onset_s - (SHORTEST_S - length) / 2)
        yield from_s, min(end_s, from_s + SHORTEST_S)
        return
    count = math.ceil(length / LONGEST_S)
    for part in range(count):
        yield span.onset_s + part * length / count, min(end_s, span.onset_s + (part + 1) * length / count)
