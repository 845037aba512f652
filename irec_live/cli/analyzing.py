"""``irec-live analyze``: files in, results out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from irec_live.analysis import analyze
from irec_live.cli.options import hop_seconds, tell_notices, tell_of_pipe
from irec_live.cli.output import write_text
from irec_live.errors import IrecError, OutputError
from irec_live.files import make_folder, write_atomically
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.models.choice import load_models
from irec_live.spool import STDIN, printable

if TYPE_CHECKING:
    from irec_live.models.detector import Provider
    from irec_live.report import Analysis


def run_analyze(
    *,
    files: Sequence[Path],
    form: str | None,
    out: str,
    overwrite: bool,
    models: Sequence[str],
    hop_ms: float | None,
    provider: Provider,
    track: int | None = None,
    channel: int | None = None,
) -> int:
    """Analyse files one after another.

    Parameters
    ----------
    files : sequence of Path
    form : str, optional
        A name of `FORMATS`. By default `DEFAULT_FORMAT`, or where it would be printed on a terminal, a summary.
    out : str
        A folder, made if it is missing, or ``-`` for standard output.
    overwrite : bool
        Replace files that are there and say something else.
    models : sequence of str
        Names or paths; the bundled defaults if empty.
    hop_ms : float, optional
    provider : {"auto", "cpu", "cuda"}
    track, channel : int, optional
        Which sound track, and which channel alone, from 1 on.

    Returns
    -------
    int
        0; 2 if a file failed; else 1 if part of a file could not be analysed.

    Raises
    ------
    IrecError
        A model or the output is not usable: nothing was analysed, or nothing more.
    click.UsageError
        Several files would be printed in a format that does not tell them apart, or no model tells what it needs.
    """
    summarised = form is None and out == "-" and _on_terminal()
    form = DEFAULT_FORMAT if form is None else form
    wanted = FORMATS[form]
    if out == "-" and not wanted.one_line and len(files) > 1:
        raise click.UsageError(f"{form} does not tell several files apart; name a folder with --out")
    folder = None if out == "-" else make_folder(Path(out))  # proven before an hour of analysis
    detectors = load_models(tuple(models) or None, provider)
    lacking = wanted.lacks({detector.spec.kind for detector in detectors})
    if lacking:
        raise click.UsageError(f"{lacking}; name one with --model, too")
    tell_notices(detectors)
    hop_s = hop_seconds(hop_ms, detectors)
    targets = [None] * len(files) if folder is None else _targets(files, folder, wanted.suffix)
    names = [path.name for path in files]
    failures = 0
    incomplete = False
    for path, target in zip(files, targets, strict=True):
        alike = names.count(path.name) > 1  # take1.wav of this folder, or of that?
        which = f"{printable(path)}: " if alike else ""
        try:
            tell_of_pipe(path)
            with _progress_bar(path) as progress:
                analysis = analyze(path, models=detectors, hop_s=hop_s, track=track, channel=channel, progress=progress)
            if alike:
                analysis = replace(analysis, file=printable(path))
            incomplete = incomplete or bool(analysis.warning)
            for warning in () if summarised else analysis.warnings:  # the summary has them
                click.echo(f"irec-live: {which}{warning}", err=True)
            if target is not None:
                _write(lambda: wanted.pieces(analysis), target, overwrite=overwrite)  # noqa: B023
                click.echo(f"{path} -> {target}", err=True)
        except IrecError as error:
            failures += 1
            click.echo(f"irec-live: {which}{error}", err=True)
            continue
        if summarised:
            write_text(_summary(analysis))
        elif target is None:
            for piece in wanted.pieces(analysis):
                write_text(piece)
    return 2 if failures else int(incomplete)


def _on_terminal() -> bool:
    """Whether standard output is a terminal: a person reads it."""
    return sys.stdout is not None and sys.stdout.isatty()


def _summary(analysis: Analysis) -> str:
    from irec_live.cli.summary import summary  # here, because it loads rich

    return summary(analysis) + "\n"


def _write(parts: Callable[[], Iterable[str]], target: Path, *, overwrite: bool) -> None:
    """Write results, but not over notes, lyrics or another album's results of the same name."""
    try:
        known = target.exists() and not overwrite
        if known and _says(target, parts()):
            return
    except OSError as error:
        raise OutputError(f"cannot read {target}: {error.strerror or error}") from error
    if known:
        raise OutputError(f"{target} is there already and says something else; give another --out, or --overwrite")
    write_atomically(target, parts())


def _says(path: Path, parts: Iterable[str]) -> bool:
    """Whether a file holds this and nothing else."""
    with path.open("rb") as file:
        same = all(
            file.read(len(piece)) == piece for piece in (part.encode("utf-8", "surrogateescape") for part in parts)
        )
        return same and not file.read(1)


def _targets(files: Sequence[Path], folder: Path, suffix: str) -> list[Path]:
    """A file's results are named after it, and keep its suffix where two would share a name."""
    files = [Path("stdin") if path == STDIN else path for path in files]
    stems = [path.stem.casefold() for path in files]  # macOS and Windows take Song and song for one name
    names = [path.stem if stems.count(path.stem.casefold()) == 1 else path.name for path in files]
    taken = {name.casefold() for name in names}
    given: set[str] = set()
    targets = []
    for name in names:
        free, count = name, 1
        while free.casefold() in given or (count > 1 and free.casefold() in taken):  # the same name from two folders
            count += 1
            free = f"{name}-{count}"
        given.add(free.casefold())
        targets.append(folder / f"{free}{suffix}")
    for path, target in zip(files, targets, strict=True):
        _check_name(path, target)
    return targets


def _check_name(path: Path, target: Path) -> None:
    """See that a file can have a name, before an hour of analysis."""
    try:
        target.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"the results of {printable(path)} cannot be written to {printable(target)}: {reason}"
        ) from error


@contextmanager
def _progress_bar(path: Path) -> Iterator[Callable[[float], None] | None]:
    """A bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(escape(path.name), total=1.0)
        yield lambda share: bars.update(task, completed=share)
