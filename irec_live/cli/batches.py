"""``irec-live analyze`` on folders, patterns and lists: a folder of results out, or one stream of them."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from irec_live.batch.items import PARQUET
from irec_live.batch.paths import Found, find_files, is_collection, listed_files
from irec_live.cli.batch_progress import BatchProgress
from irec_live.cli.options import check_printed, hop_seconds, tell_notices
from irec_live.cli.output import INTERRUPTED, counted, on_terminal, tell, write_text
from irec_live.errors import MediaError
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.gui.wording import clock_text

if TYPE_CHECKING:
    from irec_live.batch.items import Item, Outcome
    from irec_live.batch.run import Batch, Engine, Summary
    from irec_live.models.detector import Provider


def is_batch(options: Mapping[str, Any]) -> bool:
    """Whether a command line of ``analyze`` asks for more than files one after another."""
    wanted = any(options[name] for name in ("recursive", "from_file", "jobs", "resume", "curves", "address"))
    wanted = wanted or options["engine"] != "local"
    return wanted or options["form"] == PARQUET or any(is_collection(path) for path in options["files"])


def run_batch(
    *,
    files: Sequence[Path],
    form: str | None,
    out: str,
    overwrite: bool,
    recursive: bool,
    from_file: str | None,
    jobs: int | None,
    resume: bool,
    curves: bool,
    engine: str,
    address: str | None,
    models: Sequence[str],
    hop_ms: float | None,
    provider: Provider,
    track: int | None = None,
    channel: int | None = None,
) -> int:
    """Analyse many files; parameters as the options of the command.

    Returns
    -------
    int
        0; 1 if a file failed or part of one could not be analysed; 130 after Ctrl-C.

    Raises
    ------
    IrecError
        Nothing was analysed: a folder without sound, a model or an output that is not usable, results in the way.
    click.UsageError
        Options that do not go together.
    """
    chosen = DEFAULT_FORMAT if form is None else form
    _check_options(chosen, out=out, resume=resume, curves=curves)
    if engine == "ray" and (chosen != PARQUET or curves):
        raise click.UsageError("a cluster's results are tables: give --format parquet, without --curves")
    if address is not None and engine != "ray":
        raise click.UsageError("--address is that of a cluster: give --engine ray, too")
    found = _found(files, recursive=recursive, from_file=from_file)
    printed = out == "-"
    if printed:
        check_printed(FORMATS[chosen], len(found))
    from irec_live.batch.items import Settings
    from irec_live.batch.local import LocalEngine
    from irec_live.models.choice import load_models

    elsewhere = engine == "ray" and provider == "cuda"  # the workers need a GPU, this process none
    detectors = load_models(tuple(models) or None, "cpu" if elsewhere else provider)
    kinds = {detector.spec.kind for detector in detectors}
    lacking = FORMATS[chosen].lacks(kinds) if chosen in FORMATS else ""
    if lacking:
        raise click.UsageError(f"{lacking}; name one with --model, too")
    tell_notices(detectors)
    hop_s = hop_seconds(hop_ms, detectors)
    ran_by = {"providers": ("CUDA",) * len(detectors)} if elsewhere else {}
    settings = Settings.of(
        detectors, provider=provider, hop_s=hop_s, track=track, channel=channel, form=chosen, curves=curves, **ran_by
    )
    summarised = printed and form is None and on_terminal()
    with _folder(out) as folder, _batch(found, folder, settings, resume, overwrite or printed) as batch:
        progress = BatchProgress(batch.items)
        if engine == "ray":
            from irec_live.batch.ray import RayEngine

            return _run(batch, RayEngine(settings, address=address, jobs=jobs), progress, None, again=True)
        jobs = min(len(batch.items), jobs or LocalEngine(settings).jobs)
        local = LocalEngine(settings, jobs=jobs, overwrite=overwrite, on_share=progress.show_share)
        printer = _Printer(batch.items, summarised) if printed else None
        return _run(batch, local, progress, printer, again=not printed)


def _check_options(form: str, *, out: str, resume: bool, curves: bool) -> None:
    if curves and form != PARQUET:
        raise click.UsageError("--curves goes with --format parquet; the other formats have the curves or do not")
    if out != "-":
        return
    if resume:
        raise click.UsageError("--resume goes on in a folder of results; name it with --out")
    if form == PARQUET:
        raise click.UsageError("parquet is written to a folder; name it with --out")


def _found(files: Sequence[Path], *, recursive: bool, from_file: str | None) -> list[Found]:
    found = find_files(files, recursive=recursive)
    if from_file is not None:
        try:
            lines = sys.stdin.buffer.read() if from_file == "-" else Path(from_file).read_bytes()
        except OSError as error:
            raise MediaError(f"the list {from_file} cannot be read: {error.strerror or error}") from error
        listed = listed_files(lines)
        known = {one.path.absolute() for one in found}
        found += [one for one in listed if one.path not in known]
    if not found:
        raise click.UsageError("Missing argument 'PATH...'.")
    return found


@contextmanager
def _folder(out: str) -> Iterator[Path]:
    """The folder to write to; one that is gone afterwards where results are printed."""
    if out != "-":
        yield Path(out)
        return
    folder = Path(tempfile.mkdtemp(prefix="irec-live-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _batch(found: Sequence[Found], folder: Path, settings: Any, resume: bool, overwrite: bool) -> Batch:
    from irec_live.batch.run import Batch

    return Batch(found, folder, settings, resume=resume, overwrite=overwrite)


def _run(
    batch: Batch,
    engine: Engine,
    progress: BatchProgress,
    printer: Callable[[Item, Outcome], None] | None,
    *,
    again: bool,
) -> int:
    began_s = time.monotonic()
    stopped = False
    try:
        with progress, closing(batch.run(engine)) as outcomes:  # type: ignore[type-var]
            for item, outcome in outcomes:
                progress.show_outcome(item, outcome)
                if printer is not None:
                    with progress.aside():
                        printer(item, outcome)
    except KeyboardInterrupt:
        stopped = True
    if batch.settings.form == PARQUET:
        batch.write_tables()
    _tell(batch, time.monotonic() - began_s, stopped=stopped, again=again)
    return INTERRUPTED if stopped else batch.summary.status


def _tell(batch: Batch, wall_s: float, *, stopped: bool, again: bool) -> None:
    """The end: what was done, how fast, and what failed why."""
    summary = batch.summary
    for _, reason in summary.failures:
        tell(f"irec-live: {reason}")
    for path in summary.incomplete:
        tell(f"irec-live: part of {path} could not be analysed")
    tell(f"irec-live: {_counts(summary, wall_s)}")
    if stopped:
        left = len(batch.items) - summary.done - summary.same - len(summary.failures)
        how = "; the same command with --resume goes on" if again else ""
        tell(f"irec-live: stopped with {counted(left, 'file')} left{how}")


def _counts(summary: Summary, wall_s: float) -> str:
    parts = [f"{counted(summary.done, 'file')} analysed in {clock_text(wall_s)}"]
    if summary.sound_s:
        parts.append(f"{clock_text(summary.sound_s)} of sound, {summary.sound_s / max(wall_s, 1e-9):.3g} x real time")
    if summary.same:
        parts.append(f"{summary.same} unchanged")
    if summary.failures:
        parts.append(f"{len(summary.failures)} failed")
    return "; ".join(parts)


class _Printer:
    """Prints results in the order of the items, whichever is done first."""

    def __init__(self, items: Sequence[Item], summarised: bool) -> None:
        self._order = [item.key for item in items]
        self._next = 0
        self._summarised = summarised
        self._waiting: dict[str, tuple[Item, Outcome]] = {}

    def __call__(self, item: Item, outcome: Outcome) -> None:
        self._waiting[item.key] = (item, outcome)
        while self._next < len(self._order) and self._order[self._next] in self._waiting:
            self._print(*self._waiting.pop(self._order[self._next]))
            self._next += 1

    def _print(self, item: Item, outcome: Outcome) -> None:
        if outcome.status == "failed" or outcome.recording is None or item.target is None:
            return
        if self._summarised:
            heard = ", ".join(outcome.recording.detected) or "no instrument was recognised"
            write_text(f"{outcome.recording.name}  {clock_text(outcome.recording.duration_s)}  {heard}\n")
            return
        with Path(item.target).open("rb") as file:
            while piece := file.read(1 << 20):
                write_text(piece)
        Path(item.target).unlink()
