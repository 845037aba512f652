"""Knowledge distillation from a teacher, YAMNet, that gets the training windows or a second around them.

Labels of a few hours of sample libraries say which instrument sounds, but not what instruments sound like elsewhere. A
network that was trained on two million recordings has learnt it; a small one that learns to describe a window as the
large one does borrows from that experience. The teacher is only there in training.

Shapes: B batch, T samples in a window, D values that the teacher gives for one, N frames, F bands, E values of a
student's embedding, K labels.

References
----------
G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015.
A. Romero et al., "FitNets: hints for thin deep nets", ICLR 2015 (features as targets).
S. Hershey et al., "CNN architectures for large-scale audio classification", ICASSP 2017 (what became YAMNet).
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import IterableDataset

from irec_live.errors import DataError, MissingExtraError
from irec_models.data import Batch, MixStream
from irec_models.data.mixing.distortion import DistortedStream
from irec_models.data.mixing.noise_overlay import NoiseOverlay
from irec_models.data.mixing.stream import steps_of_worker
from irec_models.inputs import check_teacher

Array = npt.NDArray[np.float32]

RATE = 16_000
WINDOW = 15_600
CLASSES = 521
FEATURES = 1024
SIZE = FEATURES + CLASSES
"""D: YAMNet's embedding and the logits of its 521 AudioSet classes."""
SOUNDS = (*range(32), *range(132, 211))
"""The classes of human voices, and of music and its instruments, in YAMNet's order."""

_LEVEL = 0.1  # RMS that windows are brought to: the student's input is level-normalised too
_FLOOR = 1e-3  # -60 dBFS: softer, and what YAMNet says is of no use
_FARTHEST = 5.0  # deviations from the mean at which the student's targets are clipped
_TEMPERATURE = 2.0


class TaughtBatch(NamedTuple):
    """A batch, and the teacher's outputs for it.

    Attributes
    ----------
    batch : Batch
    taught : (B, D) float32
    """

    batch: Batch
    taught: Tensor


@runtime_checkable
class Student(Protocol):
    """A network that can be distilled into: it has an embedding of the window, or of each frame, before its labels."""

    embedding_size: int

    def embed(self, features: Tensor) -> Tensor:
        """Features (B, N, F) to the embedding (B, E) or, of an envelope network, (B, E, N)."""
        ...

    def decide(self, embedding: Tensor) -> Tensor:
        """Embedding to logits (B, K) or (B, K, N)."""
        ...


class TeacherHead(nn.Module):
    """Distillation head: one layer from the student's embedding to the teacher's outputs, in training only.

    The teacher has one output per window. An embedding per frame is pooled by mean and maximum first.

    Most of what the 1545 values have in common is whether there is music at all. Which instrument it is shows in how
    the logits of instruments and voices differ from each other, so those are also compared as one distribution (Hinton
    et al., section 2, at a temperature of 2).

    Parameters
    ----------
    size : int
        E.
    contrast : float
        Weight of that comparison beside the one value by value.
    frames : bool
        Whether each frame has its embedding.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, size: int, contrast: float = 0.0, frames: bool = False) -> None:
        super().__init__()
        self.contrast = contrast
        self.layer = nn.Linear(2 * size if frames else size, SIZE)
        self.register_buffer("mean", torch.zeros(SIZE))
        self.register_buffer("deviation", torch.ones(SIZE))

    @torch.no_grad()
    def fit(self, taught: Tensor) -> None:
        """Take middle and spread of the teacher's values from examples (B, D), so that each counts alike.

        Quantiles, not moments: a few windows of hardly any sound lie far out.
        """
        taught = taught[~taught.isnan().any(dim=1)]
        low, middle, high = torch.quantile(taught, torch.tensor([0.16, 0.5, 0.84]), dim=0)
        deviation = (high - low) / 2
        for part in (deviation[:FEATURES], deviation[FEATURES:]):
            # A feature that hardly ever stirs must not become the loudest one.
            part.clamp_(min=max(0.5 * float(part.median()), 1e-3))
        self.mean.copy_(middle)
        self.deviation.copy_(deviation)

    def loss(self, embedding: Tensor, taught: Tensor) -> Tensor:
        """Error against the teacher's values (B, D) of an embedding (B, E) or (B, E, N), leaving out rows of NaN.

        Smooth absolute error, in which embedding and logits weigh alike, and `contrast` times the Kullback-Leibler
        divergence over `SOUNDS`.
        """
        usable = ~taught.isnan().any(dim=1)
        embedding, taught = embedding[usable], taught[usable]
        if not len(taught):
            return self.layer.weight.sum() * 0.0
        # Clamped: a single far value would be most of the error.
        wanted = ((taught - self.mean) / self.deviation).clamp(-_FARTHEST, _FARTHEST)
        if embedding.ndim == 3:
            embedding = torch.cat((embedding.mean(dim=2), embedding.amax(dim=2)), dim=1)
        said = self.layer(embedding).float()
        error = functional.smooth_l1_loss(said, wanted, reduction="none").mean(dim=0)
        total = error[:FEATURES].mean() + error[FEATURES:].mean()
        if self.contrast:
            belief, truth = (
                (values[:, FEATURES:][:, SOUNDS] / _TEMPERATURE).log_softmax(dim=1)
                for values in (said * self.deviation + self.mean, taught)
            )
            total = total + self.contrast * functional.kl_div(belief, truth, reduction="batchmean", log_target=True)
        return total


class LabelClassifier(nn.Module):
    """Pseudo-labels from the teacher: a small classifier on its embedding, trained beside the student.

    Its activations are blended with the labels. They draw on far more recordings than the student's own training data,
    and exist for windows whose labels are unknown too, such as distorted ones.

    Parameters
    ----------
    labels : int
        K.
    trust : float
        How much its opinion weighs beside labels that are sure, 0..1.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, labels: int, trust: float) -> None:
        super().__init__()
        self.trust = trust
        self.layers = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(FEATURES, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, labels)
        )
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("deviation", torch.ones(FEATURES))

    @torch.no_grad()
    def fit(self, taught: Tensor) -> None:
        """Take mean and deviation of the embeddings from examples (B, D)."""
        embedding = taught[~taught.isnan().any(dim=1), :FEATURES]
        self.mean.copy_(embedding.mean(dim=0))
        self.deviation.copy_(embedding.std(dim=0).clamp(min=0.05))

    def forward(self, taught: Tensor) -> Tensor:
        """Teacher's values (B, D) to logits (B, K); rows of NaN count as the mean."""
        logits: Tensor = self.layers(((taught[:, :FEATURES] - self.mean) / self.deviation).nan_to_num(0.0))
        return logits

    @torch.no_grad()
    def advise(self, taught: Tensor, presence: Tensor, mask: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Targets and weights (B, K) that take its opinion into account; it counts in full after 1000 steps."""
        self.eval()
        opinion = torch.sigmoid(self(taught))
        self.train()
        weight = (~taught.isnan().any(dim=1, keepdim=True)).float() * min(1.0, step / 1000)
        # Where the label is sure, the opinion is a part; where it is not, it is all there is, and counts by its weight.
        share = torch.where(mask > 0, self.trust * weight, torch.ones_like(mask))
        return presence + share * (opinion - presence), torch.where(mask > 0, mask, weight.expand_as(mask))


class YamNet:
    """YAMNet, from its published TFLite file.

    Parameters
    ----------
    path : Path
        ``yamnet.tflite``, as published with the classification task (input 15 600 samples at 16 kHz).
    sample_rate : int
        Hz of the windows it will be given.

    Raises
    ------
    DataError
        If the file is missing or is not YAMNet.
    MissingExtraError
        If no TFLite interpreter is installed.
    """

    def __init__(self, path: Path, sample_rate: int) -> None:
        check_teacher(path)
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ModuleNotFoundError as error:
            raise MissingExtraError("ai_edge_litert", "distill") from error
        self._rate = sample_rate
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")
            try:
                self._net = Interpreter(str(path), num_threads=1, experimental_preserve_all_tensors=True)
                self._net.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise DataError(f"{path} is not a TFLite model: {error}") from error
        self._input = self._net.get_input_details()[0]["index"]
        tensors = self._net.get_tensor_details()
        self._embedding = _find(tensors, path, "global_average_pooling2d", (1, FEATURES))
        self._logits = _find(tensors, path, "dense/BiasAdd", (1, CLASSES))

    def __call__(self, windows: Array) -> Array:
        """Windows (B, T) float32 to embeddings and logits, (B, D) float32; NaN for silent windows.

        On silence YAMNet's logits leave their usual range a hundredfold, which is nothing to learn.
        """
        return np.stack([self._predict(window) for window in windows])

    def _predict(self, window: Array) -> Array:
        signal = soxr.resample(window, self._rate, RATE)
        # The middle of a longer window, silence after a shorter one: YAMNet takes 0.975 s and nothing else.
        spare = max(0, len(signal) - WINDOW) // 2
        signal = np.pad(signal[spare : spare + WINDOW], (0, max(0, WINDOW - len(signal))))
        signal = signal - signal.mean()
        rms = float(np.sqrt(np.mean(signal**2)))
        if rms < _FLOOR:
            return np.full(SIZE, np.nan, np.float32)
        signal *= _LEVEL / rms
        self._net.set_tensor(self._input, signal[None].astype(np.float32))
        self._net.invoke()
        return np.concatenate((self._net.get_tensor(self._embedding)[0], self._net.get_tensor(self._logits)[0]))


class TaughtStream(IterableDataset[TaughtBatch]):
    """A stream's batches with the teacher's outputs; some windows are distorted first and lose their labels.

    Around a window that is shorter, the teacher gets a second of the mixture, or all of a mixture that is shorter too.
    Of windows that are silent to the student nothing is learnt.

    Parameters
    ----------
    stream : MixStream
    teacher : Path
        For `YamNet`.
    strange : float
        Share of windows that `irec_models.data.mixing.distortion.DistortedStream` changes beyond what their
        labels allow.
    noisy : float
        Share of windows in which the student alone gets noise (`irec_models.data.mixing.noise_overlay.NoiseOverlay`).
    """

    def __init__(self, stream: MixStream, teacher: Path, strange: float, noisy: float = 0.0) -> None:
        super().__init__()
        self.stream = stream
        self.config = stream.config
        self._path = teacher
        second = -(-WINDOW * stream.config.sample_rate // RATE)
        self._length = max(stream.config.window_length, min(second, stream.config.mix_length))
        self._distorted = DistortedStream(strange, stream.config.sample_rate)
        self._noisy = NoiseOverlay(noisy, stream.config.sample_rate, stream.config.window_length, seed=stream.seed)
        self._teacher: YamNet | None = None

    def __iter__(self) -> Iterator[TaughtBatch]:
        return map(self.taught_batch, steps_of_worker(self.stream.start_step))

    def taught_batch(self, step: int) -> TaughtBatch:
        """Taught batch number `step`; like `MixStream.batch` it depends on seed and step alone."""
        if self._teacher is None:  # interpreters do not travel to other processes
            self._teacher = YamNet(self._path, self.config.sample_rate)
        rng = np.random.default_rng([self.stream.seed, step, 1_000_003])
        batch, around, places = self.stream.surrounded(step, self._length)
        batch = self._distorted(rng, batch._replace(audio=torch.from_numpy(around)))
        around = batch.audio.numpy()
        taught = torch.from_numpy(self._teacher(around))
        windows = np.take_along_axis(around, places[:, None] + np.arange(self.config.window_length), axis=1)
        taught[torch.from_numpy(windows.std(axis=1) < _FLOOR)] = torch.nan
        return TaughtBatch(self._noisy(rng, batch._replace(audio=torch.from_numpy(windows))), taught)


def _find(tensors: list[dict[str, Any]], path: Path, name: str, shape: tuple[int, ...]) -> int:
    for tensor in tensors:
        if name in tensor["name"] and tuple(tensor["shape"]) == shape:
            return int(tensor["index"])
    raise DataError(f"{path} is not YAMNet's classification model: it has no '{name}' of shape {shape}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence standard error at the file descriptor: the interpreter prints its delegate there, past any logger."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
