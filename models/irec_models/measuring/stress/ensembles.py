"""Detection in ensembles: precision and recall of the labels that the app names in recordings of several players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from irec_live.assembly import lasting
from irec_live.errors import DataError
from irec_models.data import ClipSelection
from irec_models.data.mixing.evaluation_sets import EvalClip, load_clip
from irec_models.measuring.by_source import Counts
from irec_models.measuring.predictors import Predictor
from irec_models.measuring.stress.live_pipeline import listen
from irec_models.measuring.stress.noises import SAMPLE_RATE
from irec_models.measuring.stress.selection import choose
from irec_models.progress import Progress, silent, tracked


@dataclass(frozen=True, slots=True)
class EnsembleRow:
    """One recording: labels that are annotated, names beyond the labels, and labels that were detected."""

    file: str
    labels: tuple[str, ...]
    others: tuple[str, ...]
    detected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ensembles:
    """Scores of one model on ensembles.

    Attributes
    ----------
    clips : tuple of EnsembleRow
    overall : Counts
        All clips and labels together (micro average).
    labels : dict of str to Counts
        Labels that are there or were detected.
    """

    clips: tuple[EnsembleRow, ...]
    overall: Counts
    labels: dict[str, Counts]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "precision": self.overall.precision,
            "recall": self.overall.recall,
            "overall": asdict(self.overall),
            "labels": {label: asdict(counts) for label, counts in self.labels.items()},
            "clips": [asdict(row) for row in self.clips],
        }


def ensembles(
    predictor: Predictor,
    selection: ClipSelection,
    *,
    most: int = 200,
    progress: Progress = silent,
) -> Ensembles:
    """Compare what is detected in clips of two or more labels with what is annotated.

    Parameters
    ----------
    predictor : Predictor
    selection : ClipSelection
    most : int
        Clips of each source, spread evenly.
    progress : Progress

    Raises
    ------
    DataError
        There are no such clips.

    Notes
    -----
    A label that is unknown in a clip (percussion that may or may not be drums) counts neither way.
    """
    rows: list[EnsembleRow] = []
    names = predictor.spec.labels
    counts = {name: [0, 0, 0] for name in names}
    several = (clip for clip in selection.clips if len(clip.labels) > 1)
    chosen = choose(several, lambda clip: clip.source, most)
    for clip_row in tracked(chosen, progress, f"{predictor.spec.name}: ensembles"):
        clip = load_clip(clip_row, sample_rate=SAMPLE_RATE, labels=names)
        if clip.labels:
            row = _score_clip(predictor, clip)
            rows.append(row)
            _count(counts, clip, row.detected)
    if not rows:
        raise DataError(f"no clip of split '{selection.split}' holds several instruments, at least one of them a label")
    labels = {name: Counts(*triple) for name, triple in counts.items() if any(triple)}
    overall = Counts(*(sum(triple[place] for triple in counts.values()) for place in range(3)))
    return Ensembles(tuple(rows), overall, labels)


def _score_clip(predictor: Predictor, clip: EvalClip) -> EnsembleRow:
    named = lasting(listen(predictor, clip.audio, SAMPLE_RATE).events)
    detected = tuple(name for name in predictor.spec.labels if name in named)
    return EnsembleRow(clip.file, clip.labels, (*clip.others,), detected)


def _count(counts: dict[str, list[int]], clip: EvalClip, detected: Sequence[str]) -> None:
    for name, triple in counts.items():
        if name in clip.unclear:
            continue
        there, said = name in clip.labels, name in detected
        triple[0] += there and said
        triple[1] += said and not there
        triple[2] += there and not said
