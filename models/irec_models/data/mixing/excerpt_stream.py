"""Windows of real recordings, drawn by source: what the app will hear, in place of what can be put together.

A network that learns from mixtures of notes alone gets worse on music; one that draws by clip hears the largest sample
library and little else. Here every label is drawn alike, then one of its sources, then one of that source's clips.

Letters: B windows of a batch, T samples, K labels, N frames of a window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from irec_live.errors import DataError
from irec_models.data.manifests.labels import UNPITCHED, truth_of
from irec_models.data.manifests.selection import ClipSelection
from irec_models.data.mixing.effects import Noises, clipping_gain, codec_loss
from irec_models.data.mixing.pools import NOTHING, refuse_missing
from irec_models.data.mixing.rooms import Rooms
from irec_models.data.mixing.stream import Batch, BatchStream, MixStream
from irec_models.data.mixing.targets import frame_energy
from irec_models.progress import Progress

Array = npt.NDArray[np.float32]
Generator = np.random.Generator

SOMEWHERE = -1.0
"""In a batch's mask: the label sounds in at least one of the rows that say so, and nobody knows in which."""

_LEAST_S = 1.0  # a shorter source is drawn as often as one of this length
_TRIES = 4
_SOFT_DB = -26.0  # an excerpt this far below its clip is a pause
_AUDIBLE_DB = -18.0  # an overlaid excerpt this far below the loudest is masked
_LEVEL = 0.1
_SNR_DB = (0.0, 26.0)
_RINGING = 1e-8  # of a part's energy: what still rings where no part sounds belongs to those that did


@dataclass(eq=False)
class _Source:
    """Clips of one name and one source."""

    name: str
    clips: list[int] = field(default_factory=list)
    seconds: float = 0.0
    notes: bool = False


class ExcerptStream(BatchStream):
    """Batches of windows of real recordings, without end.

    Batch number n depends on the seed and n alone, like those of `irec_models.data.MixStream`.
    """

    def _open(self, selection: ClipSelection, progress: Progress, allow_missing_labels: bool) -> None:
        config = self.config
        per_mix = config.windows_per_mix
        self._mixed = round(config.excerpts.mixtures * config.batch_size / per_mix) * per_mix
        self._mixtures: MixStream | None = None
        if self._mixed:
            # Mixtures know when each voice sounds; excerpts of recordings are nearer to what a microphone gets.
            mixing = config.model_copy(update={"mode": "ensemble", "batch_size": self._mixed})
            self._mixtures = MixStream(
                mixing, selection, seed=self.seed, progress=progress, allow_missing_labels=allow_missing_labels
            )
        chosen = self.bank.select(selection)
        self._sources, self._bags = self._group(chosen)
        if not any(label in self._sources for label in self.labels):
            raise DataError(NOTHING)
        self.missing = frozenset(label for label in self.labels if label not in self._sources)
        if not allow_missing_labels:
            refuse_missing(self.missing)
        self._present = tuple(label for label in self.labels if label in self._sources)
        weights = np.array([config.label_weights.get(label, 1.0) for label in self._present])
        self._label_shares = weights / weights.sum()
        # By the root: much of one name must not crowd out the others, little of it must not come again and again.
        self._others = tuple(sorted(set(self._sources) - set(self.labels) - {"noise"}))
        seconds = [sum(source.seconds for source in self._sources[name]) for name in self._others]
        roots = np.sqrt(np.maximum(seconds, _LEAST_S))
        self._other_shares = roots / max(roots.sum(), 1e-9)
        self._available = np.array([label not in self.missing for label in self.labels], np.float32)
        self._inside = self._energy(np.ones(config.window_length, np.float32))
        self.rooms = Rooms(config.sample_rate, config.window_length, seed=self.seed)
        self.noises = Noises(config.sample_rate, config.window_length, seed=self.seed)

    def batch(self, step: int) -> Batch:
        """Batch number `step`: a bag, then excerpts, then windows of mixtures."""
        config = self.config
        rng = np.random.default_rng([self.seed, step, 5])
        count = config.batch_size - self._mixed
        audio = np.zeros((count, config.window_length), np.float32)
        present = np.zeros((count, len(self.labels)), np.float32)
        envelope = np.zeros((count, len(self.labels), config.frames), np.float32)
        mask = np.tile(self._available, (count, 1))
        bag = min(config.excerpts.bag, count) if self._bags else 0
        if bag:
            self._fill_bag(rng, audio[:bag], mask[:bag])
        for row in range(bag, count):
            audio[row] = self._window(rng, present[row], envelope[row], mask[row])
        real = Batch(*map(torch.from_numpy, (audio, present, envelope, mask)))
        if self._mixtures is None:
            return real
        mixed = self._mixtures.batch(step)
        return Batch(*(torch.cat(parts) for parts in zip(real, mixed, strict=True)))

    @property
    def _shortest_ensemble(self) -> int:
        """Samples that a clip of several instruments must be longer than."""
        return self.config.window_length

    # -- what there is ----------------------------------------------------------------------------------------------

    def _group(self, chosen: Sequence[int]) -> tuple[dict[str, list[_Source]], dict[str, list[int]]]:
        """Sources of each label or other name, and clips of several instruments by source."""
        grouped: dict[tuple[str, str, str], _Source] = {}
        bags: dict[str, list[int]] = defaultdict(list)
        for index in chosen:
            clip, entry = self.bank.clips[index], self.bank.entries[index]
            if entry.peak <= 0:
                continue
            truth = truth_of(clip.labels, clip.origin, self.labels, clip.unknown)
            if len(clip.labels) > 1:
                if truth.present and entry.length > self._shortest_ensemble:
                    bags[clip.source].append(index)
                continue
            name = next(iter(truth.present), clip.labels[0])
            source = grouped.setdefault((name, clip.source, clip.kind), _Source(name, notes=clip.kind == "notes"))
            source.clips.append(index)
            source.seconds += entry.length / self.bank.sample_rate
        sources: dict[str, list[_Source]] = defaultdict(list)
        for source in grouped.values():
            sources[source.name].append(source)
        return dict(sources), dict(bags)

    def _draw(self, rng: Generator, name: str) -> _Source:
        sources = self._sources[name]
        weights = np.sqrt(np.clip([source.seconds for source in sources], _LEAST_S, self.config.excerpts.source_s))
        return sources[int(rng.choice(len(sources), p=weights / weights.sum()))]

    def _draw_other(self, rng: Generator) -> str:
        """A name outside the labels, by the root of how much there is of it."""
        return self._others[int(rng.choice(len(self._others), p=self._other_shares))]

    # -- windows ----------------------------------------------------------------------------------------------------

    def _window(self, rng: Generator, present: Array, envelope: Array, mask: Array) -> Array:
        """One window; what is in it goes into the rows `present`, `envelope` and `mask`."""
        shares, kind = self.config.excerpts, rng.random()
        if (kind := kind - shares.silence) < 0:
            # Digital silence and the hiss of an idle input are both met in practice, and name nothing.
            level = 10.0 ** (rng.uniform(-110, -50) / 20) if rng.random() < 0.7 else 0.0
            return np.float32(level) * self.noises.hiss(rng)
        if (kind := kind - shares.noise) < 0 and "noise" in self._sources:
            sound = self._excerpt(rng, self._draw(rng, "noise"))
            if rng.random() < 0.25:
                sound = sound + np.float32(rng.uniform(0.1, 1.0)) * self._excerpt(rng, self._draw(rng, "noise"))
            return self._through(rng, sound, noise=False)[0]
        if (kind := kind - shares.others) < 0 and self._others:
            names = [self._draw_other(rng)]
        else:
            size = self._size(rng) if kind - shares.overlays < 0 else 1
            names = [str(name) for name in rng.choice(self._present, size, replace=False, p=self._label_shares)]
            for place in range(1, size):
                if self._others and rng.random() < self.config.other:
                    names[place] = self._draw_other(rng)
        energy = np.zeros((len(self.labels) + 1, self.config.frames))
        window, added = self._through(rng, self._sum(rng, names, present, energy, mask), noise=True)
        total = np.maximum(energy.sum(axis=0) + self._energy(added), 1e-30)
        envelope[:] = np.sqrt(energy[:-1] / total * (self._energy(window) / self._inside))
        return window

    def _energy(self, sound: Array) -> npt.NDArray[np.float64]:
        """Energy of a window's frames, (N,); those at the edges are as much lower as they reach beyond it."""
        (energy,) = frame_energy(sound[None], self.config.frame_length, self.config.frame_hop)
        return np.asarray(energy)

    def _size(self, rng: Generator) -> int:
        weights = np.array(self.config.sizes[2:], np.float64)
        if not weights.any():
            return min(2, len(self._present))
        return min(2 + int(rng.choice(len(weights), p=weights / weights.sum())), len(self._present))

    def _sum(
        self, rng: Generator, names: Sequence[str], present: Array, energy: npt.NDArray[np.float64], mask: Array
    ) -> Array:
        """Excerpts over each other; `energy` is of the labels' frames, and of all others' in its last row."""
        # The first is the loudest; every other is softer by up to the range, evenly in dB.
        below = np.append(0.0, rng.uniform(0.0, self.config.level_range_db, len(names) - 1))
        sound = np.zeros(self.config.window_length, np.float32)
        for name, less_db in zip(names, below.tolist(), strict=True):
            source = self._draw(rng, name)
            index = source.clips[int(rng.integers(len(source.clips)))]
            part = np.float32(10 ** (-less_db / 20)) * self._excerpt(rng, source, index)
            sound += part
            clip = self.bank.clips[index]
            truth = truth_of(clip.labels, clip.origin, self.labels, clip.unknown)
            own = self._energy(part)
            label = next(iter(truth.present), None)
            energy[-1 if label is None else self.labels.index(label)] += own + _RINGING * own.mean()
            for k, label in enumerate(self.labels):
                # A label that is too soft, or silent in this window, is neither asked for nor against.
                if label in truth.present and -less_db >= _AUDIBLE_DB and part.any():
                    present[k] = 1.0
                elif label in truth.unclear or label in truth.present:
                    mask[k] = 0.0
        # What one excerpt leaves open, another may hold for certain.
        mask[(present > 0) & (self._available > 0)] = 1.0
        return sound

    def _excerpt(self, rng: Generator, source: _Source, index: int | None = None) -> Array:
        """A window of one source at a fixed RMS; of a source of notes, some in a row."""
        if index is None:
            index = source.clips[int(rng.integers(len(source.clips)))]
        if source.notes and rng.random() >= self.config.excerpts.notes:
            sound = self._line(rng, source, index)
        else:
            sound = self._cut(rng, index)
        if rng.random() < self.config.excerpts.detune:
            sound = _detuned(sound, float(rng.uniform(-0.6, 0.6)))
        rms = float(np.sqrt(np.mean(sound**2)))
        return sound * np.float32(_LEVEL / rms) if rms > 1e-5 else sound

    def _cut(self, rng: Generator, index: int) -> Array:
        """As it was recorded: a window of a clip in which it sounds, or all of a shorter one somewhere in it."""
        length, entry = self.config.window_length, self.bank.entries[index]
        window = np.zeros(length, np.float32)
        if entry.length <= length:
            part = self.bank.audio(index)
            # A short clip may begin before the window or end after it, but two thirds or a half of it stay.
            start = int(rng.integers(-(len(part) // 3), length - len(part) + len(part) // 2 + 1))
            first = max(0, -start)
            part = part[first : first + length - max(0, start)]
            window[max(0, start) : max(0, start) + len(part)] = part
            return window
        for _ in range(_TRIES):
            start = int(rng.integers(0, entry.length - length + 1))
            window = self.bank.audio(index, start, length)
            if np.sqrt(np.mean(window**2)) > entry.rms * 10 ** (_SOFT_DB / 20):
                break
        return window

    def _line(self, rng: Generator, source: _Source, index: int) -> Array:
        """Notes of one source one after the other, their ends cut short as players do."""
        length, rate = self.config.window_length, self.config.sample_rate
        name = self.bank.clips[index].instrument
        # Of one instrument: a source may have recorded several under the label.
        kin = [other for other in source.clips if self.bank.clips[other].instrument == name]
        window = np.zeros(length, np.float32)
        pace = float(np.exp(rng.uniform(np.log(0.1), np.log(0.9))))
        fade = rate // 50
        place = -int(rng.uniform(0, 0.5) * rate)
        while place < length:
            seconds = pace * float(rng.choice([0.5, 1.0, 1.0, 1.5, 2.0]))
            # Beyond 1 a note rings into the next; what has no pitch is not damped by the player.
            held = rng.uniform(0.8, 1.6) if source.name not in UNPITCHED else 4.0
            note = self.bank.audio(index, 0, int(seconds * held * rate))
            if len(note) > fade:
                note[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
            note = note * np.float32(10 ** (rng.uniform(-9, 0) / 20))
            first = max(0, -place)
            part = note[first : first + length - max(0, place)]
            window[max(0, place) : max(0, place) + len(part)] += part
            place += max(int(seconds * rate), rate // 20)
            index = kin[int(rng.integers(len(kin)))]
        return window

    def _through(self, rng: Generator, sound: Array, *, noise: bool) -> tuple[Array, Array]:
        """A window as some microphone, room and file leave it, with noise beneath; and that noise as it was made."""
        chances = self.config.excerpts
        rms = max(float(np.sqrt(np.mean(sound**2))), 1e-6)
        gains, added = self.rooms.flat(), np.zeros_like(sound)
        room = self.rooms.draw_room(rng) if rng.random() < chances.room else None
        colour = rng.random() < chances.colour
        if colour:
            gains = gains * self.rooms.draw_equaliser(rng, 4.0)
        if noise and rng.random() < chances.noisy and "noise" in self._sources:
            snr = float(rng.uniform(*_SNR_DB))
            added += np.float32(rms / _LEVEL * 10 ** (-snr / 20)) * self._excerpt(rng, self._draw(rng, "noise"))
        if noise and rng.random() < chances.noisy / 2:
            snr = float(rng.uniform(*_SNR_DB))
            added += np.float32(rms * 10 ** (-snr / 20)) * self.noises.hiss(rng)
        sound = sound + added
        limited = rng.random() < chances.band_limit
        if limited:
            cut = float(np.exp(rng.uniform(np.log(3000), np.log(11000))))
            gains = gains * self.rooms.low_pass(cut, int(rng.choice([4, 16, 32])))
            if rng.random() < 0.3:
                gains = gains * self.rooms.high_pass(float(rng.uniform(60, 300)), int(rng.choice([1, 2, 4])))
        if room is not None or colour or limited:
            sound = self.rooms.apply(sound, gains, room)
        # As in the world: room, noise beside the player, then the microphone's band, clipping and coding.
        peak = max(float(np.abs(sound).max()), 1e-6)
        if rng.random() < chances.clipping:
            sound = sound * clipping_gain(sound, peak * float(rng.uniform(0.2, 0.7)), soft=bool(rng.random() < 0.5))
        if rng.random() < chances.codec:
            sound = codec_loss(sound, self.config.sample_rate, rng)
        peak = max(float(np.abs(sound).max()), 1e-6)
        gain = np.float32(min(10 ** (rng.uniform(-30, 0) / 20), 1.0) / peak)
        return np.asarray(sound * gain, np.float32), added

    def _fill_bag(self, rng: Generator, audio: Array, mask: Array) -> None:
        """Windows spread over one clip of several instruments; what it has none of is known of all of them."""
        length = self.config.window_length
        clips = list(self._bags.values())[int(rng.integers(len(self._bags)))]
        index = clips[int(rng.integers(len(clips)))]
        clip, entry = self.bank.clips[index], self.bank.entries[index]
        truth = truth_of(clip.labels, clip.origin, self.labels, clip.unknown)
        for k, label in enumerate(self.labels):
            if label in truth.present and self._available[k]:
                mask[:, k] = SOMEWHERE
            elif label in truth.unclear:
                mask[:, k] = 0.0
        # One window from each stretch of the clip: what plays somewhere should play in one of them.
        edges = np.linspace(0, entry.length - length, len(audio) + 1)
        for row, start in zip(audio, rng.uniform(edges[:-1], edges[1:]).astype(int).tolist(), strict=True):
            row[:], _ = self._through(rng, self.bank.audio(index, start, length).copy(), noise=True)


def _detuned(sound: Array, semitones: float) -> Array:
    """As if played a little faster or slower, timbre and time with it; the same length, ends repeated not at all."""
    step = 2.0 ** (semitones / 12)
    places = np.arange(len(sound)) * step
    return np.asarray(np.interp(places, np.arange(len(sound)), sound, right=0.0), np.float32)
