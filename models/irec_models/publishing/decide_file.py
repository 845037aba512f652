"""``irec-train decide``: other thresholds for a finished model, chosen on real recordings; its weights stay."""

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
from irec_models.progress import Progress, silent, tracked
from irec_models.publishing.precision import (
    Figure,
    Heard,
    choose_on,
    figures,
    named_by,
    named_unseen,
    trade_off,
    with_hysteresis,
)
from irec_models.publishing.recordings import Listener

PRECISION = 0.85
"""Of what is named on real recordings. What people mistrust is a label that is wrong, not one that comes late."""

_STALE = ("dev_micro_f1", "dev_macro_f1")  # of the thresholds before
_SECTION = "## Decisions\n"
_EARLIER = " Scores above that need thresholds are of those that it had before."
_THRESHOLDS = re.compile(r"^Thresholds: .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Decision:
    """What `decide` found.

    Attributes
    ----------
    spec : ModelSpec
        With the new thresholds and their trade-off.
    before, after : dict of str to Figure
        By the thresholds that the model had, and by those that the other sources ask for.
    where : str
        What the thresholds were chosen on, for the card.
    """

    spec: ModelSpec
    before: dict[str, Figure]
    after: dict[str, Figure]
    where: str


def decide_on(heard: Heard, spec: ModelSpec, precision: float = PRECISION) -> Decision:
    """Choose thresholds, and measure them on sources that had no part in the choice."""
    on = choose_on(heard.peaks, heard.targets, heard.sources, precision=precision)
    scores = {name: value for name, value in spec.scores.items() if name not in _STALE}
    changes = {
        "thresholds": with_hysteresis(spec.labels, on),
        "trade_off": trade_off(heard, precision),
        "scores": scores,
    }
    before = {label: spec.threshold(label) for label in spec.labels}
    return Decision(
        spec=spec.model_copy(update=changes),
        before=figures(heard, named_by(heard, before)),
        after=figures(heard, named_unseen(heard, precision)),
        where=(
            f"the lowest with a precision of {precision} on {int(heard.of('solo', 'ensemble').sum())} real solos and "
            "ensembles of the dev split, labels with many sources drawn towards their own; see Decisions"
        ),
    )


def decide(
    path: Path, data: Sequence[Path], out: Path, *, precision: float = PRECISION, progress: Progress = silent
) -> Decision:
    """Choose a model's thresholds on the dev split and write it with them.

    Parameters
    ----------
    path : Path
        An ``.onnx`` file that tells which instruments sound.
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
        The model is unusable, or tells how loud instruments are: then nothing compares it with thresholds.
    DataError, OutputError
    """
    check_writable(out)
    content = read_model_bytes(path)
    judge = Detector(content, provider="cpu")
    if judge.spec.kind != "activation":
        raise ModelError(f"{path} tells how loud instruments are; decisions are for models of which instruments sound")
    dev = ClipSelection(DataFolders(data), "dev", labels=judge.spec.labels)
    listener = Listener(judge)
    for _ in listener.passing(tracked(eval_clips(dev, judge.spec.sample_rate), progress, "dev clips")):
        pass
    heard = listener.collected()
    decision = decide_on(heard, judge.spec, precision)
    write_atomically(out, with_metadata(content, decision.spec, decided_card(judge.card, decision, _EARLIER)))
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
    """A card that tells of the new thresholds: a section of its own before that of recordings."""
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
