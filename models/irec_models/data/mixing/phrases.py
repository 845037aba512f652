"""Phrases: scores played with the clips of a voice."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import soxr

from irec_models.data.manifests.bank import Bank
from irec_models.data.manifests.store import block_rms
from irec_models.data.mixing.compose import Setting, compose, compose_drums
from irec_models.data.mixing.expression import Manner
from irec_models.data.mixing.pools import Voice

Audio = npt.NDArray[np.float32]

PHRASE_RMS = 0.1
"""RMS that the sounding parts of every phrase have."""

_FAR_SHIFT = 5.0  # semitones that a note may be moved before its timbre turns into another instrument's


def shift_pitch(audio: Audio, semitones: float, *, quality: str = "QQ") -> Audio:
    """Pitch shift by resampling: pitch and time change together, as on tape.

    Parameters
    ----------
    audio : (T,) float32
    semitones : float
    quality : str
        soxr's name; ``QQ`` is cubic interpolation, fit for small steps of single notes.
    """
    if abs(semitones) < 1e-3 or not len(audio):
        return audio
    shifted: Audio = soxr.resample(audio, 2.0 ** (semitones / 12), 1.0, quality=quality)
    return shifted


def fade(audio: Audio, fade_in: int, fade_out: int) -> Audio:
    """Linear fades of a sound (T,), in place; their lengths in samples.

    Examples
    --------
    >>> fade(np.ones(6, np.float32), 2, 3).tolist()
    [0.0, 0.5, 1.0, 1.0, 0.5, 0.0]
    """
    fade_in, fade_out = min(fade_in, len(audio)), min(fade_out, len(audio))
    if fade_in:
        audio[:fade_in] *= np.arange(fade_in, dtype=np.float32) / fade_in
    if fade_out:
        audio[-fade_out:] *= np.arange(fade_out - 1, -1, -1, dtype=np.float32) / max(1, fade_out - 1)
    return audio


def active_rms(audio: Audio, sample_rate: int) -> float:
    """RMS of a sound (T,) over its 20 ms blocks within 20 dB of the loudest one; 0 for silence."""
    if not len(audio):
        return 0.0
    levels = block_rms(audio, max(1, sample_rate // 50))  # 20 ms: shorter than a note, longer than most periods
    peak = float(levels.max())
    return float(np.sqrt(np.mean(levels[levels > 0.1 * peak] ** 2))) if peak > 0 else 0.0


def _add(out: Audio, audio: Audio, start: int) -> None:
    stop = min(len(out), start + len(audio))
    if stop > start:
        out[start:stop] += audio[: stop - start]


def _nearest(bank: Bank, voice: Voice, pitch: float, held: float, rng: np.random.Generator) -> int:
    """Place in the voice of a note close to a pitch: of three drawn, the one that lasts most nearly `held`."""
    low, high = np.searchsorted(voice.pitches, (pitch - 1.01, pitch + 1.01))
    if high <= low:
        return int(np.argmin(np.abs(voice.pitches - pitch)))
    drawn = rng.integers(low, high, 3).tolist()
    return int(min(drawn, key=lambda place: abs(math.log(bank.entries[voice.clips[place]].length / held))))


def _play_notes(
    bank: Bank, voice: Voice, setting: Setting, length: int, rng: np.random.Generator, *, single: bool, manner: Manner
) -> Audio:
    rate = bank.sample_rate
    reach = 2.0 if len(voice.pitches) > 4 else 0.0
    low, high = float(voice.pitches[0]) - reach, float(voice.pitches[-1]) + reach
    score = compose(rng, setting, low, high, length / rate, polyphonic=voice.polyphonic, single=single)
    release = int(rate * rng.uniform(0.03, 0.2))
    ring = rng.random() < 0.3  # pedal down, open strings: nobody damps
    out = np.zeros(length, np.float32)
    onsets: list[float] = []
    began, ended = -rate, -rate
    for note in score:
        start = int(note.onset_s * rate)
        if manner.hurry_s:
            start = max(0, start + int(rng.normal(0.0, manner.hurry_s) * rate))
        follows = start > began + rate // 20 and start < ended + rate // 20
        tied = manner.tied > 0 and follows and rng.random() < manner.tied
        if not tied:
            onsets.append(start / rate)
        held = min(length - start, int(note.duration_s * rate) + release) if not ring else length - start
        if held <= 0:
            continue
        began, ended = start, start + held - release
        place = _nearest(bank, voice, note.pitch, held, rng)
        shift = float(np.clip(note.pitch - voice.pitches[place], -_FAR_SHIFT, _FAR_SHIFT))
        wanted = int(held * 2.0 ** (shift / 12)) + 8
        clip = int(voice.clips[place])
        attack = min(int(rng.uniform(0.05, 0.2) * rate), bank.entries[clip].length // 3) if tied else 0
        sound = shift_pitch(bank.audio(clip, attack, wanted), shift)[:held]
        sound *= np.float32(10 ** (note.level_db / 20))
        # A note that ends by itself needs no release, only a guard against a click.
        fade_in = int(rng.uniform(0.01, 0.05) * rate) if tied else 0
        _add(out, fade(sound, fade_in, release if len(sound) == held else rate // 200), start)
    return manner.shape(rng, out, rate, onsets) if manner != Manner() else out


def _play_hits(bank: Bank, voice: Voice, setting: Setting, length: int, rng: np.random.Generator) -> Audio:
    rate = bank.sample_rate
    out = np.zeros(length, np.float32)
    chosen: dict[str, int] = {}
    for hit in compose_drums(rng, setting, length / rate):
        # One drum a part through the phrase; velocities and round robins now and then.
        if hit.role not in chosen or rng.random() < 0.15:
            members = voice.roles.get(hit.role, voice.clips)
            chosen[hit.role] = int(members[rng.integers(len(members))])
        start = int(hit.onset_s * rate)
        sound = bank.audio(chosen[hit.role], 0, length - start)
        sound *= np.float32(10 ** (hit.level_db / 20))
        _add(out, fade(sound, 0, rate // 200), start)
    return out


def _play_clips(bank: Bank, voice: Voice, length: int, rng: np.random.Generator) -> Audio:
    rate = bank.sample_rate
    out = np.zeros(length, np.float32)
    position = 0
    while position < length:
        index = int(voice.clips[rng.integers(len(voice.clips))])
        whole = bank.entries[index].length
        room = length - position
        start = int(rng.integers(0, whole - room)) if whole > room else 0
        sound = bank.audio(index, start, room)
        gain = 10 ** (-abs(rng.normal(0, 2)) / 20)
        sound *= np.float32(gain * PHRASE_RMS / max(bank.entries[index].rms, 1e-4))
        _add(out, fade(sound, rate // 100 if start else 0, rate // 100), position)
        pause = rng.exponential(0.12) if rng.random() < 0.8 else rng.uniform(0.3, 1.5)
        position += len(sound) + int(pause * rate)
    return out


def render_phrase(
    bank: Bank,
    voice: Voice,
    length: int,
    rng: np.random.Generator,
    *,
    setting: Setting | None = None,
    semitones: float = 0.0,
    single: bool = False,
    expression: float = 0.0,
) -> Audio:
    """A phrase of one voice.

    Parameters
    ----------
    bank : Bank
    voice : Voice
    length : int
        Samples.
    rng : Generator
    setting : Setting, optional
        Tempo, key and scale shared with other players; drawn by default.
    semitones : float
        The whole phrase is moved by this much, time included.
    single : bool
        A single note (or clip) instead of a phrase.
    expression : float
        Chance that notes are played with expression (`irec_models.data.mixing.expression`).

    Returns
    -------
    (length,) float32
        The sounding parts have RMS `PHRASE_RMS`; all zero if the voice happened to be silent.

    Examples
    --------
    See ``tests/models/test_data_phrases.py``.
    """
    if length <= 0:
        raise ValueError(f"length must be positive, not {length}")
    setting = setting or Setting.draw(rng)
    drawn = int(length * 2.0 ** (semitones / 12)) + 8 if semitones else length
    if voice.kind == "notes":
        manner = Manner.draw(rng, voice.name) if expression and rng.random() < expression else Manner()
        audio = _play_notes(bank, voice, setting, drawn, rng, single=single, manner=manner)
    elif voice.kind == "hits" and not single and voice.name != "noise":
        audio = _play_hits(bank, voice, setting, drawn, rng)
    else:
        audio = _play_clips(bank, voice, drawn, rng)
    audio = shift_pitch(audio, semitones, quality="LQ")[:length]
    if len(audio) < length:
        audio = np.pad(audio, (0, length - len(audio)))
    level = active_rms(audio, bank.sample_rate)
    return audio * np.float32(PHRASE_RMS / level) if level > 0 else audio
