"""Mixtures of phrases whose every stem is known.

Letters: S stems, T samples, K labels, M frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irec_models.data.manifests.bank import Bank
from irec_models.data.mixing.compose import Setting
from irec_models.data.mixing.config import StreamConfig
from irec_models.data.mixing.effects import Noises, cabinet_gains, clipping_gain, codec_loss, compressor_gain, overdrive
from irec_models.data.mixing.phrases import PHRASE_RMS, active_rms, fade, render_phrase
from irec_models.data.mixing.pools import Pools, Voice
from irec_models.data.mixing.rooms import Rooms

Audio = npt.NDArray[np.float32]
Generator = np.random.Generator


@dataclass(frozen=True, eq=False)
class Mix:
    """One rendered mixture.

    Attributes
    ----------
    audio : (T,) float32
        The mixture as a microphone records it, within [-1, 1].
    stems : (S, T) float32
        Its parts as they sound in it, effects and final gain included: ``audio`` is their sum plus `bed`, but for a
        codec's errors and a constant offset.
    voices : tuple of Voice
        Who plays each stem.
    bed : (T,) float32
        Noise that belongs to nobody.
    """

    audio: Audio
    stems: Audio
    voices: tuple[Voice, ...]
    bed: Audio


class Mixer:
    """Renders mixtures.

    Parameters
    ----------
    bank : Bank
    pools : Pools
    config : StreamConfig
    seed : int
        Of the rooms and noises; each mixture has a generator of its own.
    """

    def __init__(self, bank: Bank, pools: Pools, config: StreamConfig, *, seed: int = 0) -> None:
        if bank.sample_rate != config.sample_rate:
            raise ValueError(f"the bank is at {bank.sample_rate} Hz, the configuration at {config.sample_rate} Hz")
        self.bank = bank
        self.pools = pools
        self.config = config
        self.length = config.mix_length
        self.rooms = Rooms(config.sample_rate, self.length, seed=seed)
        self.noises = Noises(config.sample_rate, self.length, seed=seed)
        self._sizes = np.array(config.sizes) / sum(config.sizes)

    def render(self, rng: Generator, *, size: int | None = None, names: Sequence[str] | None = None) -> Mix:
        """A mixture.

        Parameters
        ----------
        rng : Generator
            Everything random comes from here.
        size : int, optional
            How many sources; drawn by default.
        names : sequence of str, optional
            Which labels or other names play; drawn by default.
        """
        if self.config.mode == "neuroment":
            return self._neuroment(rng, size, names)
        if names is None:
            count = int(rng.choice(len(self._sizes), p=self._sizes)) if size is None else size
            names = self.pools.draw_names(count, self.config.other, rng, self.config.label_weights)
        voices = tuple(self.pools.draw(name, rng) for name in names)
        colour = self._mixture_colour(rng)
        stems = self._ensemble(rng, voices, colour)
        bed = self._bed(rng, colour, empty=not voices)
        return self._finish(rng, stems, bed, voices)

    # -- stems ------------------------------------------------------------------------------------------------------

    def _ensemble(self, rng: Generator, voices: Sequence[Voice], colour: Audio | None) -> Audio:
        shared = Setting.draw(rng) if rng.random() < 0.5 else None
        if self.config.together and rng.random() < self.config.together:
            shared = Setting.together(rng, self.length / self.config.sample_rate)
        stems = np.zeros((len(voices), self.length), np.float32)
        levels = self._levels(rng, len(voices))
        for stem, voice, level_db in zip(stems, voices, levels, strict=True):
            dry = self._part(rng, voice, shared)
            stem[:] = self._through_air(rng, voice, dry, colour) * np.float32(10 ** (level_db / 20))
        return stems

    def _levels(self, rng: Generator, count: int) -> list[float]:
        """dB of each stem: the first leads, now and then another is only just there."""
        below = rng.uniform(0, self.config.level_range_db, count)
        # One in ten is almost covered by the others: to be named all the same, if it can be told.
        faint = np.where(rng.random(count) < 0.1, rng.uniform(0, 18, count), 0.0)
        return [0.0 if i == 0 else -float(below[i] + faint[i]) for i in range(count)]

    def _part(self, rng: Generator, voice: Voice, shared: Setting | None) -> Audio:
        augment = self.config.augment
        # Not everybody plays throughout: entries and endings are what an event begins and ends with.
        start, stop = 0, self.length
        if rng.random() >= self.config.same_start:
            if rng.random() < 0.5:
                start = int(rng.uniform(0, 0.6) * self.length)
            else:
                stop = int(rng.uniform(0.3, 1.0) * self.length)
        # Up to a quarter-tone is another tuning; a few semitones are another register of the same samples.
        semitones = 0.0
        if rng.random() < augment.detune:
            semitones += float(rng.uniform(-0.5, 0.5))
        if rng.random() < augment.transpose:
            semitones += float(rng.uniform(-5, 5))
        single = rng.random() >= self.config.phrases
        section = self.config.section and voice.kind == "notes" and not voice.polyphonic and not single
        if section and rng.random() < self.config.section:
            return self._section(rng, voice, shared, start, stop)
        if shared and shared.chords:
            return self._cut(self._in_tune(rng, voice, shared), start, stop)
        phrase = render_phrase(
            self.bank,
            voice,
            stop - start,
            rng,
            setting=shared,
            semitones=semitones,
            single=single,
            expression=self.config.expression,
        )
        return self._cut(phrase, start, stop, at=start)

    def _section(self, rng: Generator, voice: Voice, shared: Setting | None, start: int, stop: int) -> Audio:
        """Two to four players of one instrument, each a little out of time and tune."""
        if shared is None or not shared.chords:
            shared = Setting.together(rng, self.length / self.config.sample_rate)
        part = np.zeros(self.length, np.float32)
        for _ in range(int(rng.integers(2, 5))):
            late = int(rng.exponential(0.012) * self.config.sample_rate)
            level = np.float32(10 ** (-rng.uniform(0, 8) / 20))
            part[late:] += level * self._in_tune(rng, voice, shared)[: self.length - late]
        # Players add up by chance phases: brought back to one player's level, or sections would be told by loudness.
        active = active_rms(part, self.config.sample_rate)
        return self._cut(part * np.float32(PHRASE_RMS / active if active > 0 else 1.0), start, stop)

    def _in_tune(self, rng: Generator, voice: Voice, shared: Setting) -> Audio:
        semitones = float(rng.normal(0, 0.06))
        return render_phrase(
            self.bank,
            voice,
            self.length,
            rng,
            setting=shared,
            semitones=semitones,
            expression=self.config.expression,
        )

    def _cut(self, sound: Audio, start: int, stop: int, *, at: int = 0) -> Audio:
        """The part from `start` to `stop` (samples) of a sound that begins at `at`, faded where it is cut."""
        short = self.config.sample_rate // 50
        part = np.zeros(self.length, np.float32)
        part[start:stop] = fade(
            sound[start - at : stop - at], short if start > at else 0, short if stop < self.length else 0
        )
        return part

    def _through_air(self, rng: Generator, voice: Voice, dry: Audio, colour: Audio | None) -> Audio:
        augment = self.config.augment
        gains = self.rooms.flat() if colour is None else colour
        changed = colour is not None
        if voice.name == "electric guitar" and rng.random() < augment.distortion:
            dry = overdrive(dry, float(rng.uniform(0, 40)), bias=float(rng.uniform(0, 0.4)))
            gains = gains * cabinet_gains(self.rooms.band_hz, rng)
            level = active_rms(dry, self.config.sample_rate)
            # Back to the level of other phrases: distortion must not make an instrument the loudest of the mixture.
            dry *= np.float32(PHRASE_RMS / level if level > 0 else 1.0)
            changed = True
        if rng.random() < augment.tone:
            gains = gains * self.rooms.draw_equaliser(rng, 3.0)
            changed = True
        room = self.rooms.draw_room(rng) if rng.random() < augment.room else None
        return self.rooms.apply(dry, gains, room) if changed or room is not None else dry

    # -- the mixture as a whole -------------------------------------------------------------------------------------

    def _mixture_colour(self, rng: Generator) -> Audio | None:
        augment = self.config.augment
        gains: Audio | None = None
        if rng.random() < augment.equaliser:
            gains = self.rooms.draw_equaliser(rng, 5.0)
        if rng.random() < augment.band_limit:
            gains = self.rooms.flat() if gains is None else gains
            top = 0.5 * self.config.sample_rate
            cut = float(np.exp(rng.uniform(np.log(2800), np.log(11000))))
            if cut < top:
                gains = gains * self.rooms.low_pass(cut, int(rng.choice([2, 4, 16, 32])))
            if rng.random() < 0.3:
                gains = gains * self.rooms.high_pass(float(rng.uniform(60, 350)), int(rng.choice([1, 2, 4])))
        return gains

    def _bed(self, rng: Generator, colour: Audio | None, *, empty: bool) -> Audio:
        augment = self.config.augment
        bed = np.zeros(self.length, np.float32)
        silent = empty and rng.random() < 0.2
        # An empty mixture is mostly made of noise, or it would be digital silence every time.
        boost = 3.0 if empty and augment.hiss > 0 else 1.0
        if rng.random() < augment.hiss * boost:
            bed += self.noises.hiss(rng) * np.float32(0.1 * 10 ** (-rng.uniform(10, 60) / 20))
        if rng.random() < augment.hum * boost:
            bed += self.noises.hum(rng) * np.float32(0.1 * 10 ** (-rng.uniform(12, 50) / 20))
        if self.pools.has_noise and rng.random() < augment.bed * boost:
            voice = self.pools.draw("noise", rng)
            noise = render_phrase(self.bank, voice, self.length, rng)
            bed += noise * np.float32(10 ** (-rng.uniform(0 if empty else 6, 40) / 20))
        if augment.loud_noise and rng.random() < augment.loud_noise:
            bed += self.noises.hiss(rng) * np.float32(PHRASE_RMS * 10 ** (-rng.uniform(-4, 12) / 20))
        if silent or not bed.any():
            return np.zeros(self.length, np.float32)
        return bed if colour is None else self.rooms.apply(bed, colour)

    def _finish(self, rng: Generator, stems: Audio, bed: Audio, voices: tuple[Voice, ...]) -> Mix:
        augment = self.config.augment
        mix = stems.sum(axis=0) + bed
        if mix.any() and rng.random() < augment.compressor:
            mix = _scale(compressor_gain(mix, self.config.sample_rate, rng), mix, stems, bed)
        wide = rng.random() < augment.gain
        peak = float(np.abs(mix).max())
        target = 10 ** (float(rng.uniform(-40, 0) if wide else rng.uniform(-12, -1)) / 20)
        if peak > 0:
            mix = _scale(np.float32(target / peak), mix, stems, bed)
        if rng.random() < augment.clipping:
            ceiling = target * 10 ** (-float(rng.uniform(1, 14)) / 20)
            mix = _scale(clipping_gain(mix, ceiling, soft=bool(rng.random() < 0.5)), mix, stems, bed)
        if rng.random() < augment.codec:
            mix = codec_loss(mix, self.config.sample_rate, rng)
        if rng.random() < augment.dc:
            mix += np.float32(rng.uniform(-0.02, 0.02))
        return Mix(np.clip(mix, -1, 1), stems, voices, bed)

    # -- Neuroment, section 4.1.3 -----------------------------------------------------------------------------------

    def _neuroment(self, rng: Generator, size: int | None, names: Sequence[str] | None) -> Mix:
        config = self.config
        if names is None:
            count = int(rng.integers(config.sources_min, config.sources_max + 1)) if size is None else size  # eq. 7
            names = self.pools.draw_names(count, config.other, rng)
        voices = tuple(self.pools.draw(name, rng) for name in names)
        levels = neuroment_levels(rng, len(voices), config.level_mean, config.level_variance)
        stems = np.zeros((len(voices), self.length), np.float32)
        colour = self._mixture_colour(rng)
        for stem, voice, level in zip(stems, voices, levels, strict=True):
            phrase = render_phrase(self.bank, voice, self.length, rng)
            peak = float(np.abs(phrase).max())
            stem[:] = self._through_air(rng, voice, phrase / peak if peak > 0 else phrase, colour) * np.float32(level)
        bed = self._bed(rng, colour, empty=not voices)
        mix = stems.sum(axis=0) + bed
        return Mix(np.clip(mix, -1, 1), stems, voices, bed)


def neuroment_levels(rng: Generator, count: int, mean: float, variance: float) -> list[float]:
    """Levels of the sources of a mix.

    References
    ----------
    Neuroment (thesis), equations 8 and 9: normal, at least 1e-8, divided by their sum where that is above 1.
    (Equation 9 leaves out the maximum and the epsilon of equation 8; we use them, or a level could be negative.)

    Examples
    --------
    >>> levels = neuroment_levels(np.random.default_rng(0), 4, 0.5, 0.01)
    >>> round(sum(levels), 6)
    1.0
    """
    drawn = np.maximum(rng.normal(mean, np.sqrt(variance), count), 0.0) + 1e-8
    total = float(drawn.sum())
    return [float(level) for level in (drawn / total if total > 1 else drawn)]


def _scale(gain: Audio | np.float32, mix: Audio, stems: Audio, bed: Audio) -> Audio:
    """Apply one gain to the mixture and, in place, to everything it is made of."""
    stems *= gain
    bed *= gain
    scaled: Audio = mix * gain
    return scaled
