"""What a model expects and returns, carried inside its own ``.onnx`` file.

Shapes: B batch, T samples in a window, K labels, N frames in a window.

A model maps ``audio`` float32 (B, T), raw samples nominally in [-1, 1] at `ModelSpec.sample_rate`, to either
``activation`` float32 (B, K) in 0..1, or ``envelope`` float32 (B, K, N), each instrument's RMS in 0..1 at the frame
centres ``0, frame_hop, 2 * frame_hop ...`` of the window. Any spectral front end and any normalisation is inside
the graph.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from irec_live.errors import ModelError

SPEC_KEY = "irec.spec"
"""Key of the JSON spec in an ONNX file's metadata."""

CARD_KEY = "irec.card"
"""Key of the model card (Markdown) in an ONNX file's metadata."""

INPUT_NAME = "audio"
"""Name of the one graph input, float32 (B, T)."""

Kind = Literal["activation", "envelope"]
"""What a model tells: which instruments (activation), or how loud each one is (envelope). Also the output's name."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Threshold(BaseModel):
    """Hysteresis of one label: it lights at `on` and goes out below `off`, both activations in 0..1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: Probability
    off: Probability

    @model_validator(mode="after")
    def _off_is_not_above_on(self) -> Self:
        if self.off > self.on:
            raise ValueError(f"off {self.off} is above on {self.on}")
        return self


DEFAULT_THRESHOLD = Threshold(on=0.5, off=0.35)
"""For labels that a model gives no threshold of their own."""


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
        T, samples the network judges at once.
    hop_length : int
        Samples between windows by default.
    frames : int
        N, envelope frames in a window; 0 for an activation model.
    frame_hop : int
        Samples between envelope frames; frame n is centred on sample ``n * frame_hop`` of its window. 0 for an
        activation model.
    thresholds : dict of str to Threshold
        Per label; labels that are absent use `DEFAULT_THRESHOLD`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_id: Literal["irec.model/1"] = Field(default="irec.model/1", alias="schema")
    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: str = Field(default="", max_length=200)
    kind: Kind
    labels: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(min_length=1, max_length=1024)
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

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label is named twice")
        unknown = set(self.thresholds) - set(self.labels)
        if unknown:
            raise ValueError(f"thresholds for labels it does not have: {', '.join(sorted(unknown))}")
        if self.hop_length > self.window_length:
            raise ValueError("hop_length is longer than window_length: samples would go unheard")
        if self.kind == "envelope":
            if self.frames < 2 or self.frame_hop < 1:
                raise ValueError("an envelope model needs frames >= 2 and frame_hop >= 1")
            if self.hop_length % self.frame_hop:
                raise ValueError("hop_length of an envelope model must be a multiple of its frame_hop")
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

    def threshold(self, label: str) -> Threshold:
        """On/off thresholds of one label."""
        return self.thresholds.get(label, DEFAULT_THRESHOLD)

    def to_metadata(self) -> dict[str, str]:
        """The spec as ONNX metadata properties (the card is stored beside it, under `CARD_KEY`)."""
        return {SPEC_KEY: self.model_dump_json(by_alias=True)}

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
            where = ".".join(str(part) for part in first["loc"]) or "spec"
            reason = " ".join(f"{where}: {first['msg']}".split())  # a label may hold line breaks
            raise ModelError(f"{origin} has unusable '{SPEC_KEY}' metadata: {reason[:300]}") from error
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{origin} has '{SPEC_KEY}' metadata that is not JSON") from error
