"""MIDI scores rendered by a SoundFont: ensembles with known instruments, for evaluation.

::

    python -m irec_models.data.rendering.scores TimGM6mb.sf2 runs/scores SCORE.mid --source scores:timgm6mb
    python -m irec_models.data.rendering.scores TimGM6mb.sf2 runs/scores SCORE.mid --source scores:timgm6mb \\
        --play flute,oboe,clarinet,bassoon --play alto_sax,tenor_sax,baritone_sax

The folder has a ``manifest.csv``. Its clips are of the split ``test`` and of kind ``music``, so nothing is trained on
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt
import soundfile

from irec_live.errors import DataError, IrecError, MissingExtraError, OutputError
from irec_models.data.manifests.manifest import write_manifest
from irec_models.data.mixing.targets import frame_energy, presence
from irec_models.data.rendering.general_midi import KITS, PROGRAMS, Program
from irec_models.data.rendering.synthesizer import DRUM_BANK, Key, SoundFont, write_sound
from irec_models.progress import Bars, Progress, silent, tracked

Array = npt.NDArray[np.float32]

COLUMNS = ("split", "file", "labels", "unknown", "instrument", "kind", "source", "licence", "seconds", "path")
_DRUM_CHANNEL = 9
_HOP = 1024
_BY_NUMBER = {program.number: program for program in PROGRAMS}
_BY_NAME = {program.instrument: program for program in reversed(PROGRAMS)}


class Part(NamedTuple):
    """One part of a score: a program of a bank, and its notes in seconds from the beginning."""

    program: int
    bank: int
    keys: list[Key]

    @property
    def name(self) -> str | None:
        """Label or other name of a manifest; None for sounds that are no one instrument."""
        if self.bank == DRUM_BANK:
            return "drums"
        known = _BY_NUMBER.get(self.program)
        return known.name if known else None


def read_parts(path: Path | str) -> list[Part]:
    """Notes of a MIDI file, one part for each track, channel and program.

    Controllers, pedals and pitch bends are left out.

    Raises
    ------
    MissingExtraError
        mido is not installed.
    DataError
        The file is no MIDI file, or has no notes.
    """
    try:
        import mido
    except ModuleNotFoundError as error:
        raise MissingExtraError("mido", "train") from error
    try:
        file = mido.MidiFile(path, clip=True)
        events = _events(file)
        parts: dict[tuple[int, int, int], Part] = {}
        programs: dict[int, int] = {}
        sounding: dict[tuple[int, int, int], list[tuple[float, int, Part]]] = {}
        now, before, tempo = 0.0, 0, 500_000
        for tick, track, message in events:
            now += mido.tick2second(tick - before, file.ticks_per_beat, tempo)
            before = tick
            if message.type == "set_tempo":
                tempo = message.tempo
            elif message.type == "program_change":
                programs[message.channel] = message.program
            elif message.type in ("note_on", "note_off"):
                drums = message.channel == _DRUM_CHANNEL
                program = programs.get(message.channel, 0)
                program = (program if program in KITS else 0) if drums else program
                part = parts.setdefault((track, message.channel, program), Part(program, DRUM_BANK if drums else 0, []))
                held = sounding.setdefault((track, message.channel, message.note), [])
                if message.type == "note_on" and message.velocity:
                    held.append((now, message.velocity, part))
                elif held:
                    onset, velocity, owner = held.pop(0)
                    owner.keys.append(Key(onset, max(now - onset, 0.02), message.note, velocity))
    except (OSError, EOFError, ValueError, LookupError, mido.KeySignatureError) as error:
        raise DataError(f"{path} cannot be read as a MIDI file: {str(error) or 'it is cut short'}") from error
    found = [part for part in parts.values() if part.keys]
    if not found:
        raise DataError(f"{path} has no notes")
    return found


def _events(file: Any) -> list[tuple[int, int, Any]]:
    """(tick, track, message) of all tracks of a `mido.MidiFile`, in the order of time."""
    events = []
    for number, track in enumerate(file.tracks):
        tick = 0
        for message in track:
            tick += message.time
            events.append((tick, number, message))
    return sorted(events, key=lambda event: event[0])


def program_named(name: str) -> Program:
    """The General MIDI program of an instrument, as ``alto_sax``.

    Raises
    ------
    DataError
        There is none; the message lists them.
    """
    if name not in _BY_NAME:
        raise DataError(f"no instrument '{name}'; there are {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name]


def played_by(parts: Sequence[Part], instruments: Sequence[str]) -> list[Part]:
    """The same music on other instruments: part by part in the order given, from the first again if there are too few.

    Every part moves by the octaves that leave the most of its notes within its instrument's range; notes that still
    are not move alone. Drums stay.

    Examples
    --------
    >>> [part] = played_by([Part(0, 0, [Key(0.0, 1.0, 30, 90), Key(1.0, 1.0, 36, 90)])], ["flute"])
    >>> part.program, [key.key for key in part.keys]
    (73, [66, 72])
    """
    chosen = cycle([program_named(name) for name in instruments])
    return [part if part.bank == DRUM_BANK else _arranged(part, next(chosen)) for part in parts]


def _arranged(part: Part, program: Program) -> Part:
    # Of equally good octaves the nearest: the second number breaks ties.
    def outside(shift: int) -> tuple[int, int]:
        return sum(not program.low <= key.key + shift <= program.high for key in part.keys), abs(shift)

    shift = min(range(-60, 61, 12), key=outside)
    keys = []
    for key in part.keys:
        pitch = key.key + shift
        while pitch < program.low:
            pitch += 12
        while pitch > program.high:
            pitch -= 12
        keys.append(key._replace(key=pitch))
    return Part(program.number, 0, keys)


def render_scores(
    font: Path | str,
    out: Path | str,
    scores: Sequence[Path],
    *,
    source: str,
    licence: str = "see the score and the SoundFont",
    ensembles: Sequence[Sequence[str]] = (),
    seconds: float = 12.0,
    excerpts: int = 2,
    progress: Progress = silent,
) -> tuple[int, int]:
    """Play excerpts of MIDI files into a data folder.

    An excerpt's labels are the instruments that are audible in it by themselves
    (`irec_models.data.mixing.targets.presence`); those hardly audible are ``unknown``.

    Parameters
    ----------
    font : path
    out : path
        Folder to be.
    scores : sequence of path
        MIDI files.
    source, licence : str
        For the manifest.
    ensembles : sequence of sequence of str
        Instruments that play every score, as in `played_by`; those of the file, if there are none.
    seconds : float
        Of an excerpt.
    excerpts : int
        Of each score and ensemble, evenly spaced.
    progress : Progress

    Returns
    -------
    count, skipped : int
        Files that the manifest lists; excerpts left out for silence or sounds that are no one instrument.

    Raises
    ------
    DataError, MissingExtraError
        A score or the SoundFont is wrong, or nothing is left.
    OutputError
        The folder cannot be written.
    """
    root = Path(out)
    written = [(score, read_parts(score)) for score in scores]
    for names in ensembles:
        for name in names:
            program_named(name)
    rows, skipped = [], 0
    with SoundFont(font, room=True) as synth:
        try:
            for number, (score, parts) in enumerate(tracked(written, progress, "rendering scores")):
                for band, names in enumerate(ensembles or [()]):
                    playing = played_by(parts, names) if names else parts
                    for place, start in enumerate(_starts(playing, seconds, excerpts)):
                        file = f"{number:03d}-{score.stem}-{band}-{place}.flac"
                        row = _render(synth, playing, start, seconds, root / file)
                        if row is None:
                            skipped += 1
                            continue
                        about = (source, licence, f"{seconds:g}", score.name)
                        rows.append(("test", file, *row, "music", *about))
            if not rows:
                raise DataError("no excerpt has only instruments that are known; choose some with --play")
            write_manifest(root, COLUMNS, rows)
        except (OSError, soundfile.SoundFileError) as error:
            raise OutputError(f"renders cannot be written to {root}: {error}") from error
    return len(rows), skipped


def _starts(parts: Sequence[Part], seconds: float, excerpts: int) -> Iterator[float]:
    last = max(key.onset_s + key.duration_s for part in parts for key in part.keys)
    if last <= seconds:  # all of them would be the same
        excerpts = 1
    for number in range(excerpts):
        yield max(0.0, (number + 0.5) / excerpts * last - seconds / 2)


def _render(
    synth: SoundFont, parts: Sequence[Part], start: float, seconds: float, path: Path
) -> tuple[str, str, str] | None:
    """Write an excerpt; its labels, unknown labels and instruments, or None if it cannot be labelled."""
    stems: dict[str, Array] = {}
    for part in parts:
        keys = [cut for key in part.keys if (cut := _within(key, start, seconds))]
        if not keys:
            continue
        sound = synth.render(part.program, keys, seconds, bank=part.bank)
        if part.name is None or sound is None:
            return None
        stems[part.name] = stems[part.name] + sound if part.name in stems else sound
    mix: Array = np.sum(list(stems.values()), axis=0, dtype=np.float32) if stems else np.zeros(1, np.float32)
    peak = float(np.abs(mix).max())
    if peak < 1e-3:
        return None
    energy = frame_energy(np.stack(list(stems.values())) * np.float32(0.9 / peak), 2 * _HOP, _HOP)
    present, clear = presence(energy, energy.sum(axis=0) - energy, _HOP / synth.sample_rate, seconds)
    labels = [name for name, on in zip(stems, present, strict=True) if on]
    unknown = [name for name, known in zip(stems, clear, strict=True) if not known]
    if not labels:
        return None
    write_sound(path, mix, synth.sample_rate)
    return ";".join(labels), ";".join(unknown), "+".join(labels)


def _within(key: Key, start: float, seconds: float) -> Key | None:
    onset, end = max(key.onset_s - start, 0.0), min(key.onset_s + key.duration_s - start, seconds)
    return key._replace(onset_s=onset, duration_s=end - onset) if end - onset > 0.01 else None


@click.command(help=__doc__)
@click.argument("font", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.argument("scores", metavar="SCORE.mid...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--source", required=True, help="Source name in the manifest.")
@click.option("--licence", default="see the score and the SoundFont", show_default=True)
@click.option("--play", "ensembles", multiple=True, metavar="NAME,NAME", help="Who plays the parts; repeatable.")
@click.option("--seconds", type=click.FloatRange(min=1), default=12.0, show_default=True, help="Of an excerpt.")
@click.option("--excerpts", type=click.IntRange(min=1), default=2, show_default=True, help="Of each score.")
def main(
    font: Path,
    out: Path,
    scores: tuple[Path, ...],
    source: str,
    licence: str,
    ensembles: tuple[str, ...],
    seconds: float,
    excerpts: int,
) -> None:
    """Command line, see the module."""
    try:
        count, skipped = render_scores(
            font,
            out,
            scores,
            source=source,
            licence=licence,
            ensembles=[[name.strip() for name in names.split(",")] for names in ensembles],
            seconds=seconds,
            excerpts=excerpts,
            progress=Bars(),
        )
    except IrecError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    click.echo(f"{count} files in {out}" + (f", {skipped} excerpts left out" if skipped else ""))


if __name__ == "__main__":
    main()
