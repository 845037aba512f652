"""SoundFont rendering: notes and phrases played by FluidSynth into a data folder, as a further source.

::

    python -m irec_models.data.rendering.soundfont /usr/share/sounds/sf2/FluidR3_GM.sf2 runs/fluidr3 \\
        --source sf:fluidr3 --licence MIT

The folder has a ``manifest.csv`` and can be given beside others wherever data folders are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import soundfile

from irec_live.errors import DataError, IrecError, OutputError
from irec_models.data.manifests.labels import POLYPHONIC
from irec_models.data.manifests.manifest import write_manifest
from irec_models.data.manifests.store import trim
from irec_models.data.mixing.compose import Note, Setting, compose
from irec_models.data.rendering.general_midi import DRUM_KEYS, KITS, PROGRAMS, Program
from irec_models.data.rendering.synthesizer import DRUM_BANK, Key, SoundFont, write_sound
from irec_models.progress import Bars, Progress, silent, tracked

_COLUMNS = ("split", "file", "labels", "instrument", "kind", "source", "licence", "seconds", "original_rate", "path")


_NAMES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")


class _Take(NamedTuple):
    """One file to render: its notes and its manifest row."""

    file: str
    name: str
    instrument: str
    kind: str
    program: int
    bank: int
    keys: list[Key]
    seconds: float


def _note_takes(program: Program) -> Iterator[_Take]:
    for place, key in enumerate(range(program.low, program.high + 1, 2)):
        # Velocities alternate over the range instead of tripling the number of notes.
        velocity = (100, 64, 118)[place % 3]
        held = (program.hold_s, 0.35, 0.8 * program.hold_s)[(place // 3) % 3]
        pitch = f"{_NAMES[key % 12]}{key // 12 - 1}"
        file = f"{program.number:03d}-{program.instrument}/{pitch}_v{velocity}.flac"
        keys = [Key(0.0, held, key, velocity)]
        yield _Take(file, program.name, program.instrument, "notes", program.number, 0, keys, held + 0.8)


def _phrase_takes(program: Program, count: int, seed: int) -> Iterator[_Take]:
    for number in range(count):
        rng = np.random.default_rng([seed, program.number, number])
        notes = compose(rng, Setting.draw(rng), program.low, program.high, 6.0, polyphonic=program.name in POLYPHONIC)
        file = f"{program.number:03d}-{program.instrument}/phrase{number}.flac"
        keys = [_key(note, program) for note in notes]
        yield _Take(file, program.name, program.instrument, "phrases", program.number, 0, keys, 6.5)


def _key(note: Note, program: Program) -> Key:
    pitch = int(np.clip(round(note.pitch), program.low, program.high))
    return Key(note.onset_s, note.duration_s, pitch, int(np.clip(112 + 4 * note.level_db, 30, 124)))


def _drum_takes() -> Iterator[_Take]:
    for kit in KITS:
        for key, role in DRUM_KEYS.items():
            for velocity in (70, 115):
                file = f"kit{kit:02d}/{key}-{role}_v{velocity}.flac"
                yield _Take(file, "drums", "drums", "notes", kit, DRUM_BANK, [Key(0.0, 0.3, key, velocity)], 1.8)


def takes(*, phrases: int, seed: int, names: Iterable[str] | None = None) -> Iterator[_Take]:
    """All files that are rendered from a General MIDI SoundFont."""
    wanted = None if names is None else set(names)
    for program in PROGRAMS:
        if wanted is None or program.name in wanted:
            yield from _note_takes(program)
            yield from _phrase_takes(program, phrases, seed)
    if wanted is None or "drums" in wanted:
        yield from _drum_takes()


def render_font(
    font: Path | str,
    out: Path | str,
    *,
    source: str,
    licence: str = "see the SoundFont",
    names: Iterable[str] | None = None,
    phrases: int = 4,
    seed: int = 0,
    progress: Progress = silent,
) -> int:
    """Render a General MIDI SoundFont into a data folder.

    Existing files stay, so an interrupted run continues; the manifest is written last.

    Parameters
    ----------
    font : path
    out : path
        Folder to be.
    source, licence : str
        For the manifest.
    names : iterable of str, optional
        Only these labels or other names.
    phrases : int
        Phrases of six seconds for each program.
    seed : int
        Of the phrases.
    progress : Progress

    Returns
    -------
    int
        How many files the manifest lists.

    Raises
    ------
    DataError, MissingExtraError
        See `SoundFont`.
    OutputError
        The folder cannot be written.
    """
    root = Path(out)
    rows: list[tuple[str, ...]] = []
    with SoundFont(font) as synth:
        try:
            for take in tracked(takes(phrases=phrases, seed=seed, names=names), progress, "rendering"):
                seconds = _render_take(synth, take, root / take.file)
                if seconds > 0:
                    rows.append(_row(take, source, licence, seconds, synth.sample_rate))
            if not rows:
                raise DataError(f"{font} has none of the requested General MIDI programs")
            write_manifest(root, _COLUMNS, rows)
        except (OSError, soundfile.SoundFileError) as error:
            raise OutputError(f"renders cannot be written to {root}: {error}") from error
    return len(rows)


def _render_take(synth: SoundFont, take: _Take, path: Path) -> float:
    """Seconds of the file; 0 where the font has no such sound."""
    if path.exists():
        return float(soundfile.info(path).duration)
    audio = synth.render(take.program, take.keys, take.seconds, bank=take.bank)
    if audio is None or not np.abs(audio).max(initial=0.0) > 1e-3:
        return 0.0
    audio = audio[trim(audio, synth.sample_rate)]
    write_sound(path, audio, synth.sample_rate)
    return len(audio) / synth.sample_rate


def _row(take: _Take, source: str, licence: str, seconds: float, rate: int) -> tuple[str, ...]:
    about = ("train", take.file, take.name, take.instrument, take.kind, source, licence)
    return (*about, f"{seconds:.3f}", str(rate), take.file)


@click.command(help=__doc__)
@click.argument("font", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="Source name in the manifest; what can be held out.")
@click.option("--licence", default="see the SoundFont", show_default=True)
@click.option("--name", "names", multiple=True, help="Only this label or other name; repeatable.")
@click.option("--phrases", default=4, show_default=True, help="Phrases for each program.")
@click.option("--seed", default=0, show_default=True)
def main(font: Path, out: Path, source: str, licence: str, names: tuple[str, ...], phrases: int, seed: int) -> None:
    """Command line, see the module."""
    try:
        count = render_font(
            font,
            out,
            source=source,
            licence=licence,
            names=names or None,
            phrases=phrases,
            seed=seed,
            progress=Bars(),
        )
    except IrecError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    click.echo(f"{count} files in {out}")


if __name__ == "__main__":
    main()
