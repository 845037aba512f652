"""Data packs: a subset of a data folder, lossily compressed, to carry to another machine.

::

    python -m irec_models.data.manifests.pack DATA runs/pack --megabytes 60

re-encodes clips as Opus and, where they are too many, leaves out the same share of every well-filled source: all
labels, sources and splits stay. The result is a data folder like any other.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import click
import numpy as np
import numpy.typing as npt
import soundfile

from irec_live.errors import DataError, IrecError, OutputError
from irec_live.files import make_folder, write_atomically
from irec_models.data.manifests.manifest import Clip, DataFolders, write_manifest
from irec_models.data.manifests.store import decode
from irec_models.progress import Bars, Progress, silent, tracked

_RATE = 24000  # Opus carries 12 kHz of sound at this rate, more than it can code well at low bit rates
_FILE_BYTES = 400  # Ogg's headers and page tables
_COLUMNS = ("split", "file", "labels", "unknown", "instrument", "kind", "source", "licence", "original_rate", "path")

Sizes = Mapping[Clip, float]


def choose_clips(clips: Sequence[Clip], sizes: Sizes, budget: float) -> tuple[Clip, ...]:
    """Choose clips that fit into a size; the largest sources are reduced first.

    Parameters
    ----------
    clips : sequence of Clip
    sizes : mapping of Clip to float
        Bytes of each.
    budget : float
        Bytes of all.

    Raises
    ------
    DataError
        Not even one clip of each name of each source in each split fits.
    """
    grouped: dict[tuple[str, str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        grouped[clip.split, ";".join(clip.labels), clip.source].append(clip)
    totals = {key: sum(sizes[clip] for clip in group) for key, group in grouped.items()}

    def within(limit: float) -> list[Clip]:
        chosen: list[Clip] = []
        for key, group in grouped.items():
            count = len(group) if totals[key] <= limit else max(1, int(len(group) * limit / totals[key]))
            # Evenly over the manifest's order, so that all registers and articulations stay.
            chosen += [group[i] for i in np.linspace(0, len(group) - 1, count).round().astype(int).tolist()]
        return chosen

    def fits(limit: float) -> bool:
        return sum(sizes[clip] for clip in within(limit)) <= budget

    low, high = 0.0, max(totals.values())
    if fits(high):
        return tuple(clips)
    if not fits(low):
        raise DataError(f"{budget / 1e6:g} MB do not hold one clip of each of {len(grouped)} sources; allow more")
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    kept = set(within(low))
    return tuple(clip for clip in clips if clip in kept)


def _estimate(clip: Clip, bit_rate: int) -> float:
    try:
        audio = float(soundfile.info(clip.audio_path).duration) * bit_rate / 8
        return _FILE_BYTES + audio + _row_bytes(clip)
    except (soundfile.SoundFileError, OSError) as error:
        raise DataError(f"{clip.audio_path} cannot be read: {error}") from error


def encode_opus(path: Path, audio: npt.NDArray[np.float32], bit_rate: int) -> None:
    """Write mono sound of 24 kHz as an Opus file, whole or not at all.

    Parameters
    ----------
    path : Path
    audio : (T,) float32
    bit_rate : int
        Bit/s.
    """
    sound = io.BytesIO()
    # libsndfile takes 0..1 for 256..6 kbit/s a channel.
    level = 1 - (bit_rate / 1000 - 6) / 250
    soundfile.write(sound, np.clip(audio, -1, 1), _RATE, "OPUS", format="OGG", compression_level=level)
    make_folder(path.parent)
    write_atomically(path, sound.getbuffer())


def write_pack(
    folders: DataFolders,
    out: Path,
    *,
    megabytes: float = 60.0,
    bit_rate: int = 20_000,
    progress: Progress = silent,
) -> int:
    """Write a pack; existing files stay, the manifest comes last.

    Parameters
    ----------
    folders : DataFolders
    out : Path
        Data folder to be.
    megabytes : float
        Size at most, 1e6 bytes.
    bit_rate : int
        Bit/s aimed at; the encoder takes more for hard sounds and less for easy ones.
    progress : Progress

    Returns
    -------
    int
        How many clips it holds.

    Raises
    ------
    DataError
        A folder or clip is missing or broken, or nothing useful fits.
    OutputError
        The pack cannot be written.
    """
    if megabytes <= 0 or not 6000 <= bit_rate <= 256_000:
        raise ValueError(f"a pack needs megabytes > 0 and 6000 <= bit_rate <= 256000, not {megabytes} and {bit_rate}")
    clips = folders.clips
    sizes = {clip: _estimate(clip, bit_rate) for clip in clips}
    try:
        while True:
            chosen = choose_clips(clips, sizes, megabytes * 1e6)
            for clip in tracked(chosen, progress, "encoding"):
                path = out / _place(clip)
                if not path.exists():
                    encode_opus(path, decode(clip.audio_path, _RATE), bit_rate)
                sizes[clip] = float(path.stat().st_size + _row_bytes(clip))
            # Sizes were guessed; now that these are known, it fits or fewer are chosen.
            if sum(sizes[clip] for clip in chosen) <= megabytes * 1e6:
                break
        _finish(out, chosen, set(clips) - set(chosen))
    except (OSError, soundfile.SoundFileError) as error:
        raise OutputError(f"the pack cannot be written to {out}: {error}") from error
    return len(chosen)


def _place(clip: Clip) -> PurePosixPath:
    file = PurePosixPath(clip.file)
    # a.wav and a.mp3 may both be there.
    return PurePosixPath(clip.source.replace(":", "-")) / (file if file.suffix == ".opus" else f"{file}.opus")


def _row(clip: Clip) -> tuple[str, ...]:
    columns = (clip.split, str(_place(clip)), ";".join(clip.labels), ";".join(clip.unknown))
    rate = str(min(clip.original_rate or _RATE, _RATE))
    return (*columns, clip.instrument, clip.kind, clip.source, clip.licence, rate, clip.origin)


def _row_bytes(clip: Clip) -> int:
    return sum(len(value.encode()) + 3 for value in _row(clip))  # with quotes, should one need them, and a comma


def _finish(out: Path, chosen: Sequence[Clip], dropped: Iterable[Clip]) -> None:
    for clip in dropped:
        (out / _place(clip)).unlink(missing_ok=True)
    write_manifest(out, _COLUMNS, (_row(clip) for clip in chosen))


@click.command(help=__doc__)
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--megabytes", default=60.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--bit-rate", default=20_000, show_default=True, type=click.IntRange(6000, 256_000))
def main(folders: tuple[Path, ...], out: Path, megabytes: float, bit_rate: int) -> None:
    """Command line, see the module."""
    try:
        count = write_pack(DataFolders(folders), out, megabytes=megabytes, bit_rate=bit_rate, progress=Bars())
    except IrecError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    click.echo(f"{count} clips, {size / 1e6:.1f} MB in {out}")


if __name__ == "__main__":
    main()
