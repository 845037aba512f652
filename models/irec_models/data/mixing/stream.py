"""Training data stream: an endless series of batches of windows of mixtures.

Letters: B windows of a batch, T samples, K labels, N frames of a window, M frames of a mixture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from irec_models.data.manifests.bank import Bank
from irec_models.data.manifests.selection import ClipSelection
from irec_models.data.mixing.balance import balance
from irec_models.data.mixing.config import StreamConfig
from irec_models.data.mixing.mixer import Mix, Mixer
from irec_models.data.mixing.pools import Pools, Voice
from irec_models.data.mixing.targets import frame_energy, presence
from irec_models.progress import Progress, silent

Array = npt.NDArray[np.float32]


class Batch(NamedTuple):
    """A batch of windows and their targets; float32 tensors.

    Attributes
    ----------
    audio : (B, T)
        Samples in [-1, 1].
    presence : (B, K)
        1 where a stem of the label is audible in the window, else 0.
    envelope : (B, K, N)
        RMS of each label's stems as they sound in the mixture, frames centred on 0, hop, 2 hop ... of the window.
        Frames at the edges reach beyond the window: what sounds there counts, as it does for a listener.
    mask : (B, K)
        1 where `presence` is known; 0 where the label is left out of the loss and of scores.
    """

    audio: torch.Tensor
    presence: torch.Tensor
    envelope: torch.Tensor
    mask: torch.Tensor


class BatchStream(IterableDataset[Batch]):
    """Protocol of an endless data stream: batches by their number.

    Parameters
    ----------
    config : StreamConfig
    selection : ClipSelection
        What is drawn from, and K labels.
    seed : int
    start_step : int
        First batch of an iteration.
    progress : Progress
        Told of the decoding.
    allow_missing_labels : bool
        Accept labels without examples; they are masked.

    Attributes
    ----------
    missing : frozenset of str
        Those labels.

    Raises
    ------
    DataError
        Folder, manifest, column, file or source missing, no clips, or a label without examples that was not allowed.
    """

    missing: frozenset[str]

    def __init__(
        self,
        config: StreamConfig,
        selection: ClipSelection,
        *,
        seed: int,
        start_step: int = 0,
        progress: Progress = silent,
        allow_missing_labels: bool = False,
    ) -> None:
        super().__init__()
        if start_step < 0 or seed < 0:
            raise ValueError("seed and start_step must not be negative")
        self.config = config
        self.labels = selection.labels
        self.seed = seed
        self.start_step = start_step
        self.bank = Bank(selection.folders, config.sample_rate, progress=progress)
        self._open(selection, progress, allow_missing_labels)

    def _open(self, selection: ClipSelection, progress: Progress, allow_missing_labels: bool) -> None:
        """Look at what there is to draw from; the last step of making a stream."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Batch]:
        return map(self.batch, steps_of_worker(self.start_step))

    def batch(self, step: int) -> Batch:
        """Batch number `step`."""
        raise NotImplementedError


class MixStream(BatchStream):
    """Endless stream of batches of windows cut from newly rendered mixtures.

    Batch number n depends on the seed and n alone: not on the number of workers, nor on the batches before it. A
    training that is resumed at step n therefore gets the same batches as an uninterrupted one.
    """

    def _open(self, selection: ClipSelection, progress: Progress, allow_missing_labels: bool) -> None:
        chosen = self.bank.select(selection)
        if self.config.balance:
            chosen = self._balanced(chosen, self.config.balance)
        self.pools = Pools(self.bank, chosen, self.labels, allow_missing=allow_missing_labels)
        self.missing = self.pools.missing
        self.mixer = Mixer(self.bank, self.pools, self.config, seed=self.seed)
        # Frames at either end that reach beyond a window: its envelope has them, its presence must not.
        self._reach = -(-(self.config.frame_length // 2) // self.config.frame_hop)
        self._margin = self._reach if self.config.frames > 2 * self._reach else 0
        self._available = np.array([label not in self.missing for label in self.labels], np.float32)

    def _balanced(self, chosen: Sequence[int], factor: float) -> list[int]:
        """The clips of single labels in equal numbers; all others as they are."""
        clips = [self.bank.clips[index] for index in chosen]
        alone = [clip.labels[0] if len(clip.labels) == 1 and clip.labels[0] in self.labels else None for clip in clips]
        rng = np.random.default_rng([self.seed, len(clips)])
        return [chosen[place] for place in balance(alone, factor, rng)]

    def batch(self, step: int) -> Batch:
        """Batch number `step`."""
        return self.surrounded(step, self.config.window_length)[0]

    def surrounded(self, step: int, length: int) -> tuple[Batch, Array, npt.NDArray[np.int64]]:
        """Batch number `step`, and the mixture around its windows.

        Parameters
        ----------
        step : int
        length : int
            L samples, from a window's length to a mixture's.

        Returns
        -------
        batch : Batch
        around : (B, L) float32
            The windows with as much of their mixtures before as after them, but nothing beyond a mixture's ends.
        places : (B,) int64
            First sample of each window in it.

        Raises
        ------
        ValueError
            `length` is shorter than a window or longer than a mixture.
        """
        config = self.config
        if not config.window_length <= length <= config.mix_length:
            raise ValueError(
                f"length must lie from {config.window_length} to {config.mix_length}, which {length} does not"
            )
        count, frames = len(self.labels), config.frames
        audio = np.empty((config.batch_size, config.window_length), np.float32)
        present = np.empty((config.batch_size, count), np.float32)
        envelope = np.empty((config.batch_size, count, frames), np.float32)
        mask = np.empty((config.batch_size, count), np.float32)
        around = np.empty((config.batch_size, length), np.float32)
        places = np.empty(config.batch_size, np.int64)
        per_mix = config.windows_per_mix
        for number in range(config.batch_size // per_mix):
            rng = np.random.default_rng([self.seed, step, number])
            part = slice(number * per_mix, (number + 1) * per_mix)
            mix = self.mixer.render(rng)
            firsts = self._cut(rng, mix, audio[part], present[part], envelope[part], mask[part])
            begins = np.clip(firsts - (length - config.window_length) // 2, 0, len(mix.audio) - length)
            around[part] = mix.audio[begins[:, None] + np.arange(length)]
            places[part] = firsts - begins
        return Batch(*map(torch.from_numpy, (audio, present, envelope, mask))), around, places

    def _cut(
        self, rng: np.random.Generator, mix: Mix, audio: Array, present: Array, envelope: Array, mask: Array
    ) -> npt.NDArray[np.int64]:
        """Fill the windows of one mixture; their first samples in it."""
        config = self.config
        energy, rest, unclear = self.energies(mix)
        starts = self._starts(rng, len(audio), energy.shape[1])
        window_s = config.window_length / config.sample_rate
        frame_s = config.frame_hop / config.sample_rate
        for i, start in enumerate(starts.tolist()):
            frames = slice(start, start + config.frames)
            first = start * config.frame_hop
            audio[i] = mix.audio[first : first + config.window_length]
            envelope[i] = np.sqrt(energy[:, frames])
            inside = slice(frames.start + self._margin, frames.stop - self._margin)
            present[i], clear = presence(energy[:, inside], rest[:, inside], frame_s, window_s)
            mask[i] = clear * self._available
            if unclear.any():
                # Somebody plays what may or may not be this label: neither answer would be an error.
                mask[i] *= 1 - unclear * (1 - present[i])
        return starts * config.frame_hop

    def energies(self, mix: Mix) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Array]:
        """Frame energies of a mixture; see `energies_of`."""
        return energies_of(mix, mix.voices, self.labels, self.config)

    def _starts(self, rng: np.random.Generator, count: int, frames: int) -> npt.NDArray[np.int64]:
        """First frames of windows: spread over the mixture, away from its ends where there is room."""
        config = self.config
        last = (config.mix_length - config.window_length) // config.frame_hop
        low, high = (self._reach, last - self._reach) if last >= 2 * self._reach else (0, last)
        edges = np.linspace(low, high + 1, count + 1)
        drawn = np.floor(rng.uniform(edges[:-1], edges[1:])).astype(np.int64)
        return np.clip(drawn, low, min(high, frames - config.frames))


def energies_of(
    mix: Mix, voices: Sequence[Voice], labels: Sequence[str], config: StreamConfig
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Array]:
    """Frame energies of a mixture.

    Parameters
    ----------
    mix : Mix
    voices : sequence of Voice
        Who plays each of its stems, as `labels` name them (`irec_models.data.mixing.pools.named_by`).
    labels : sequence of str
        K labels.
    config : StreamConfig
        Of the frames.

    Returns
    -------
    energy : (K, M) float64
        Of each label's stems together.
    rest : (K, M) float64
        Of everything else at the same time.
    unclear : (K,) float32
        1 where a stem may or may not be that label.
    """
    sounds = np.concatenate((mix.stems, mix.bed[None]))
    energies = frame_energy(sounds, config.frame_length, config.frame_hop)
    energy = np.zeros((len(labels), energies.shape[1]))
    unclear = np.zeros(len(labels), np.float32)
    for voice, stem in zip(voices, energies[:-1], strict=True):
        if voice.label is not None:
            energy[labels.index(voice.label)] += stem
        for name in voice.unclear:
            unclear[labels.index(name)] = 1.0
    rest = np.maximum(energies.sum(axis=0) - energy, 0.0)
    return energy, rest, unclear


def steps_of_worker(start_step: int) -> Iterator[int]:
    """Numbers of the batches that this process makes, without end: with n processes, every n-th."""
    worker = get_worker_info()
    return count(start_step + worker.id, worker.num_workers) if worker else count(start_step)


def make_loader(stream: IterableDataset[Any], workers: int = 0) -> DataLoader[Any]:
    """A loader of a stream's batches, in order.

    Parameters
    ----------
    stream : MixStream or another endless data set of batches
    workers : int
        Processes that render ahead; 0 renders in this process.
    """
    if workers < 0:
        raise ValueError(f"workers must not be negative, not {workers}")
    return DataLoader(
        stream,
        batch_size=None,
        num_workers=workers,
        persistent_workers=False,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_one_thread if workers else None,
    )


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
