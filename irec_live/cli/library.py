"""Commands of ``library``: add folders, search, show, export, remove, import."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from irec_live.cli.options import GivenPath, GivenText, Number
from irec_live.cli.output import INTERRUPTED, QuietGroup, counted, one_line, tell, write_text
from irec_live.errors import LibraryError
from irec_live.files import look, write_atomically
from irec_live.gui.wording import clock_text, when_text

if TYPE_CHECKING:
    from irec_live.library import Library, Results

_LIBRARY = click.option(
    "--library", "file", type=GivenText(), metavar="FILE", help="Another library than the user's own."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_LIMIT = click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, metavar="N")
_MOST_SPANS = 4


@click.group("library", cls=QuietGroup)
def library() -> None:
    """Search recordings by which instruments play in them, when, and how loud.

    Recordings are analysed once, by `library add`; searches take a moment. docs/library.md has the language of queries.
    """


@library.command()
@click.argument("paths", nargs=-1, required=True, type=GivenPath(), metavar="PATH...")
@click.option("--recursive/--flat", default=True, show_default=True, help="Folders inside folders, too.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Files at once. Default: one a processor.")
@click.option("--checksum", is_flag=True, help="Look at the content of every file, not only at its size and time.")
@click.option("--model", "models", multiple=True, metavar="NAME|FILE", help="As for analyze.")
@click.option("--provider", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@_LIBRARY
def add(
    paths: Sequence[Path],
    recursive: bool,
    jobs: int | None,
    checksum: bool,
    models: Sequence[str],
    provider: Any,
    file: str | None,
) -> None:
    """Analyse files and folders that are new or were changed, and forget those that are gone.

    Files that were moved or copied are recognised. Ctrl-C keeps what is done; the same command goes on.
    """
    from irec_live.batch.items import Settings
    from irec_live.batch.local import LocalEngine
    from irec_live.batch.paths import find_files
    from irec_live.cli.batch_progress import BatchProgress
    from irec_live.cli.options import tell_notices
    from irec_live.library.adding import FolderAdder
    from irec_live.models.choice import load_models

    found = find_files(paths, recursive=recursive)
    detectors = load_models(tuple(models) or None, provider)
    tell_notices(detectors)
    settings = Settings.of(detectors, provider=provider)
    folders = [path for path in paths if look(path) == "folder"] if recursive else []
    adder = FolderAdder(_library(file), found, settings, folders=folders, checksum=checksum)
    began_s = time.monotonic()
    stopped = False
    if adder.items:
        progress = BatchProgress(adder.items)
        jobs = min(len(adder.items), jobs or LocalEngine(settings).jobs)
        engine = LocalEngine(settings, jobs=jobs, on_share=progress.show_share)
        try:
            with progress, closing(adder.run(engine)) as outcomes:  # type: ignore[type-var]
                for item, outcome in outcomes:
                    progress.show_outcome(item, outcome)
        except KeyboardInterrupt:
            stopped = True
    _tell_added(adder.summary, time.monotonic() - began_s, stopped)
    click.get_current_context().exit(INTERRUPTED if stopped else adder.summary.status)


@library.command()
@click.argument("query", nargs=-1, metavar="QUERY")
@click.option("--offset", type=click.IntRange(0), default=0, help="Files to pass over.")
@_LIMIT
@_JSON
@_LIBRARY
def search(query: Sequence[str], offset: int, limit: int, as_json: bool, file: str | None) -> None:
    """List files in which instruments play as QUERY says, and when.

    For example: saxophone and piano together for at least 10 s, no voice
    """
    from irec_live.library import parse
    from irec_live.library.exporting import text_of

    lib = _library(file)
    asked = parse(" ".join(query), lib.labels())
    results = lib.search(asked, limit=limit, offset=offset)
    write_text(text_of(results, "json") if as_json else _table(results, offset, named=len(asked.shown) > 1))


@library.command()
@click.argument("path", type=GivenText())
@_JSON
@_LIBRARY
def show(path: str, as_json: bool, file: str | None) -> None:
    """Show what is known of a file, by its path or the end of it."""
    found = _library(file).show(path)
    if as_json:
        write_text(json.dumps(found.to_dict(), ensure_ascii=False) + "\n")
        return
    lines = [f"{one_line(found.path)}  {clock_text(found.duration_s)}", f"heard by {', '.join(found.models)}"]
    for label in dict.fromkeys([*found.detected, *(span.label for span in found.spans)]):
        spans = [span for span in found.spans if span.label == label]
        share = sum(span.end_s - span.start_s for span in spans) / max(found.duration_s, 1e-9)
        lines.append(f"  {label}: {min(share, 1.0):.0%}, {_spans(spans, len(spans), named=False)}")
    write_text("\n".join([*lines, *(f"Note: {warning}" for warning in found.warnings)]) + "\n")


@library.command()
@click.argument("query", nargs=-1, metavar="QUERY")
@click.option("--format", "form", type=click.Choice(["m3u", "csv", "json", "clips"]), required=True)
@click.option(
    "--out", type=GivenText(), default="-", show_default=True, metavar="FILE|DIR|-", help="For clips, a folder."
)
@click.option("--margin", "margin_s", type=Number(0, 3600), default=0.0, help="Seconds before and after each clip.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, metavar="N")
@_LIBRARY
def export(query: Sequence[str], form: str, out: str, margin_s: float, limit: int, file: str | None) -> None:
    """Write what QUERY finds as a playlist, a table, JSON, or clips of sound."""
    from irec_live.library.exporting import text_of, write_clips

    if form == "clips" and out == "-":
        raise click.UsageError("clips are files; name a folder with --out")
    results = _library(file).search(" ".join(query), limit=limit)
    if form != "clips":
        text = text_of(results, form)
        if out == "-":
            write_text(text)
        else:
            write_atomically(out, text)
        return
    failed = 0
    for path, reason in write_clips(results.matches, Path(out), margin_s=margin_s):
        failed += path is None
        click.echo(one_line(f"irec-live: {reason}" if path is None else str(path)), err=path is None)
    click.get_current_context().exit(int(failed > 0))


@library.command()
@click.argument("paths", nargs=-1, type=GivenPath(), metavar="PATH...")
@click.option("--missing", is_flag=True, help="All files that are not there any more, and what was known of them.")
@_LIBRARY
def remove(paths: Sequence[Path], missing: bool, file: str | None) -> None:
    """Forget files, and those in folders. No sound file is touched."""
    if not paths and not missing:
        raise click.UsageError("name files or folders, or give --missing")
    lib = _library(file)
    if not lib.exists():
        raise LibraryError(f"there is no library at {lib.path}")
    wanted = [path.absolute() for path in paths]
    gone = [
        known
        for known in lib.known_files()
        if any(path == Path(known) or path in Path(known).parents for path in wanted)
        or (missing and not look(known, LibraryError))
    ]
    count = lib.remove_files(gone)
    lib.prune()
    click.echo(f"{counted(count, 'file')} forgotten")


@library.command("import")
@click.argument("path", type=GivenPath())
@_LIBRARY
def import_(path: Path, file: str | None) -> None:
    """Add tables that `analyze --format parquet` or a cluster wrote: their folder, or its files.parquet."""
    count = _library(file).import_tables(path)
    click.echo(f"{counted(count, 'file')} imported")


@library.command()
@_JSON
@_LIBRARY
def stats(as_json: bool, file: str | None) -> None:
    """Tell how much the library holds."""
    found = _library(file).stats()
    if as_json:
        write_text(json.dumps(found.to_dict(), ensure_ascii=False) + "\n")
        return
    lines = [
        f"{found.path}  {found.size_bytes / 1e6:.1f} MB",
        f"{found.files} files of {found.recordings} recordings, {clock_text(found.duration_s)} of sound",
        f"{found.spans} spans",
    ]
    if found.without_file:
        lines.append(f"{found.without_file} recordings have no file now; library remove --missing forgets them")
    if len(found.settings) > 1:
        lines.append("recordings were analysed in several ways; library add makes them alike")
    lines += [f"  {label}: {clock_text(seconds)}" for label, seconds in found.labels.items()]
    write_text("\n".join(lines) + "\n")


def _library(file: str | None) -> Library:
    from irec_live.library import Library

    return Library(file)


def _table(results: Results, offset: int, *, named: bool) -> str:
    lines = []
    for match in results.matches:
        level = "" if match.level_db is None else f"  {match.level_db:.1f} dB"
        lines.append(f"{one_line(match.path)}  {clock_text(match.matched_s)} of {clock_text(match.duration_s)}{level}")
        if match.spans and match.spans[0].label:
            lines.append(f"    {_spans(match.spans, _MOST_SPANS, named=named)}")
    shown = len(results.matches)
    if results.total > shown:
        lines.append(f"{offset + 1} to {offset + shown} of {results.total} files; --limit and --offset show others")
    elif not shown and sys.stderr is not None:
        tell("no file is like that")
    return "".join(f"{line}\n" for line in lines)


def _spans(spans: Sequence[Any], most: int, *, named: bool) -> str:
    words = [f"{when_text(span.start_s, span.end_s)}{' ' + span.label if named else ''}" for span in spans[:most]]
    return ", ".join(words) + (f" and {len(spans) - most} more" if len(spans) > most else "")


def _tell_added(summary: Any, wall_s: float, stopped: bool) -> None:
    for _, reason in summary.failures:
        tell(f"irec-live: {reason}")
    parts = [f"{counted(summary.done, 'file')} analysed in {clock_text(wall_s)}"]
    for count, what in ((summary.same, "unchanged"), (summary.moved, "moved or copied"), (summary.gone, "gone")):
        if count:
            parts.append(f"{count} {what}")
    if summary.failures:
        parts.append(f"{len(summary.failures)} failed")
    tell(f"irec-live: {'; '.join(parts)}")
    if stopped:
        tell("irec-live: stopped; the same command goes on")
