"""The public data sets' own layouts, a few short clips each."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import soundfile

IRMAS_TRAINING = (
    "cel/[cel][cla]0001__1.wav",
    "cel/[cel][cla]0001__2.wav",
    "cel/008__[cel][nod][cla]0058__1.wav",
    "cla/017__[cla][nod][cla]0150__1.wav",
    "cla/[cla][jaz_blu]0151__1.wav",
    "flu/[flu][dru][pop_roc]0300__1.wav",
    "gac/[gac][cou_fol]0500__1.wav",
    "gel/[gel][dru][pop_roc]0700__1.wav",
    "org/[org][dru][jaz_blu]1000__1.wav",
    "pia/[pia][nod][cla]1300__1.wav",
    "sax/[sax][jaz_blu]1600__1.wav",
    "tru/[tru][lat_sou]1900__1.wav",
    "vio/[vio][cou_fol]2100__1.wav",
    "voi/[voi][pop_roc]2300__1.wav",
)
IRMAS_TESTING = {
    "IRMAS-TestingData-Part1/Part1/01 - Honky Cat-19": "pia\t\nvoi\t\n",
    "IRMAS-TestingData-Part1/Part1/(02) dont kill the whale-8": "gel\n",
    "IRMAS-TestingData-Part2/IRTestingData-Part2/01 - So What-22": "tru\n",
    "IRMAS-TestingData-Part3/Part3/Zamfir - The Lonely Shepherd - 01 - The Lonely Shepherd-9": "flu\ngac\n",
}
NSYNTH = {
    "train": {
        "bass_synthetic_068-049-025": ("bass", "synthetic"),
        "brass_acoustic_006-055-050": ("brass", "acoustic"),
        "flute_acoustic_002-077-100": ("flute", "acoustic"),
        "flute_synthetic_000-077-100": ("flute", "synthetic"),
        "guitar_acoustic_010-060-075": ("guitar", "acoustic"),
        "guitar_electronic_028-060-127": ("guitar", "electronic"),
        "keyboard_acoustic_004-060-025": ("keyboard", "acoustic"),
        "keyboard_acoustic_004-061-025": ("keyboard", "acoustic"),
        "keyboard_electronic_002-060-050": ("keyboard", "electronic"),
        "mallet_acoustic_047-094-075": ("mallet", "acoustic"),
        "organ_electronic_001-060-127": ("organ", "electronic"),
        "reed_acoustic_011-070-050": ("reed", "acoustic"),
        "string_acoustic_012-050-100": ("string", "acoustic"),
        "synth_lead_synthetic_011-050-100": ("synth_lead", "synthetic"),
        "vocal_acoustic_000-057-050": ("vocal", "acoustic"),
    },
    "valid": {"vocal_synthetic_003-062-050": ("vocal", "synthetic")},
    "test": {"organ_electronic_057-062-050": ("organ", "electronic")},
}
MEDLEY_SOLOS_DB = (
    ("training", "clarinet", 0, 1, "1e297c34-1baa-5507-f323-935343fee0fa"),
    ("training", "distorted electric guitar", 1, 2, "2e297c34-1baa-5507-f323-935343fee0fb"),
    ("training", "female singer", 2, 3, "3e297c34-1baa-5507-f323-935343fee0fc"),
    ("validation", "flute", 3, 210, "d07b1fc0-567d-52c2-fef4-239f31c9d40e"),
    ("training", "piano", 4, 5, "4e297c34-1baa-5507-f323-935343fee0fd"),
    ("training", "tenor saxophone", 5, 6, "5e297c34-1baa-5507-f323-935343fee0fe"),
    ("test", "trumpet", 6, 7, "0a282672-c22c-59ff-faaa-ff9eb73fc8e6"),
    ("test", "violin", 7, 8, "1a282672-c22c-59ff-faaa-ff9eb73fc8e7"),
)
OPENMIC_NAMES = (
    *("accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar", "mallet_percussion"),
    *("mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone", "trumpet", "ukulele", "violin", "voice"),
)


def sound(path: Path, seconds: float = 0.2, rate: int = 8000, channels: int = 1, hz: float = 440.0) -> None:
    """A tone as a file, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate)


def write_irmas(root: Path) -> Path:
    """Training and testing data, stereo at 44.1 kHz."""
    for number, name in enumerate(IRMAS_TRAINING):
        sound(root / "IRMAS-TrainingData" / name, 0.1, 44_100, 2, 200.0 + 20 * number)
    for name, codes in IRMAS_TESTING.items():
        sound(root / f"{name}.wav", 0.15, 44_100, 2)
        (root / f"{name}.txt").write_text(codes)
    return root


def write_more_of_irmas(root: Path, recordings: int = 7) -> Path:
    """Enough recordings of each instrument to hold some back, half a second each, every instrument at its own pitch."""
    write_irmas(root)
    codes = sorted({name.split("/")[0] for name in IRMAS_TRAINING})
    for number, code in enumerate(codes):
        for recording in range(recordings):
            name = f"[{code}][nod][cla]{3000 + 100 * number + recording}__1.wav"
            sound(root / "IRMAS-TrainingData" / code / name, 0.55, 44_100, 2, 150.0 * 1.3**number)
    return root


def write_nsynth(root: Path, parts: dict[str, dict[str, tuple[str, str]]] = NSYNTH, seconds: float = 0.2) -> Path:
    """Notes at 16 kHz and their ``examples.json``."""
    for part, notes in parts.items():
        folder = root / f"nsynth-{part}"
        examples = {}
        for number, (name, (family, source)) in enumerate(notes.items()):
            instrument, pitch, velocity = name.rsplit("-", 2)
            sound(folder / "audio" / f"{name}.wav", seconds, 16_000, hz=440.0 * 2 ** ((int(pitch) - 69) / 12))
            examples[name] = {
                "note": number,
                "note_str": name,
                "instrument": number,
                "instrument_str": instrument,
                "instrument_source": ["acoustic", "electronic", "synthetic"].index(source),
                "instrument_source_str": source,
                "instrument_family": 0,
                "instrument_family_str": family,
                "pitch": int(pitch),
                "velocity": int(velocity),
                "qualities": [0] * 10,
                "qualities_str": [],
                "sample_rate": 16000,
            }
        (folder / "examples.json").write_text(json.dumps(examples))
    return root


def write_more_of_nsynth(root: Path, seconds: float = 4.0) -> Path:
    """In every part, an acoustic note of each of ten families and a synthetic one, each family at its pitch."""
    families = ("bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "vocal")
    parts: dict[str, dict[str, tuple[str, str]]] = {}
    for place, part in enumerate(("train", "valid", "test")):
        notes = parts[part] = {"synth_lead_synthetic_000-060-100": ("synth_lead", "synthetic")}
        for number, family in enumerate(families):
            notes[f"{family}_acoustic_{place:03d}-{40 + 5 * number:03d}-100"] = (family, "acoustic")
            notes[f"{family}_synthetic_{place:03d}-{40 + 5 * number:03d}-100"] = (family, "synthetic")
    return write_nsynth(root, parts, seconds)


def write_more_of_medley_solos(root: Path) -> Path:
    """Two clips of each of the eight instruments in every subset, as long as the published ones, at its own pitch."""
    table = root / "annotation" / "Medley-solos-DB_metadata.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    instruments = sorted({(row[2], row[1]) for row in MEDLEY_SOLOS_DB})
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("subset", "instrument", "instrument_id", "song_id", "uuid4"))
        for place, subset in enumerate(("training", "validation", "test")):
            for number, instrument in instruments:
                for clip in range(2):
                    uuid = f"{place}{number}{clip}97c34-1baa-5507-f323-935343fee0fa"
                    writer.writerow((subset, instrument, number, 100 * place + number, uuid))
                    path = root / "audio" / f"Medley-solos-DB_{subset}-{number}_{uuid}.wav"
                    sound(path, 2**17 / 44_100, 44_100, hz=150.0 * 1.5**number)
    return root


def write_medley_solos(root: Path) -> Path:
    """Clips at 44.1 kHz in ``audio/``, the table in ``annotation/``."""
    table = root / "annotation" / "Medley-solos-DB_metadata.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("subset", "instrument", "instrument_id", "song_id", "uuid4"))
        writer.writerows(MEDLEY_SOLOS_DB)
    for subset, _, number, _, uuid in MEDLEY_SOLOS_DB:
        sound(root / "audio" / f"Medley-solos-DB_{subset}-{number}_{uuid}.wav", 0.1, 44_100)
    return root


def write_openmic(root: Path) -> Path:
    """Ogg clips in ``openmic-2018/``: one for each instrument, one with nothing that was asked for."""
    home = root / "openmic-2018"
    keys = [f"{number:06d}_3840" for number in range(40, 40 + len(OPENMIC_NAMES) + 1)]
    answers = {key: {name: 0.9} for key, name in zip(keys, OPENMIC_NAMES, strict=False)}
    answers[keys[0]] = {"accordion": 0.9, "drums": 0.17, "flute": 0.0}
    answers[keys[-1]] = {"clarinet": 0.17104999999999998, "flute": 0.0, "guitar": 0.2}
    home.mkdir(parents=True)
    with (home / "openmic-2018-aggregated-labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("sample_key", "instrument", "relevance", "num_responses"))
        writer.writerows((key, name, value, 3) for key, row in answers.items() for name, value in row.items())
    with (home / "openmic-2018-metadata.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("track_id", "artist_id", "artist_name", "license_title", "track_genres", "sample_key"))
        genres = "[{'genre_id': '76', 'genre_title': 'Experimental Pop'}]"
        for number, key in enumerate(keys):
            writer.writerow((46 + number, 4 + number // 2, 'A Band, "Live"', "Attribution 3.0", genres, key))
    (home / "class-map.json").write_text(json.dumps({name: n for n, name in enumerate(OPENMIC_NAMES)}))
    (home / "partitions").mkdir()
    (home / "partitions" / "split01_train.csv").write_text("\n".join(keys[:15]) + "\n")
    (home / "partitions" / "split01_test.csv").write_text("\n".join(keys[15:]) + "\n")
    for key in keys:
        sound(home / "audio" / key[:3] / f"{key}.ogg", 0.1, 22_050)
    return root


WRITERS = {
    "irmas": write_irmas,
    "nsynth": write_nsynth,
    "medley-solos-db": write_medley_solos,
    "openmic-2018": write_openmic,
}
