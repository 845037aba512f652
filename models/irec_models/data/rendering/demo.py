"""The demo clip: real recordings, one after the other and together, assembled from a table of excerpts.

::

    python -m irec_models.data.rendering.demo DATA assets/irec_assets/audio

writes ``demo.ogg`` (mono, 44.1 kHz, peak -3 dBFS) and ``demo.csv`` (label, onset_s, offset_s: when each instrument is
heard). DATA is the folder that `EXCERPTS` names files of. Each excerpt is analysed alone, so the table comes from the
sound. The samples are the same each time from the same files; an Ogg file's bytes differ in its random serial number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import numpy.typing as npt
import soundfile

from irec_live.errors import DataError, IrecError
from irec_live.files import make_folder, write_atomically
from irec_models.data.manifests.store import block_rms, decode

Audio = npt.NDArray[np.float32]

RATE = 44100
_FADE_IN_S, _FADE_OUT_S = 0.03, 0.25
_AUDIBLE_DB = -30.0


class Excerpt(NamedTuple):
    """A piece of one recording, and where it stands in the clip.

    Attributes
    ----------
    label : str
    file : str
        Path below the data folder, with forward slashes.
    start_s, seconds : float
        The piece of the recording.
    at_s : float
        Where it begins in the clip.
    level_db : float
        Its RMS where it sounds; 0 is that of a solo.
    """

    label: str
    file: str
    start_s: float
    seconds: float
    at_s: float
    level_db: float


_SINGER = "dev/voice/vocadito-vocadito-10-wav_x00603.opus"
_FLUTE = "dev/flute/URMP-flute-ddx7_x03411.opus"
_PIANO = "dev/piano/ishizaka-wtc_x01519.opus"
_TRUMPET = "dev/trumpet/URMP-trumpet-ddx7_x03419.opus"
_VIOLIN = "dev/violin/medley-solos-db_00096.opus"
_KIT = "dev/drums/freesound-godspine_x02630.opus"
_GUITAR = "dev/electric_guitar/medley-solos-db_00033.opus"

EXCERPTS = (
    Excerpt("voice", _SINGER, 0.5, 3.4, 0.0, 0.0),
    Excerpt("flute", _FLUTE, 2.5, 3.6, 3.5, 0.0),
    Excerpt("piano", _PIANO, 0.0, 4.2, 7.2, 0.0),
    Excerpt("violin", _VIOLIN, 0.0, 2.95, 11.5, 0.0),
    Excerpt("trumpet", _TRUMPET, 3.0, 3.4, 14.55, 0.0),
    Excerpt("drums", _KIT, 0.0, 6.2, 18.1, 0.0),
    Excerpt("electric guitar", _GUITAR, 0.0, 2.95, 19.4, 0.0),
    Excerpt("voice", _SINGER, 4.6, 3.6, 21.0, 0.0),
)
"""A voice, a flute, a piano, a violin and a trumpet alone; then drums, an electric guitar and the voice together. All
recordings are of sources that no network here was trained on."""


class Truth(NamedTuple):
    """When an instrument is audible, in seconds."""

    label: str
    onset_s: float
    offset_s: float


def _rms(audio: Audio) -> float:
    levels = block_rms(audio, RATE // 50)
    return float(np.sqrt(np.mean(levels[levels > 0.1 * levels.max()] ** 2)))


def cut(recording: Audio, excerpt: Excerpt) -> Audio:
    """A piece of a recording (T,) at `RATE`, faded at both ends and brought to its level.

    Raises
    ------
    DataError
        The recording is shorter than the piece, or silent there.
    """
    first = round(excerpt.start_s * RATE)
    piece = recording[first : first + round(excerpt.seconds * RATE)].copy()
    if len(piece) < round(excerpt.seconds * RATE) or not piece.any():
        end_s = excerpt.start_s + excerpt.seconds
        raise DataError(f"{excerpt.file} has no sound from {excerpt.start_s:g} to {end_s:g} s; it is another recording")
    for ramp, place in ((_FADE_IN_S, slice(None)), (_FADE_OUT_S, slice(None, None, -1))):
        count = round(ramp * RATE)
        piece[place][:count] *= np.linspace(0, 1, count, dtype=np.float32)
    return np.asarray(piece * np.float32(10 ** (excerpt.level_db / 20) / _rms(piece)), np.float32)


def make_demo(data: Path, excerpts: Sequence[Excerpt] = EXCERPTS) -> tuple[Audio, list[Truth]]:
    """Assemble the demo clip.

    Parameters
    ----------
    data : Path
        Folder that the excerpts name files of.
    excerpts : sequence of Excerpt

    Returns
    -------
    audio : (T,) float32
        Peak -3 dBFS.
    truth : list of Truth
        By onset.

    Raises
    ------
    DataError
        A recording is missing, cannot be decoded, or is too short.
    """
    mix = np.zeros(round(max(excerpt.at_s + excerpt.seconds for excerpt in excerpts) * RATE) + 1, np.float32)
    truth = []
    for excerpt in excerpts:
        sound = cut(decode(data / excerpt.file, RATE), excerpt)
        start = round(excerpt.at_s * RATE)
        mix[start : start + len(sound)] += sound
        levels = block_rms(sound, RATE // 100)
        audible = np.flatnonzero(levels > levels.max() * 10 ** (_AUDIBLE_DB / 20))
        truth.append(Truth(excerpt.label, excerpt.at_s + audible[0] / 100, excerpt.at_s + (audible[-1] + 1) / 100))
    return mix * np.float32(10 ** (-3 / 20) / np.abs(mix).max()), sorted(truth, key=lambda row: row.onset_s)


def write_demo(folder: Path, audio: Audio, truth: Iterable[Truth]) -> None:
    """Write ``demo.ogg`` and ``demo.csv``.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    sound, table = io.BytesIO(), io.StringIO()
    with soundfile.SoundFile(sound, "w", RATE, 1, "VORBIS", format="OGG", compression_level=0.5) as stream:
        for start in range(0, len(audio), RATE):  # libsndfile's Vorbis encoder wants small pieces
            stream.write(audio[start : start + RATE])
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(Truth._fields)
    writer.writerows((row.label, f"{row.onset_s:.2f}", f"{row.offset_s:.2f}") for row in truth)
    make_folder(folder)
    write_atomically(folder / "demo.ogg", sound.getbuffer())
    write_atomically(folder / "demo.csv", table.getvalue())


@click.command(help=__doc__)
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def main(data: Path, folder: Path) -> None:
    """Command line, see the module."""
    try:
        audio, truth = make_demo(data)
        write_demo(folder, audio, truth)
    except IrecError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    click.echo(f"{len(audio) / RATE:.1f} s in {folder / 'demo.ogg'}")


if __name__ == "__main__":
    main()
