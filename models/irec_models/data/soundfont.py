"""A SoundFont as another recording source: notes and phrases rendered by FluidSynth into a data folder.

::

    python -m irec_models.data.soundfont /usr/share/sounds/sf2/FluidR3_GM.sf2 runs/fluidr3 --source sf:fluidr3

The folder has a ``manifest.csv`` and can be given beside others wherever data folders are taken.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import click
import numpy as np
import numpy.typing as npt
import soundfile

from irec_live.errors import DataError, IrecError, MissingExtraError, OutputError
from irec_models.data.compose import Note, Setting, compose
from irec_models.data.general_midi import DRUM_KEYS, KITS, PROGRAMS, Program
from irec_models.data.labels import POLYPHONIC
from irec_models.data.store import trim

_DRUM_BANK = 128
_COLUMNS = ("split", "file", "labels", "instrument", "kind", "source", "licence", "seconds", "original_rate", "path")


class Key(NamedTuple):
    """A key held for a while: seconds, MIDI key, velocity 1..127."""

    onset_s: float
    duration_s: float
    key: int
    velocity: int


class SoundFont:
    """Renders keys with one SoundFont; a context manager.

    Parameters
    ----------
    path : Path
        An ``.sf2`` or ``.sf3`` file.
    sample_rate : int
        Hz.
    room : bool
        FluidSynth's reverb and chorus; off by default, rooms are the mixer's task.

    Raises
    ------
    MissingExtraError
        pyfluidsynth is not installed.
    DataError
        FluidSynth's library is missing, or the file is no SoundFont.
    """

    def __init__(self, path: Path | str, sample_rate: int = 44100, *, room: bool = False) -> None:
        self.path = Path(path)
        self.sample_rate = sample_rate
        if not self.path.is_file():
            raise DataError(f"SoundFont {self.path} does not exist; on Debian, fluid-soundfont-gm brings one")
        with self.path.open("rb") as stream:
            head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise DataError(f"{self.path} is not a SoundFont (.sf2)")
        settings = {"synth.reverb.active": int(room), "synth.chorus.active": int(room), "synth.polyphony": 256}
        self._synth: Any = _fluidsynth().Synth(gain=0.4, samplerate=float(sample_rate), channels=16, **settings)
        self._font = self._synth.sfload(str(self.path))
        if self._font < 0:
            self._synth.delete()
            raise DataError(f"{self.path} cannot be loaded as a SoundFont")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the synthesiser."""
        self._synth.delete()

    def render(
        self, program: int, keys: Sequence[Key], seconds: float, *, bank: int = 0
    ) -> npt.NDArray[np.float32] | None:
        """Play keys with one program.

        Parameters
        ----------
        program : int
            0..127.
        keys : sequence of Key
        seconds : float
            Length of the result.
        bank : int
            128 for drum kits.

        Returns
        -------
        (T,) float32 or None
            Mono; None where the SoundFont has no such program.
        """
        self._synth.system_reset()
        channel = 9 if bank == _DRUM_BANK else 0
        if self._synth.program_select(channel, self._font, bank, program) != 0:
            return None
        if self._synth.channel_info(channel)[0] != self._font:
            return None
        # Offs before ons at the same time, so that a repeated key sounds twice.
        events = sorted(
            [(key.onset_s + key.duration_s, 0, key.key, 0) for key in keys]
            + [(key.onset_s, 1, key.key, key.velocity) for key in keys]
        )
        length = round(seconds * self.sample_rate)
        parts: list[npt.NDArray[np.int16]] = []
        done = 0
        for time, on, key, velocity in [*events, (math.inf, 0, -1, 0)]:
            at = length if math.isinf(time) else min(length, round(time * self.sample_rate))
            if at > done:
                parts.append(np.asarray(self._synth.get_samples(at - done), np.int16))
                done = at
            if key >= 0 and on:
                self._synth.noteon(channel, key, velocity)
            elif key >= 0:
                self._synth.noteoff(channel, key)
        stereo = np.concatenate(parts).reshape(-1, 2) if parts else np.zeros((0, 2), np.int16)
        mono: npt.NDArray[np.float32] = stereo.astype(np.float32).mean(axis=1) / np.float32(32768)
        return mono


def _fluidsynth() -> Any:
    try:
        import fluidsynth
    except ModuleNotFoundError as error:
        raise MissingExtraError("pyfluidsynth", "train") from error
    except (ImportError, OSError, AttributeError) as error:
        raise DataError(
            f"FluidSynth's library cannot be loaded ({error}); on Debian: apt install fluidsynth"
        ) from error
    return fluidsynth


_NAMES = ("C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B")


class _Take(NamedTuple):
    """One file to be: what to play and what its manifest row says."""

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
                yield _Take(file, "drums", "drums", "notes", kit, _DRUM_BANK, [Key(0.0, 0.3, key, velocity)], 1.8)


def takes(*, phrases: int, seed: int, names: Iterable[str] | None = None) -> Iterator[_Take]:
    """Everything that is rendered from a General MIDI SoundFont."""
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
    advance: Callable[[str], None] | None = None,
) -> int:
    """Render a General MIDI SoundFont into a data folder.

    Files that are there already are kept, so a run that was interrupted goes on; the manifest comes last.

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
    advance : callable, optional
        Told each file's name.

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
    rows: list[dict[str, str]] = []
    with SoundFont(font) as synth:
        try:
            for take in takes(phrases=phrases, seed=seed, names=names):
                seconds = _render_take(synth, take, root / take.file)
                if seconds > 0:
                    rows.append(_row(take, source, licence, seconds, synth.sample_rate))
                    if advance:
                        advance(take.file)
            if not rows:
                raise DataError(f"{font} has none of the General MIDI programs that were asked for")
            _write_manifest(root, rows)
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
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    soundfile.write(part, audio * np.float32(0.9 / np.abs(audio).max()), synth.sample_rate, "PCM_16", format="FLAC")
    part.replace(path)
    return len(audio) / synth.sample_rate


def _row(take: _Take, source: str, licence: str, seconds: float, rate: int) -> dict[str, str]:
    values = ("train", take.file, take.name, take.instrument, take.kind, source, licence, f"{seconds:.3f}", str(rate))
    return dict(zip(_COLUMNS, (*values, take.file), strict=True))


def _write_manifest(root: Path, rows: Sequence[dict[str, str]]) -> None:
    part = root / "manifest.csv.part"
    with part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(root / "manifest.csv")


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
    from rich.progress import Progress, SpinnerColumn, TextColumn

    try:
        with Progress(SpinnerColumn(), TextColumn("{task.completed} files, {task.description}")) as bar:
            task = bar.add_task("", total=None)
            count = render_font(
                font,
                out,
                source=source,
                licence=licence,
                names=names or None,
                phrases=phrases,
                seed=seed,
                advance=lambda file: bar.update(task, advance=1, description=file),
            )
    except IrecError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    click.echo(f"{count} files in {out}")


if __name__ == "__main__":
    main()
