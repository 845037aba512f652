"""Seconds of sound with labels that come and go, for networks that hear more than one window.

Real recordings as `irec_models.data.mixing.excerpt_stream` draws them, one or more, that enter, leave, or are followed
by something else; mixtures of notes; ensembles of which is known who plays, but not when.

Letters: T samples, R windows, K labels, P parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from irec_models.data import ClipSelection, StreamConfig
from irec_models.data.manifests.labels import truth_of
from irec_models.data.mixing.excerpt_stream import SOMEWHERE, ExcerptStream
from irec_models.data.mixing.mixer import Mixer
from irec_models.data.mixing.pools import Pools
from irec_models.data.mixing.stream import Batch, energies_of
from irec_models.data.mixing.targets import presence
from irec_models.progress import Progress, silent

Array = npt.NDArray[np.float32]
Generator = np.random.Generator


class SequencePlan(NamedTuple):
    """How long sequences are, and what is said of them.

    Attributes
    ----------
    seconds : float
        Of a sequence; a multiple of 0.05, and a whole number of hops.
    hop_s : float
        From one window to the next.
    window_s : float
        Of a window; a multiple of `hop_s`.
    """

    seconds: float = 10.0
    hop_s: float = 0.25
    window_s: float = 1.0


USUAL = SequencePlan()
"""What networks of windows learn from."""


_BAGS, _MIXTURES, _SILENCE, _NOISE, _OTHERS, _SOLOS = 0.20, 0.14, 0.03, 0.16, 0.17, 0.30
"""Share of ensembles; then, of the rest, of each kind, and what is left are recordings over each other."""
_FOLLOWED = 0.25  # by something else
_ENSEMBLE_S = 3.0  # at least; what is shorter than a sequence is followed by silence
_LATE = 0.35  # parts that enter or leave
_ON_DB, _OFF_DB = -24.0, -42.0  # a window's level against its part's: sounds, is silent; neither counts between
_MASKED_DB = -18.0  # below the loudest part


class Labelled(NamedTuple):
    """A sequence.

    Attributes
    ----------
    audio : (T,) float32
    presence : (R, K) float32
        1 where a label sounds in a window.
    mask : (R, K) float32
        1 where that is known, 0 where not, `SOMEWHERE` where it sounds in some of the windows that say so.
    """

    audio: Array
    presence: Array
    mask: Array


def _sequence_config(config: StreamConfig, plan: SequencePlan, batch_size: int) -> StreamConfig:
    """The same stream, but with windows as long as a sequence."""
    changes = {
        "window_length": round(plan.seconds * config.sample_rate),
        "mix_s": plan.seconds,
        "windows_per_mix": 1,
        "batch_size": batch_size,
        "excerpts": config.excerpts.model_copy(update={"mixtures": 0.0}),
    }
    return config.model_copy(update=changes)


class SequenceStream(ExcerptStream):
    """Sequences without end; number n depends on the seed and n alone.

    Parameters
    ----------
    config : StreamConfig
        Of the windows that a network would be trained on.
    selection, seed, start_step, progress, allow_missing_labels
        As of `ExcerptStream`.
    plan : SequencePlan
    batch_size : int
        Sequences of a batch.
    """

    def __init__(
        self,
        config: StreamConfig,
        selection: ClipSelection,
        *,
        seed: int,
        plan: SequencePlan = USUAL,
        batch_size: int = 1,
        start_step: int = 0,
        progress: Progress = silent,
        allow_missing_labels: bool = False,
    ) -> None:
        self.plan = plan
        super().__init__(
            _sequence_config(config, plan, batch_size),
            selection,
            seed=seed,
            start_step=start_step,
            progress=progress,
            allow_missing_labels=allow_missing_labels,
        )

    def _open(self, selection: ClipSelection, progress: Progress, allow_missing_labels: bool) -> None:
        super()._open(selection, progress, allow_missing_labels)
        pools = Pools(self.bank, self.bank.select(selection), self.labels, allow_missing=allow_missing_labels)
        self.mixer = Mixer(self.bank, pools, self.config, seed=self.seed)

    @property
    def _shortest_ensemble(self) -> int:
        return round(_ENSEMBLE_S * self.config.sample_rate)

    @property
    def hop(self) -> int:
        """Samples from one window to the next."""
        return round(self.plan.hop_s * self.config.sample_rate)

    @property
    def windows(self) -> int:
        """R."""
        return (self.config.window_length - round(self.plan.window_s * self.config.sample_rate)) // self.hop + 1

    def sequence(self, number: int) -> Labelled:
        """Sequence number `number`."""
        rng = np.random.default_rng([self.seed, number, 7])
        if self._bags and rng.random() < _BAGS:
            return self._ensemble(rng)
        first = self._scene(rng)
        return self._followed(rng, first, self._scene(rng)) if rng.random() < _FOLLOWED else first

    def batch(self, step: int) -> Batch:
        """Batch number `step`: as many sequences as the config's `batch_size`; presence and mask are (B, R, K)."""
        size = self.config.batch_size
        found = [self.sequence(step * size + place) for place in range(size)]
        audio, presence, mask = (
            torch.from_numpy(np.stack(part))
            for part in ([each.audio for each in found], [each.presence for each in found], [e.mask for e in found])
        )
        return Batch(audio, presence, torch.zeros(size, len(self.labels), 0), mask)

    def _scene(self, rng: Generator) -> Labelled:
        kind = rng.random()
        if (kind := kind - _MIXTURES) < 0:
            return self._mixture(rng)
        nobody = np.zeros((self.windows, len(self.labels)), np.float32)
        known = np.tile(self._available, (self.windows, 1))
        if (kind := kind - _SILENCE) < 0:
            level = np.float32(10.0 ** (rng.uniform(-110, -50) / 20))
            return Labelled(level * self.noises.hiss(rng), nobody, known)
        if (kind := kind - _NOISE) < 0 and "noise" in self._sources:
            sound = self._excerpt(rng, self._draw(rng, "noise"))
            if rng.random() < 0.25:
                sound = sound + np.float32(rng.uniform(0.1, 1.0)) * self._excerpt(rng, self._draw(rng, "noise"))
            return Labelled(self._through(rng, sound, noise=False)[0], nobody, known)
        if (kind := kind - _OTHERS) < 0 and self._others:
            names = [self._draw_other(rng) for _ in range(1 + int(rng.random() < 0.15))]
        else:
            size = 1 if kind - _SOLOS < 0 else self._size(rng)
            names = [str(name) for name in rng.choice(self._present, size, replace=False, p=self._label_shares)]
            for place in range(1, size):
                if self._others and rng.random() < self.config.other:
                    names[place] = self._draw_other(rng)
        return self._together(rng, names)

    def _together(self, rng: Generator, names: Sequence[str]) -> Labelled:
        """One part of each name, the first the loudest, through one microphone."""
        below = np.append(0.0, rng.uniform(0.0, 15.0, len(names) - 1))
        parts = np.zeros((len(names), self.config.window_length), np.float32)
        sounding = np.zeros((self.windows, len(self.labels)), np.float32)
        mask = np.tile(self._available, (self.windows, 1))
        truths = []
        for part, name, less_db in zip(parts, names, below.tolist(), strict=True):
            source = self._draw(rng, name)
            index = source.clips[int(rng.integers(len(source.clips)))]
            part[:] = self._excerpt(rng, source, index) * np.float32(10 ** (-less_db / 20))
            if rng.random() < _LATE:
                self._enter_or_leave(rng, part)
            clip = self.bank.clips[index]
            truths.append(truth_of(clip.labels, clip.origin, self.labels, clip.unknown))
        sounds, silent = self._activity(parts)
        for truth, on, off in zip(truths, sounds, silent, strict=True):
            for k, label in enumerate(self.labels):
                if label in truth.present:
                    sounding[on, k] = 1.0
                    mask[~on & ~off, k] = 0.0
                elif label in truth.unclear:
                    mask[:, k] = 0.0
        # What one part leaves open, another may hold for certain.
        mask[(sounding > 0) & (self._available > 0)] = 1.0
        return Labelled(self._through(rng, parts.sum(axis=0), noise=True)[0], sounding, mask)

    def _enter_or_leave(self, rng: Generator, part: Array) -> None:
        place = int(rng.uniform(0.05, 0.7) * len(part))
        if rng.random() < 0.6:
            fade = self.config.sample_rate // 100
            part[:place] = 0.0
            part[place : place + fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        else:
            part[len(part) - place :] = 0.0

    def _activity(self, parts: Array) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """In which windows each of the parts sounds plainly, and in which it is plainly silent: both (P, R)."""
        squares = np.square(parts, dtype=np.float64)
        hops = squares.reshape(len(parts), -1, self.hop).mean(axis=2)
        many = round(self.plan.window_s / self.plan.hop_s)
        levels = np.sqrt(np.lib.stride_tricks.sliding_window_view(hops, many, axis=1).mean(axis=2)) + 1e-9
        moments = np.sqrt(squares.reshape(len(parts), -1, self.config.sample_rate // 20).mean(axis=2))
        usual = np.array([_usual(part) for part in moments])[:, None]
        own_db, beside_db = 20 * np.log10(levels / usual), 20 * np.log10(levels / levels.max(axis=0))
        return (own_db > _ON_DB) & (beside_db > _MASKED_DB), own_db < _OFF_DB

    def _followed(self, rng: Generator, first: Labelled, second: Labelled) -> Labelled:
        """A scene, and another in its place from some moment on."""
        many = round(self.plan.window_s / self.plan.hop_s)
        start = int(rng.integers(2 * many, self.windows - many))  # the first window that has nothing of the first
        place, fade = start * self.hop, self.config.sample_rate // 50
        rise = np.linspace(0, 1, fade, dtype=np.float32)
        audio, sounding, mask = (part.copy() for part in first)
        audio[place:] = second.audio[: len(audio) - place]
        meet = slice(place, place + fade)
        audio[meet] = first.audio[meet] * (1 - rise) + second.audio[:fade] * rise
        sounding[start:], mask[start:] = second.presence[: len(sounding) - start], second.mask[: len(sounding) - start]
        after, known = second.presence[0], second.mask[0]
        for row in range(start - many + 1, start):  # windows that have some of both
            sounding[row] = np.maximum(first.presence[row], after)
            mask[row] = np.minimum(first.mask[row], known)
            if row == start - many + 1:  # a first quarter of what comes
                mask[row, (first.presence[row] == 0) & (after == 1)] = 0.0
            if row == start - 1:  # a last quarter of what went
                mask[row, (first.presence[row] == 1) & (after == 0)] = 0.0
        return Labelled(audio, sounding, mask)

    def _mixture(self, rng: Generator) -> Labelled:
        config, mix = self.config, self.mixer.render(rng)
        energy, rest, unclear = energies_of(mix, mix.voices, self.labels, config)
        sounding = np.zeros((self.windows, len(self.labels)), np.float32)
        mask = np.zeros_like(sounding)
        length = round(self.plan.window_s * config.sample_rate)
        for row in range(self.windows):
            # Frames at either end reach beyond the window.
            frames = slice(-(-row * self.hop // config.frame_hop) + 1, (row * self.hop + length) // config.frame_hop)
            frame_s = config.frame_hop / config.sample_rate
            sounding[row], clear = presence(energy[:, frames], rest[:, frames], frame_s, self.plan.window_s)
            mask[row] = clear * self._available * (1 - unclear * (1 - sounding[row]))
        return Labelled(mix.audio, sounding, mask)

    def _ensemble(self, rng: Generator) -> Labelled:
        """Some seconds of one recording of several instruments."""
        length = self.config.window_length
        # By recording: a source may be one moment of an orchestra, or many songs of a band.
        clips = [index for recorded in self._bags.values() for index in recorded]
        index = clips[int(rng.integers(len(clips)))]
        clip, entry = self.bank.clips[index], self.bank.entries[index]
        start = int(rng.integers(0, max(1, entry.length - length)))
        part = self.bank.audio(index, start, length)
        audio = np.zeros(length, np.float32)
        audio[: len(part)] = part
        truth = truth_of(clip.labels, clip.origin, self.labels, clip.unknown)
        mask = np.tile(self._available, (self.windows, 1))
        for k, label in enumerate(self.labels):
            if label in truth.present and self._available[k]:
                mask[:, k] = SOMEWHERE
            elif label in truth.unclear:
                mask[:, k] = 0.0
        ends = np.arange(self.windows) * self.hop + round(self.plan.window_s * self.config.sample_rate)
        mask[ends > max(len(part), ends[0])] = 0.0
        return Labelled(self._through(rng, audio, noise=True)[0], np.zeros_like(mask), mask)


def _usual(moments: npt.NDArray[np.float64]) -> float:
    """RMS of the moments that sound; 1 for silence."""
    loud = moments[moments > moments.max() * 0.1]
    return float(np.sqrt(np.mean(loud**2))) if len(loud) else 1.0
