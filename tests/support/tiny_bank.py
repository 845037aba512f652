"""A data folder small enough to make in a moment: four instruments, two sources, noise."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

RATE = 8000
LABELS = ("flute", "piano", "drums")
COLUMNS = ("split", "file", "labels", "instrument", "kind", "source", "path")


def tone(pitch: float, seconds: float, *, harmonics: int = 3, decay: float = 0.0) -> npt.NDArray[np.float32]:
    """A note with a few harmonics."""
    time = np.arange(round(seconds * RATE)) / RATE
    hz = 440 * 2 ** ((pitch - 69) / 12)
    sound = sum(np.sin(2 * np.pi * hz * h * time) / h for h in range(1, harmonics + 1))
    return np.asarray(0.3 * sound * np.exp(-decay * time), np.float32)


def write_bank(root: Path) -> Path:
    """Write clips and ``manifest.csv``; returns the folder."""
    rng = np.random.default_rng(0)
    rows: list[tuple[str, ...]] = []

    def add(
        audio: npt.NDArray[np.float32], label: str, kind: str, source: str, name: str, split: str = "train"
    ) -> None:
        path = root / split / label / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, audio, RATE, "PCM_16")
        rows.append((split, f"{split}/{label}/{name}", label, label, kind, source, f"{label}/{name}"))

    for source in ("north", "south"):
        for octave in (3, 4):
            for step, name in enumerate(("C", "D", "E", "F", "G")):
                pitch = 12 * (octave + 1) + (0, 2, 4, 5, 7)[step]
                note = f"{source}_{name}{octave}.wav"
                add(np.pad(tone(pitch, 0.6), (400, 800)), "flute", "notes", source, note)
                add(tone(pitch, 0.8, harmonics=6, decay=4), "piano", "notes", source, note)
                add(tone(pitch, 0.5, harmonics=2), "oboe", "notes", source, note)
        for part in ("kick", "snare", "hat"):
            hit = rng.standard_normal(1600) * np.exp(-np.arange(1600) / 200) * 0.3
            add(hit.astype(np.float32), "drums", "notes", source, f"{source}_{part}_1.wav")
        add(
            rng.standard_normal(2 * RATE).astype(np.float32) * np.float32(0.1),
            "noise",
            "noise",
            source,
            f"{source}.wav",
        )
    add(tone(60, 1.5), "flute", "phrases", "stage", "solo.wav", "dev")
    add(tone(64, 1.5), "flute;piano", "music", "stage", "duo.wav", "dev")
    add(tone(64, 1.0), "oboe", "phrases", "stage", "oboe.wav", "dev")
    with (root / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return root
