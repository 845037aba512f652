"""``irec-train rotate``: leave-sources-out cross-validation of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from irec_live.files import check_writable, write_json
from irec_models.commands.options import FILE, RECIPE, interruptible, training_options
from irec_models.progress import Bars

if TYPE_CHECKING:
    from irec_models.experiments.rotation import Rotation, TurnScores


@click.command()
@click.argument("recipe", type=RECIPE)
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
    json_path: Path | None,
    **options: Any,
) -> None:
    """Train RECIPE again and again, each time without other sources, and score those by the network that missed them.

    Solo clips are scored, at most 30 of an instrument and turn, with the last weights of each network. If interrupted,
    the same command continues where it stopped.
    """
    if json_path:
        check_writable(json_path)
    from irec_models.experiments.rotation import rotate as run

    bars = Bars()
    with interruptible():
        rotation = run(
            recipe,
            data,
            out or Path("runs") / f"{recipe.stem}-rotation",
            sources=sources,
            number=turns,
            progress=bars,
            console=bars.console,
            tell=_print_scores,
            **options,
        )
    Console().print(_turns(rotation), _instruments(rotation))
    if json_path:
        write_json(json_path, rotation.to_dict())


def _print_scores(result: TurnScores, labels: Sequence[str]) -> None:
    scores = result.score(labels)
    click.echo(f"without {', '.join(result.turn)}: top-1 {result.top1:.3f}, mAP {scores.macro_map:.3f}", err=True)


def _turns(rotation: Rotation) -> Table:
    table = Table("left out", "solos", "top-1", "mAP", title="scored by networks not trained on them")

    def add(name: str, result: TurnScores) -> None:
        scores = result.score(rotation.labels)
        table.add_row(name, str(int(result.solo.sum())), f"{result.top1:.3f}", f"{scores.macro_map:.3f}")

    for result in rotation.turns:
        add(", ".join(result.turn), result)
    add("all together", rotation.together)
    return table


def _instruments(rotation: Rotation) -> Table:
    table = Table("instrument", "clips", "AP", title="all turns together")
    for label, row in rotation.together.score(rotation.labels).labels.items():
        table.add_row(label, str(row.support), f"{row.average_precision:.3f}" if row.support else "-")
    return table
