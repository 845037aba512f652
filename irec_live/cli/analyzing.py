"""``irec-live analyze``: files in, results out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import click

from irec_live.analysis import analyze
from irec_live.batch.naming import check_name, result_names
from irec_live.batch.writing import write_result
from irec_live.cli.options import check_printed, hop_seconds, tell_notices, tell_of_pipe
from irec_live.cli.output import on_terminal, one_line, tell, write_text
from irec_live.errors import IrecError
from irec_live.files import make_folder
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.models.choice import load_models
from irec_live.spool import printable

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
    """Analyse files one after another; parameters as the options of the command.

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
    summarised = form is None and out == "-" and on_terminal()
    form = DEFAULT_FORMAT if form is None else form
    wanted = FORMATS[form]
    if out == "-":
        check_printed(wanted, len(files))
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
                tell(f"irec-live: {which}{warning}")
            if target is not None:
                write_result(lambda: wanted.pieces(analysis), target, overwrite=overwrite)  # noqa: B023
                tell(f"{path} -> {target}")
        except IrecError as error:
            failures += 1
            tell(f"irec-live: {which}{error}")
            continue
        if summarised:
            write_text(_summary(analysis))
        elif target is None:
            for piece in wanted.pieces(analysis):
                write_text(piece)
    return 2 if failures else int(incomplete)


def _summary(analysis: Analysis) -> str:
    from irec_live.cli.summary import summary  # here, because it loads rich

    return summary(analysis) + "\n"


def _targets(files: Sequence[Path], folder: Path, suffix: str) -> list[Path]:
    """Where the results of each file go, proven to be possible names."""
    targets = [folder / name for name in result_names([PurePath(path.name) for path in files], suffix)]
    for path, target in zip(files, targets, strict=True):
        check_name(path, target)
    return targets


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
        task = bars.add_task(escape(one_line(path.name)), total=1.0)
        yield lambda share: bars.update(task, completed=share)
