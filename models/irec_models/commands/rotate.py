"""``irec-train rotate``: how right a recipe is on recordings of sources that it did not hear."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from irec_models.commands.options import FILE, stop_on_signals, training_options
from irec_models.progress import Bars

if TYPE_CHECKING:
    from irec_models.experiments.rotation import Rotation, TurnScores


@click.command()
@click.argument("recipe", type=FILE)
@training_options
@click.option("--out", type=FILE, help="Folder of the runs; default runs/NAME-rotation.")
@click.option("--source", "sources", multiple=True, help="Leave out only this one in its turn; may be repeated.")
@click.option("--turns", type=click.IntRange(2), help="Deal the sources into so many turns; default one turn each.")
@click.option("--json", "json_path", type=FILE, help="Write all scores here.")
def rotate(
    recipe: Path,
    data: tuple[Path, ...],
    out: Path | None,
    sources: tuple[str, ...],
    turns: int | None,
    settings: tuple[str, ...],
    device: str,
    workers: int,
    threads: int | None,
    teacher: Path | None,
    json_path: Path | None,
) -> None:
    """Train RECIPE again and again, each time without other sources, and score those by the network that missed them.

    Scored are solo clips, at most 30 of an instrument and turn, with the last weights of each network. Stopped, the
    same command goes on where it was.
    """
    from irec_live.files import check_writable, write_json
    from irec_models.experiments.rotation import rotate as run

    stop_on_signals()
    if json_path:
        check_writable(json_path)
    bars = Bars()
    try:
        rotation = run(
            recipe,
            data,
            out or Path("runs") / f"{recipe.stem}-rotation",
            sources=sources,
            number=turns,
            settings=settings,
            device=device,
            workers=workers,
            threads=threads,
            teacher=teacher,
            progress=bars,
            console=bars.console,
            tell=_print_scores,
        )
    except KeyboardInterrupt:
        sys.exit(130)
    Console().print(_turns(rotation), _instruments(rotation))
    if json_path:
        write_json(json_path, rotation.to_dict())


def _print_scores(judged: TurnScores, labels: Sequence[str]) -> None:
    scores = judged.score(labels)
    click.echo(f"without {', '.join(judged.turn)}: top-1 {judged.top1:.3f}, mAP {scores.macro_map:.3f}", err=True)


def _turns(rotation: Rotation) -> Table:
    table = Table("left out", "solos", "top-1", "mAP", title="judged by networks that had not heard them")

    def add(name: str, judged: TurnScores) -> None:
        scores = judged.score(rotation.labels)
        table.add_row(name, str(int(judged.solo.sum())), f"{judged.top1:.3f}", f"{scores.macro_map:.3f}")

    for judged in rotation.turns:
        add(", ".join(judged.turn), judged)
    add("all together", rotation.together)
    return table


def _instruments(rotation: Rotation) -> Table:
    table = Table("instrument", "clips", "AP", title="all turns together")
    for label, row in rotation.together.score(rotation.labels).labels.items():
        table.add_row(label, str(row.support), f"{row.average_precision:.3f}" if row.support else "-")
    return table
