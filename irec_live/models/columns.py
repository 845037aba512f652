"""Columns: the spectrum of a network, computed once a stream instead of once a window.

Windows overlap by nine tenths, and so do their spectra. A file whose metadata has `COLUMNS_KEY` lets them be shared:
its graph has a tensor `FRAMES`, slices of the raw audio at a fixed distance, and a tensor `COLUMNS`, which is made of
them frame by frame with nothing of the rest of the window (level, mean, padding) in it. Cut there, one part turns
frames into columns, however many, and the other a window and its columns into the answer. Both are parts of the one
graph, so the numbers are its own; that they are is tried on noise when a model is loaded.

Most networks hear of the window besides its columns nothing but its level. Where the graph computes that in one root of
a mean, the second part begins behind it: the level of overlapping windows follows from sums that are added up once.

Shapes: B batch, T samples in a window, n frames, N frames in a window, L samples in a frame, F bands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from irec_live.errors import ModelError
from irec_live.models.context import ContextSpec, features_of
from irec_live.models.protobuf import MalformedError
from irec_live.models.runtime import build_session, finite, in_range, runtime_errors
from irec_live.models.spec import INPUT_NAME, ModelSpec
from irec_live.models.subgraph import Tensor, cut_out, fingerprint, outputs_of

Array = npt.NDArray[np.float32]

COLUMNS_KEY = "irec.columns"
"""Key of the JSON `ColumnsSpec` in an ONNX file's metadata."""

FRAMES, COLUMNS = "frames", "columns"
"""Names of tensors in the graph: float32 (B, N, L) and (B, N, F)."""

_ROOT = "Sqrt"
"""The operator whose output is the level, where it is computed as a root of a mean square."""

_LARGEST_DIFFERENCE = 1e-5
"""Of the parts from the whole: the same products, perhaps added up in another order."""


class ColumnsSpec(BaseModel):
    """How a window is cut into frames: frame n has `frame_length` samples from ``offset + n * frame_hop`` on.

    Attributes
    ----------
    frame_length : int
        L.
    frame_hop : int
        Samples from one frame to the next.
    offset : int
        Samples of the window before the first frame; frames that need mirrored edges are the network's own affair.
    bands : int
        Values in a column: F.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame_length: int = Field(ge=1, le=384_000)
    frame_hop: int = Field(ge=1, le=384_000)
    offset: int = Field(default=0, ge=0, le=384_000)
    bands: int = Field(ge=1, le=65_536)

    def frames(self, window_length: int) -> int:
        """N: as many as fit into a window.

        Examples
        --------
        >>> ColumnsSpec(frame_length=801, frame_hop=320, offset=240, bands=128).frames(32_000)
        97
        """
        return max(0, (window_length - self.offset - self.frame_length) // self.frame_hop + 1)


def level_of(windows: Array) -> Array:
    """RMS of windows (B, T) about their means, (B, 1) float32."""
    levels: Array = windows.std(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return levels


class SharedColumns:
    """A network in two parts. Any thread may call it, and two may at once.

    Parameters
    ----------
    data : bytes
        The whole file.
    spec : ModelSpec
    columns : ColumnsSpec
    threads : int
    level : str, optional
        The tensor (B, 1) that is the window's level, for a second part that is given that in place of samples.
    context : ContextSpec, optional
        Of a network that is asked for features as well; see `predict_with_features`.

    Attributes
    ----------
    frames : int
        N.
    levelled : bool
        Whether `predict` takes levels.
    front : str
        Fingerprint of the first part: networks with the same make the same columns.

    Raises
    ------
    ModelError
        The graph cannot be cut there.
    """

    def __init__(
        self,
        data: bytes,
        spec: ModelSpec,
        columns: ColumnsSpec,
        threads: int = 1,
        level: str | None = None,
        context: ContextSpec | None = None,
    ) -> None:
        self.spec = columns
        self.frames = columns.frames(spec.window_length)
        self.levelled = level is not None
        if not self.frames:
            raise ModelError("no frame fits into a window")
        frames = Tensor(FRAMES, ("batch", "n", columns.frame_length))
        # Of the second part the number of frames is known: with it ONNX Runtime merges more operators.
        shared = Tensor(COLUMNS, ("batch", self.frames, columns.bands))
        audio = Tensor(INPUT_NAME, ("batch", spec.window_length)) if level is None else Tensor(level, ("batch", 1))
        ends = (spec.frames,) if spec.kind == "envelope" else ()
        answers = [Tensor(spec.kind, ("batch", len(spec.labels), *ends))]
        if context is not None:
            answers.append(features_of(context))
        self._audio = audio.name
        try:
            front = cut_out(data, [frames], [Tensor(COLUMNS, ("batch", "n", columns.bands))])
            parts = front, cut_out(data, [audio, shared], answers)
            self.front = fingerprint(front)
        except MalformedError as error:
            raise ModelError(f"its columns cannot be shared: {error}") from error
        self._front, self._rest = (
            build_session(part, "a part of the model", cuda=False, threads=threads)[0] for part in parts
        )

    def columns(self, frames: Array) -> Array:
        """Frames (n, L), contiguous, to columns (n, F)."""
        (found,) = self._front.run(None, {FRAMES: frames[None]})
        columns: Array = found[0]
        return columns

    def predict(self, audio: Array, columns: Array) -> Array:
        """What the whole network says of windows.

        Parameters
        ----------
        audio : (B, T) or, if `levelled`, (B, 1) float32
            Their samples, or their RMS about their means.
        columns : (B, N, F) float32
            Their columns.
        """
        return in_range(self._rest.run(None, {self._audio: audio, COLUMNS: columns})[0])

    def predict_with_features(self, audio: Array, columns: Array) -> tuple[Array, Array]:
        """What `predict` gives, and the features (B, W) of the windows; for a network with a context."""
        answer, features = self._rest.run(None, {self._audio: audio, COLUMNS: columns})
        return in_range(answer), finite(features)

    def agrees_with(self, whole: Callable[[Array], Any], spec: ModelSpec) -> bool:
        """Whether the parts say the same as the whole, on noise that swells and has an offset, loud and soft."""
        swell = np.linspace(0.0, 0.3, spec.window_length)
        noise = swell * np.random.default_rng(0).standard_normal((2, spec.window_length)) + 0.01
        windows = (noise * [[1.0], [0.02]]).astype(np.float32)
        framed = windows[:, self.spec.offset :]
        frames = np.lib.stride_tricks.sliding_window_view(framed, self.spec.frame_length, axis=1)
        frames = np.ascontiguousarray(frames[:, :: self.spec.frame_hop][:, : self.frames])
        try:
            columns = np.stack([self.columns(each) for each in frames])
            found, wanted = self.predict(level_of(windows) if self.levelled else windows, columns), whole(windows)
        except runtime_errors():
            return False
        return found.shape == wanted.shape and float(np.abs(found - wanted).max()) <= _LARGEST_DIFFERENCE


def shared_columns(
    data: bytes,
    spec: ModelSpec,
    metadata: Mapping[str, str],
    whole: Callable[[Array], Any],
    threads: int,
    context: ContextSpec | None = None,
) -> SharedColumns | None:
    """The parts of a model whose metadata allows it; None where it does not, or where they do not agree with it."""
    if COLUMNS_KEY not in metadata:
        return None
    try:
        columns = ColumnsSpec.model_validate(json.loads(metadata[COLUMNS_KEY]))
        # Windows start where columns do: only if they end there too do sums of the samples between serve them.
        roots = outputs_of(data, _ROOT)[:1] if spec.window_length % columns.frame_hop == 0 else ()
    except (MalformedError, ValidationError, ValueError, RecursionError):
        return None  # the whole runs all the same
    for level in (*roots, None):
        try:
            parts = SharedColumns(data, spec, columns, threads, level, context)
        except (ModelError, ValueError):
            continue
        if parts.agrees_with(whole, spec):
            return parts
    return None
