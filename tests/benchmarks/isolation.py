"""How well one instrument can be isolated with the envelopes of the networks, which the app does not offer.

Non-negative matrix factorisation, informed by the envelopes as by a score, and a Wiener mask: the envelopes say how
loud each instrument is at each moment, and so when its templates may sound. Measured on mixtures of solo recordings.

::

    python tests/benchmarks/isolation.py DATA --mixes 60

DATA is a data folder with a manifest (`docs` of the training half); only its split ``dev`` is used, which no bundled
network was trained on. Each mixture has two or three instruments of different sources, at most 6 dB apart. The
bundled networks say who plays and how loud, as in the app. Printed is the median improvement of the scale-invariant
signal-to-distortion ratio over the mixture, with its 95 % bootstrap interval, for all parts and for each instrument;
instruments that were not named are counted, not scored.

References
----------
S. Ewert, B. Pardo, M. Müller, M. D. Plumbley, "Score-informed source separation for musical audio recordings: an
overview", IEEE Signal Processing Magazine 31(3), 2014. J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR -
half-baked or well done?", ICASSP 2019.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import soundfile
import soxr

from irec_live.models.choice import load_models
from irec_live.models.names import DEFAULT_ACTIVATION, DEFAULT_ENVELOPE
from irec_live.streaming.pipeline import Pipeline

RATE = 44_100
SECONDS = 8.0
CLIP_S, MOST_GAP_S = 4.0, 0.8
LEVEL = 0.05

_WINDOW, _HOP = 4096, 1024
"""Samples: 93 ms at 44.1 kHz part the harmonics of low notes."""
_TEMPLATES = 10
"""r: about as many as an instrument has notes in some seconds."""
_FRAMES_A_TEMPLATE = 6
_ITERATIONS = 30
"""More fit the mixture better, and the instruments no better."""
_TINY = 1e-9


def main() -> int:
    """Measure; the exit status."""
    options = _options()
    random = np.random.default_rng(options.seed)
    clips = _clips(options.data)
    detectors = load_models([DEFAULT_ACTIVATION, DEFAULT_ENVELOPE])
    gains: dict[str, list[float]] = defaultdict(list)
    missed = 0
    for turn in range(options.mixes):
        labels = random.choice(sorted(clips), 2 + (turn % 3 == 0), replace=False).tolist()
        stems = [_stem(options.data, clips[label], random) for label in labels]
        stems = [stem * 10 ** (random.uniform(-3, 3) / 20) for stem in stems]
        mix = np.sum(stems, axis=0, dtype=np.float32)
        parts = _parts(mix, detectors)
        missed += sum(label not in parts for label in labels)
        for label, stem in zip(labels, stems, strict=True):
            if label in parts:
                gains[label].append(_ratio_db(stem, parts[label]) - _ratio_db(stem, mix))
        print(f"{turn + 1} of {options.mixes}", file=sys.stderr)
    every = [gain for found in gains.values() for gain in found]
    rows = {"all": every} | {label: gains[label] for label in sorted(gains)}
    result = {label: _summary(found, random) for label, found in rows.items()}
    if options.json:
        print(json.dumps({"mixes": options.mixes, "not_named": missed, "improvement_db": result}))
    else:
        print(f"{options.mixes} mixtures, {len(every)} parts isolated, {missed} instruments not named")
        for label, (median, low, high, count) in result.items():
            print(f"{label:16} {median:+5.1f} dB  [{low:+.1f}, {high:+.1f}]  {count}")
    return 0


def _clips(data: Path) -> dict[str, dict[str, list[str]]]:
    """Files of the split dev by label and source: those with one of the bundled network's labels."""
    known = load_models([DEFAULT_ACTIVATION])[0].spec.labels
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with (data / "manifest.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["split"] == "dev" and row["labels"] in known:
                found[row["labels"]][row["source"]].append(row["file"])
    return found


def _stem(data: Path, sources: dict[str, list[str]], random: np.random.Generator) -> np.ndarray:
    """Some seconds of one source, clip after clip, with pauses."""
    files = sources[random.choice(sorted(sources))]
    wanted, parts, length = round(SECONDS * RATE), [], 0
    while length < wanted:
        for file in random.permutation(files):
            samples, rate = soundfile.read(data / file, dtype="float32", always_2d=True)
            clip = soxr.resample(samples.mean(axis=1), rate, RATE)[: round(CLIP_S * RATE)]
            clip = clip * (LEVEL / (np.sqrt(np.square(clip).mean()) + 1e-9))
            parts += [clip, np.zeros(round(random.uniform(0, MOST_GAP_S) * RATE))]
            length += len(parts[-2]) + len(parts[-1])
            if length >= wanted:
                break
    return np.concatenate(parts)[:wanted].astype(np.float32)


def _parts(mix: np.ndarray, detectors: tuple) -> dict[str, np.ndarray]:
    """Isolated instruments by label: those that the networks name."""
    pipeline = Pipeline(RATE, detectors, spectrogram=False, batch=8)
    pipeline.push(mix)
    pipeline.flush()
    times, envelope = pipeline.timeline.envelopes()
    named = [label for label in pipeline.labels if any(event.label == label for event in pipeline.timeline.events())]
    columns = [pipeline.labels.index(label) for label in named]
    return dict(zip(named, isolate(mix, RATE, times, envelope[:, columns]), strict=True))


def _ratio_db(stem: np.ndarray, found: np.ndarray) -> float:
    wanted = stem * (float(stem @ found) / float(stem @ stem))
    return float(10 * np.log10(float(wanted @ wanted) / (float(np.square(found - wanted).sum()) + 1e-12) + 1e-12))


def _summary(gains: list[float], random: np.random.Generator) -> tuple[float, float, float, int]:
    """Median, its 95 % bootstrap interval, and the number of parts."""
    drawn = np.median(random.choice(gains, (2000, len(gains))), axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5]).round(2).tolist()
    return round(float(np.median(gains)), 2), low, high, len(gains)


def isolate(mix: np.ndarray, sample_rate: int, times: np.ndarray, envelopes: np.ndarray) -> np.ndarray:
    """(K, n) estimates that add up to a mixture, (n,), by envelopes (M, K) at times (M,)."""
    count = envelopes.shape[1]
    if count == 0 or not len(mix):
        return np.zeros((count, len(mix)), np.float32)
    spectrum = _stft(mix)  # (F, T)
    magnitude = np.abs(spectrum).astype(np.float32) + np.float32(1e-7)
    frame_times = (np.arange(spectrum.shape[1]) * _HOP - _WINDOW / 2) / sample_rate
    loudness = np.stack([np.interp(frame_times, times, envelopes[:, k]) for k in range(count)]) + 1e-6
    power = _factorised(magnitude, loudness)
    power /= power.sum(axis=0) + _TINY
    return np.stack([_istft(spectrum * mask, len(mix)) for mask in power])


def _factorised(magnitude: np.ndarray, loudness: np.ndarray) -> np.ndarray:
    """Power of each instrument, (K, F, T), as its templates and their activations explain the mixture."""
    random = np.random.default_rng(0)  # the same sound is parted in the same way
    count, frames = loudness.shape
    share = loudness**2 / (loudness**2).sum(axis=0)
    templates, activations = [], []
    for leading, level in zip(share, loudness, strict=True):
        weight = level * leading**2
        drawn = random.choice(frames, size=(_TEMPLATES, _FRAMES_A_TEMPLATE), p=weight / weight.sum())
        spectra = np.stack([magnitude[:, row].mean(axis=1) for row in drawn], axis=1) + 1e-3 * magnitude.mean()
        templates.append(spectra / spectra.sum(axis=0))
        activations.append(level * (random.random((_TEMPLATES, frames)) + 0.5))
    w = np.concatenate(templates, axis=1).astype(np.float32)  # (F, K r)
    h = np.concatenate(activations).astype(np.float32) * np.float32(
        magnitude.sum(axis=0).mean() / loudness.sum(0).mean()
    )
    for _ in range(_ITERATIONS):
        h *= (w.T @ (magnitude / (w @ h + _TINY))) / (w.sum(axis=0)[:, None] + _TINY)
        w *= ((magnitude / (w @ h + _TINY)) @ h.T) / (h.sum(axis=1) + _TINY)
        scale = w.sum(axis=0) + _TINY
        w /= scale
        h *= scale[:, None]
    parts = [slice(k * _TEMPLATES, (k + 1) * _TEMPLATES) for k in range(count)]
    power: np.ndarray = np.stack([np.square(w[:, part] @ h[part]) for part in parts])
    return power


def _taper() -> np.ndarray:
    # The root of a periodic Hann window: applied twice, a quarter of it apart adds up to a constant.
    taper: np.ndarray = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)).astype(np.float32)
    return taper


def _stft(samples: np.ndarray) -> np.ndarray:
    padded = np.pad(samples, (_WINDOW, _WINDOW + _HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    spectrum: np.ndarray = np.fft.rfft(frames * _taper(), axis=1).T.astype(np.complex64)
    return spectrum


def _istft(spectrum: np.ndarray, length: int) -> np.ndarray:
    frames = np.fft.irfft(spectrum.T, n=_WINDOW, axis=1).astype(np.float32) * _taper()
    out = np.zeros(_HOP * (len(frames) - 1) + _WINDOW, np.float32)
    for place, frame in enumerate(frames):
        out[place * _HOP : place * _HOP + _WINDOW] += frame
    return out[_WINDOW : _WINDOW + length] / np.float32(_WINDOW / _HOP / 2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--mixes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
