"""``irec-train bosch``: support vector machines on hand-made features."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("recipe", type=FILE)
@click.option(
    "--data",
    type=FILE,
    multiple=True,
    default=(Path("data"),),
    show_default="data",
    help="Folder with manifest.csv; may be repeated.",
)
@click.option("--out", type=FILE, help="Folder of the run; default runs/NAME of the recipe.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Another value, as train.seed=1; repeatable."
)
@click.option("--resume", is_flag=True, help="Continue the run in --out.")
@click.option("--penalty", type=click.FloatRange(min=0.0, min_open=True), help="C of the machines; default 4.")
def bosch(
    recipe: Path,
    data: tuple[Path, ...],
    out: Path | None,
    settings: tuple[str, ...],
    resume: bool,
    penalty: float | None,
) -> None:
    """Train the support vector machines that RECIPE, of architecture bosch, says.

    Features and machines are kept in --out until all are there: stopped, it goes on with --resume.
    """
    from irec_models.bosch.training import PENALTY, train_bosch

    folder = out or Path("runs") / recipe.stem
    # A run in the background starts with Ctrl-C ignored, and `kill` should save just as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        run, result = train_bosch(recipe, data, folder, penalty=penalty or PENALTY, settings=settings, resume=resume)
    except KeyboardInterrupt:
        sys.exit(130)
    click.echo(f"{run.best}: held-out map {result.mean_average_precision():.4f}, loss {result.loss:.4f}")
    folders = " ".join(f"--data {path}" for path in data)
    click.echo(f"next: irec-train publish {folder} {folders} -o {folder / (recipe.stem + '.pt')}")
