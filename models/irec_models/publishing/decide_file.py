"""``irec-train decide``: other thresholds for a finished model, chosen on real recordings; its weights stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from irec_live.errors import DataError, ModelError
from irec_live.files import write_atomically
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import read_model_bytes
from irec_live.models.spec import CARD_KEY, ModelSpec
from irec_models.data import EvalClip, eval_clips
from irec_models.measuring.clip_scores import target_row
from irec_models.measuring.predictors import Predictor, predict_recording
from irec_models.progress import Begin, unseen
from irec_models.publishing.precision import (
    Figure,
    Heard,
    Kind,
    choose_on,
    figures,
    named_by,
    named_unseen,
    trade_off,
    with_hysteresis,
)

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


def listen(judge: Predictor, clips: Iterable[EvalClip], each: Callable[[], None] | None = None) -> Heard:
    """What a model says about recordings, window by window, as far apart as in the app.

    Raises
    ------
    DataError
        There are no recordings, or one cannot be decoded.
    """
    spec = judge.spec
    rows, targets, kinds, sources, seconds = [], [], [], [], []
    for clip in clips:
        rows.append(predict_recording(judge, clip.audio, spec.hop_length))
        targets.append(target_row(spec.labels, clip.labels, clip.unclear))
        kinds.append(kind_of(clip))
        sources.append(clip.source)
        seconds.append(len(clip.audio) / spec.sample_rate)
        if each:
            each()
    if not rows:
        raise DataError("there are no recordings to choose thresholds on")
    return Heard(
        labels=spec.labels,
        hop_s=spec.hop_s,
        rows=tuple(rows),
        targets=np.array(targets, np.int64),
        kinds=tuple(kinds),
        sources=tuple(sources),
        seconds=np.array(seconds),
    )


def kind_of(clip: EvalClip) -> Kind:
    """What sort of recording a clip is, seen from a model's labels."""
    if clip.labels:
        return "solo" if clip.solo else "ensemble"
    return "noise" if set(clip.others) <= {"noise"} else "other"


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
    path: Path, data: Sequence[Path], out: Path, *, precision: float = PRECISION, begin: Begin = unseen
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
    begin : callable
        For progress; see `irec_models.progress`.

    Raises
    ------
    ModelError
        The model is unusable, or tells how loud instruments are: then nothing compares it with thresholds.
    DataError, OutputError
    """
    content = read_model_bytes(path)
    judge = Detector(content, provider="cpu")
    if judge.spec.kind != "activation":
        raise ModelError(f"{path} tells how loud instruments are; decisions are for models of which instruments sound")
    clips = eval_clips(data, sample_rate=judge.spec.sample_rate, labels=judge.spec.labels)
    heard = listen(judge, clips, begin("dev clips", None))
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
