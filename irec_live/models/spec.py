"""Model spec: the metadata that an ``.onnx`` file carries about its input, output, scores and provenance.

Shapes: B batch, T samples in a window, K labels, N frames in a window.

A model maps ``audio`` float32 (B, T), raw samples nominally in [-1, 1] at `ModelSpec.sample_rate`, to either
``activation`` float32 (B, K) in 0..1, or ``envelope`` float32 (B, K, N), each instrument's RMS in 0..1 at the frame
centres ``0, frame_hop, 2 * frame_hop ...`` of the window. Any spectral front end and any normalisation is inside
the graph.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from irec_live.errors import ModelError
from irec_live.models.provenance import Lineage, Source

SPEC_KEY = "irec.spec"
"""Key of the JSON spec in an ONNX file's metadata."""

CARD_KEY = "irec.card"
"""Key of the model card (Markdown) in an ONNX file's metadata."""

INPUT_NAME = "audio"
"""Name of the one graph input, float32 (B, T)."""

MOST_VALUES = 2**20
"""Labels times frames of one window."""

Kind = Literal["activation", "envelope"]
"""What a model predicts: activations or envelopes. Also the name of its output."""


def _in_one_line(text: str) -> str:
    # Terminals obey them, and tables and label tracks end a column or a line there.
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise ValueError("there is a control character in it")
    return text


Line = Annotated[str, AfterValidator(_in_one_line)]

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Threshold(BaseModel):
    """Hysteresis of one label, in activations of 0..1.

    Attributes
    ----------
    on : float
        It lights from here on.
    off : float
        It goes out below.
    again : float or None
        A label that was lit a moment ago lights again from here on, between `off` and `on`: it has shown that it is
        there. None: from `on` on, as the first time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: Probability
    off: Probability
    again: Probability | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.off > self.on:
            raise ValueError(f"off {self.off} is above on {self.on}")
        if self.again is not None and not self.off <= self.again <= self.on:
            raise ValueError(f"again {self.again} is not between off {self.off} and on {self.on}")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, float]:
        values: dict[str, float | None] = handler(self)
        return {name: value for name, value in values.items() if value is not None}


_MAIN_SCORES = {
    "dev_macro_map": "mAP {:.2f} on real clips",
    "test_macro_map": "mAP {:.2f} on test clips",
    "mixes_macro_map": "mAP {:.2f} on mixtures",
}
"""Scores in `ModelSpec.scores` that stand for a model in one line, the first that it has."""

DEFAULT_THRESHOLD = Threshold(on=0.5, off=0.35)
"""For labels that a model gives no threshold of their own."""


class TradeOff(BaseModel):
    """How right a model was on test recordings, with all its thresholds moved by `offset`.

    Attributes
    ----------
    offset : float
        -1..1; 0 is the model's own thresholds.
    precision : float
        Share of the labels named that were right, 0..1.
    recall : float
        Share of the labels that sounded that were named, 0..1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: Annotated[float, Field(ge=-1.0, le=1.0)]
    precision: Probability
    recall: Probability


class ModelSpec(BaseModel):
    """Everything the app must know about a model.

    Attributes
    ----------
    name : str
        Short identifier, e.g. ``han-1s``; what ``--model`` takes.
    title : str
        One line for people.
    kind : {"activation", "envelope"}
        What the network tells; also the name of its graph output.
    labels : tuple of str
        The K labels, in the order of the network's output.
    sample_rate : int
        Hz.
    window_length : int
        T, samples of one input of the network.
    hop_length : int
        Samples between windows by default.
    frames : int
        N, envelope frames in a window; 0 for an activation model.
    frame_hop : int
        Samples between envelope frames; frame n is centred on sample ``n * frame_hop`` of its window. 0 for an
        activation model.
    thresholds : dict of str to Threshold
        Per label; labels that are absent use `DEFAULT_THRESHOLD`.
    trade_off : tuple of TradeOff
        By rising offset; empty where nobody measured it.
    hyperparameters : dict of str to JSON value
        What the architecture's class is made with; empty in files of version 0.1, as all that follows.
    sources : tuple of Source
        Recordings that the network was trained on, or that were held out for validation.
    lineage : Lineage or None
        Recipe, start, teacher, data.
    reference : str
        Citation in one line if the network is a published system; empty for the product's own.
    weights : {"fp32", "fp16"}
        How the large weights are stored; what computes is `precision`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_id: Literal["irec.model/1"] = Field(default="irec.model/1", alias="schema")
    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: Line = Field(default="", max_length=200)
    kind: Kind
    labels: tuple[Annotated[Line, Field(min_length=1, max_length=64)], ...] = Field(min_length=1, max_length=1024)
    sample_rate: int = Field(ge=4000, le=384_000)
    window_length: int = Field(ge=16, le=60 * 384_000)
    hop_length: int = Field(ge=1, le=60 * 384_000)
    frames: int = Field(default=0, ge=0, le=65_536)
    frame_hop: int = Field(default=0, ge=0, le=384_000)
    thresholds: dict[str, Threshold] = Field(default_factory=dict)
    architecture: str = ""
    front_end: str = ""
    parameters: int = Field(default=0, ge=0)
    opset: int = Field(default=0, ge=0)
    precision: str = "fp32"
    licence: str = ""
    training_data: str = ""
    seed: int | None = None
    scores: dict[str, float] = Field(default_factory=dict)
    trade_off: tuple[TradeOff, ...] = Field(default=(), max_length=100)
    hyperparameters: dict[str, JsonValue] = Field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    lineage: Lineage | None = None
    reference: Line = Field(default="", max_length=300)
    weights: Literal["fp32", "fp16"] = "fp32"

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label is named twice")
        # A misspelt label would keep the default threshold without a word.
        unknown = set(self.thresholds) - set(self.labels)
        if unknown:
            some = ", ".join(sorted(unknown)[:3]) + (", ..." if len(unknown) > 3 else "")
            raise ValueError(f"thresholds for labels it does not have: {some}")
        offsets = [point.offset for point in self.trade_off]
        if any(after <= before for before, after in pairwise(offsets)):
            raise ValueError("the offsets of trade_off do not rise")
        if self.hop_length > self.window_length:
            raise ValueError("hop_length is longer than window_length: samples would be in no window")
        if self.kind == "envelope":
            if self.frames < 2 or self.frame_hop < 1:
                raise ValueError("an envelope model needs frames >= 2 and frame_hop >= 1")
            # Overlap-add works on frames: windows must begin on one.
            if self.hop_length % self.frame_hop:
                raise ValueError("hop_length of an envelope model must be a multiple of its frame_hop")
            if self.hop_length > self.frames * self.frame_hop:
                raise ValueError(
                    f"hop_length of {self.hop_length // self.frame_hop} frames is longer than the window's "
                    f"{self.frames}: the time in between would have no envelope"
                )
            # One window's envelopes must not fill the memory, whatever a stranger's file says.
            if self.frames * len(self.labels) > MOST_VALUES:
                raise ValueError(
                    f"{len(self.labels)} labels of {self.frames} frames are {len(self.labels) * self.frames} values a "
                    f"window; up to {MOST_VALUES} are taken"
                )
        elif self.frames or self.frame_hop:
            raise ValueError("an activation model has no frames")
        return self

    @property
    def window_s(self) -> float:
        """Window length in seconds."""
        return self.window_length / self.sample_rate

    @property
    def hop_s(self) -> float:
        """Default hop in seconds."""
        return self.hop_length / self.sample_rate

    @property
    def trained_on(self) -> frozenset[str]:
        """Names of sources that its weights were trained on, those of its ancestors included."""
        ancestors = self.lineage.ancestors if self.lineage else ()
        lists = (self.sources, *(ancestor.sources for ancestor in ancestors))
        return frozenset(source.name for sources in lists for source in sources if not source.held_out)

    @property
    def published(self) -> bool:
        """Whether it is a published system, there to be compared with, rather than one of the product's or a user's."""
        return bool(self.reference)

    @property
    def score_line(self) -> str:
        """Its main score in a few words, as ``mAP 0.86 on real clips``; empty if none was measured.

        Examples
        --------
        >>> ModelSpec(name="toy", kind="activation", labels=("flute",), sample_rate=22050, window_length=22050,
        ...           hop_length=2205, scores={"dev_macro_map": 0.8571}).score_line
        'mAP 0.86 on real clips'
        """
        found = next((name for name in _MAIN_SCORES if name in self.scores), "")
        return _MAIN_SCORES[found].format(self.scores[found]) if found else ""

    def threshold(self, label: str) -> Threshold:
        """On/off thresholds of one label."""
        return self.thresholds.get(label, DEFAULT_THRESHOLD)

    def trade_off_at(self, offset: float) -> TradeOff | None:
        """Precision and recall with all thresholds moved by `offset`, between the points measured; None beyond them.

        Examples
        --------
        >>> points = (TradeOff(offset=0.0, precision=0.8, recall=0.6), TradeOff(offset=0.2, precision=0.9, recall=0.4))
        >>> spec = ModelSpec(name="toy", kind="activation", labels=("flute",), sample_rate=22050,
        ...                  window_length=22050, hop_length=2205, trade_off=points)
        >>> spec.trade_off_at(0.1)
        TradeOff(offset=0.1, precision=0.85, recall=0.5)
        """
        for lower, upper in pairwise(self.trade_off):
            if lower.offset <= offset <= upper.offset:
                share = (offset - lower.offset) / (upper.offset - lower.offset)
                return TradeOff(
                    offset=offset,
                    precision=round(lower.precision + share * (upper.precision - lower.precision), 4),
                    recall=round(lower.recall + share * (upper.recall - lower.recall), 4),
                )
        return next((point for point in self.trade_off if point.offset == offset), None)

    def to_metadata(self) -> dict[str, str]:
        """The spec as ONNX metadata properties (the card is stored beside it, under `CARD_KEY`)."""
        unmeasured = None if self.trade_off else {"trade_off"}
        return {SPEC_KEY: self.model_dump_json(by_alias=True, exclude=unmeasured)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], origin: str = "the model") -> ModelSpec:
        """Read a spec back from ONNX metadata.

        Parameters
        ----------
        metadata : mapping of str to str
            All metadata properties of the file.
        origin : str
            What to call the file in an error.

        Raises
        ------
        ModelError
            The spec is missing or makes no sense.

        Examples
        --------
        >>> spec = ModelSpec(name="toy", kind="activation", labels=("flute", "piano"), sample_rate=22050,
        ...                  window_length=22050, hop_length=2205)
        >>> ModelSpec.from_metadata(spec.to_metadata()) == spec
        True
        """
        text = metadata.get(SPEC_KEY)
        if text is None:
            raise ModelError(
                f"{origin} carries no '{SPEC_KEY}' metadata, so its labels and sample rate are unknown; "
                "convert the checkpoint with irec-export"
            )
        try:
            return cls.model_validate(json.loads(text))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            told = first["msg"].removeprefix("Value error, ")
            reason = " ".join((f"{where}: {told}" if where else told).split())  # a label may hold line breaks
            raise ModelError(f"{origin} has unusable '{SPEC_KEY}' metadata: {reason[:300]}") from error
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{origin} has '{SPEC_KEY}' metadata that is not JSON") from error
