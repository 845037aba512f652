"""Cost of causal standardisation: constants or running statistics in place of those of the whole recording.

Neuroment standardises the features of a recording by the recording's own statistics, which a live network cannot know.
The same network predicts the same recordings in three forms:

* ``constants``: mean and deviation of the training data, as the network was trained and as the app runs it;
* ``so far``: running statistics up to the end of the window, the constants counting as one second of it;
* ``whole``: statistics of the whole recording, the future included.

What ``whole`` scores above ``so far`` is the price of causality; ``constants`` less ``whole`` also holds that the
network was trained with constants.

Shapes: W windows, T samples in a window, N frames, F bins.

References
----------
L. Häusler, L. I. Maier, "Neuroment - Instrument detection using convolutional neural networks", IEM Graz, 2022.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from irec_live.models.spec import ModelSpec
from irec_models.data import ClipSelection, DataFolders, MixPlan, eval_clips, held_out_mixes
from irec_models.measuring.clip_scores import evaluate, predict_clips
from irec_models.measuring.mixture_scores import evaluate_mixes
from irec_models.measuring.predictors import Array, windows_of
from irec_models.nets import Network
from irec_models.progress import Progress, silent, tracked

Form = Literal["constants", "so far", "whole"]

_PRIOR_S = 1.0
_SMALLEST_DEVIATION = 1e-3
_BATCH = 32
_MIXES_PER_SIZE = 8


class _WithAudio(Protocol):
    @property
    def audio(self) -> Array: ...


_Item = TypeVar("_Item", bound=_WithAudio)


@dataclass(frozen=True, slots=True)
class FormScores:
    """Scores of one form.

    Attributes
    ----------
    form : {"constants", "so far", "whole"}
    dev_macro_map, dev_top1 : float
        On the dev clips.
    mixes_macro_map : float
        On mixtures of held-out sources.
    envelope_db : float or None
        Error of the envelope where the instrument sounds, on those; None for an activation network.
    """

    form: Form
    dev_macro_map: float
    dev_top1: float
    mixes_macro_map: float
    envelope_db: float | None


class Restandardized:
    """A predictor that standardises in one of the forms; windows of a recording must come in order.

    Parameters
    ----------
    network : Network
    spec : ModelSpec
    form : {"constants", "so far", "whole"}

    Raises
    ------
    ValueError
        If the form is unknown.
    """

    def __init__(self, network: Network, spec: ModelSpec, form: Form) -> None:
        if form not in get_args(Form):
            raise ValueError(f"unknown form '{form}'; there are: {', '.join(get_args(Form))}")
        self.spec = spec
        self.form = form
        self._network = network.eval()
        fixed = network.standardizer
        mean, deviation = fixed.mean.double(), fixed.deviation.double()
        # Sums of a second with the constants' mean and deviation: frames, values, squares.
        self._prior = (_PRIOR_S, _PRIOR_S * mean, _PRIOR_S * (mean.square().mean() + deviation.square().mean()))
        self._sums = self._prior
        self._whole: tuple[Tensor, Tensor] | None = None

    def begin(self, audio: Array) -> None:
        """The next windows are of this recording (T,)."""
        self._sums = self._prior
        self._whole = None
        if self.form == "whole":
            apart = windows_of(audio, self.spec.window_length, self.spec.window_length)
            raw = torch.cat([self._raw(apart[start : start + _BATCH]) for start in range(0, len(apart), _BATCH)])
            flat = raw.flatten(0, 1).double()
            self._whole = _statistics(1.0, flat.mean(dim=0), flat.square().mean())

    @torch.no_grad()
    def __call__(self, windows: npt.NDArray[np.floating[Any]]) -> Array:
        """(W, T) float32 to what the network says of them, in 0..1."""
        raw = self._raw(windows)
        if self.form == "constants":
            features = self._network.standardizer(raw)
        elif self._whole is not None:
            features = ((raw - self._whole[0]) / self._whole[1]).float()
        else:
            features = torch.stack([self._after_hearing(window) for window in raw])
        result: Array = self._network.probabilities(self._network.classify(features)).numpy()
        return result

    @torch.no_grad()
    def _raw(self, windows: npt.NDArray[np.floating[Any]]) -> Tensor:
        return self._network.raw_features(torch.from_numpy(np.ascontiguousarray(windows, np.float32)))

    def _after_hearing(self, window: Tensor) -> Tensor:
        """Raw features (N, F) of one window, standardised by all windows up to it."""
        seconds = self.spec.window_s
        weight, values, squares = self._sums
        flat = window.double()
        self._sums = (
            weight + seconds,
            values + seconds * flat.mean(dim=0),
            squares + seconds * flat.square().mean(),
        )
        mean, deviation = _statistics(*self._sums)
        return ((window - mean) / deviation).float()


def measure(
    network: Network, spec: ModelSpec, data: Sequence[Path], sources: Sequence[str], *, progress: Progress = silent
) -> list[FormScores]:
    """Scores of a network in each form.

    Parameters
    ----------
    network : Network
        That standardises by constants.
    spec : ModelSpec
    data : sequence of Path
        Folders with a ``manifest.csv`` each.
    sources : sequence of str
        Held-out ones, which the mixtures are made of.
    progress : Progress
        Told of clips and mixtures in each form.

    Raises
    ------
    DataError
        There is nothing to measure on.
    """
    held_out = ClipSelection(DataFolders(data), "train", tuple(sources), labels=spec.labels)
    found = []
    for form in get_args(Form):
        predictor = Restandardized(network, spec, form)
        clips = eval_clips(replace(held_out, split="dev", sources=()), spec.sample_rate)
        announced = tracked(_announced(clips, predictor), progress, f"{form}: clips of dev")
        dev = evaluate(predict_clips(predictor, announced), spec)
        mixtures = held_out_mixes(
            held_out, spec.sample_rate, MixPlan(per_size=_MIXES_PER_SIZE, frame_hop=spec.frame_hop)
        )
        mixes = evaluate_mixes(predictor, tracked(_announced(mixtures, predictor), progress, f"{form}: mixtures"))
        found.append(
            FormScores(
                form=form,
                dev_macro_map=dev.aggregations["s1"].macro_map,
                dev_top1=dev.top1["s1"],
                mixes_macro_map=mixes.macro_map,
                envelope_db=mixes.envelope.active_db if mixes.envelope else None,
            )
        )
    return found


def _announced(items: Iterable[_Item], predictor: Restandardized) -> Iterator[_Item]:
    """The items, each announced to the predictor before its windows come."""
    for item in items:
        predictor.begin(item.audio)
        yield item


def _statistics(weight: float, values: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
    """Mean per bin (F,) and one deviation (), as `irec_models.frontends.normalize.Standardizer` has them, of sums."""
    mean = values / weight
    variance = squares / weight - mean.square().mean()
    return mean, variance.clamp(min=_SMALLEST_DEVIATION**2).sqrt()
