"""``irec-train decide``: new thresholds for an exported model, chosen on real recordings; its weights stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from irec_live.errors import ModelError
from irec_live.files import check_writable, write_atomically
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import read_model_bytes
from irec_live.models.spec import CARD_KEY, ModelSpec
from irec_models.data import ClipSelection, DataFolders, eval_clips
from irec_models.measuring.by_source import Figure
from irec_models.progress import Progress, silent, tracked
from irec_models.publishing.precision import (
    RecordingPredictions,
    choose_on,
    figures,
    named_by,
    named_unseen,
    trade_off,
    with_hysteresis,
)
from irec_models.publishing.recordings import PredictionCollector

PRECISION = 0.85
"""Default precision on real recordings. What people mistrust is a label that is wrong, not one that comes late."""

_STALE = ("dev_micro_f1", "dev_macro_f1")  # of the thresholds before
_SECTION = "## Decisions\n"
_EARLIER = " Scores above that need thresholds are of those that it had before."
_THRESHOLDS = re.compile(r"^Thresholds: .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Decision:
    """Thresholds and scores that `decide` returns.

    Attributes
    ----------
    spec : ModelSpec
        With the new thresholds and their trade-off.
    before, after : dict of str to Figure
        By the thresholds that the model had, and by the new ones, cross-validated over sources.
    where : str
        What the thresholds were chosen on, for the card.
    """

    spec: ModelSpec
    before: dict[str, Figure]
    after: dict[str, Figure]
    where: str


def decide_on(predictions: RecordingPredictions, spec: ModelSpec, precision: float = PRECISION) -> Decision:
    """Choose thresholds, and score them by cross-validation over sources."""
    on = choose_on(predictions.peaks, predictions.targets, predictions.sources, precision=precision)
    scores = {name: value for name, value in spec.scores.items() if name not in _STALE}
    changes = {
        "thresholds": with_hysteresis(spec.labels, on),
        "trade_off": trade_off(predictions, precision),
        "scores": scores,
    }
    before = {label: spec.threshold(label) for label in spec.labels}
    return Decision(
        spec=spec.model_copy(update=changes),
        before=figures(predictions, named_by(predictions, before)),
        after=figures(predictions, named_unseen(predictions, precision)),
        where=(
            f"the lowest with a precision of {precision} on {int(predictions.of('solo', 'ensemble').sum())} real solos "
            "and ensembles of the dev split, labels with many sources drawn towards their own; see Decisions"
        ),
    )


def decide(
    path: Path, data: Sequence[Path], out: Path, *, precision: float = PRECISION, progress: Progress = silent
) -> Decision:
    """Choose a model's thresholds on the dev split and write it with them.

    Parameters
    ----------
    path : Path
        An ``.onnx`` file of an activation model.
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    out : Path
        ``.onnx`` file to write; may be `path`.
    precision : float
        Share of what is named on solos and ensembles that must be right, 0..1.
    progress : Progress

    Raises
    ------
    ModelError
        The model is unusable, or is an envelope model, whose outputs are not compared with thresholds.
    DataError, OutputError
    """
    check_writable(out)
    content = read_model_bytes(path)
    predictor = Detector(content, provider="cpu")
    if predictor.spec.kind != "activation":
        raise ModelError(f"{path} tells how loud instruments are; decisions are for models of which instruments sound")
    dev = ClipSelection(DataFolders(data), "dev", labels=predictor.spec.labels)
    collector = PredictionCollector(predictor)
    for _ in collector.passing(tracked(eval_clips(dev, predictor.spec.sample_rate), progress, "dev clips")):
        pass
    predictions = collector.collected()
    decision = decide_on(predictions, predictor.spec, precision)
    write_atomically(out, with_metadata(content, decision.spec, decided_card(predictor.card, decision, _EARLIER)))
    return decision


def with_metadata(content: bytes, spec: ModelSpec, card: str) -> bytes:
    """An ``.onnx`` file with another spec and card."""
    model = onnx.load_model_from_string(content)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    del model.metadata_props[:]
    for key, value in sorted({**kept, **spec.to_metadata(), CARD_KEY: card}.items()):
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString(deterministic=True))


def decided_card(card: str, decision: Decision, note: str = "") -> str:
    """A card with a section on the new thresholds, before that of recordings."""
    points = decision.spec.trade_off
    lines = [
        "What is named of whole recordings of the dev split, by thresholds chosen on the other sources; in brackets",
        f"what 95 % of bootstrap samples over sources span.{note}",
        "",
        "| | before | now |",
        "|---|---|---|",
        *(f"| {name} | {decision.before[name]} | {figure} |" for name, figure in decision.after.items()),
        "",
        "| thresholds moved by | " + " | ".join(f"{point.offset:+.1f}" for point in points) + " |",
        "|---" * (len(points) + 1) + "|",
        "| precision | " + " | ".join(f"{point.precision:.2f}" for point in points) + " |",
        "| recall | " + " | ".join(f"{point.recall:.2f}" for point in points) + " |",
    ]
    body, recordings, rest = card.partition("## Recordings\n")
    body = _THRESHOLDS.sub(lambda _: f"Thresholds: {decision.where}.", body.partition(_SECTION)[0])
    return f"{body.rstrip()}\n\n{_SECTION}\n" + "\n".join(lines) + f"\n\n{recordings}{rest}"
