"""``irec-train bosch``: support vector machines on hand-made features."""

from __future__ import annotations

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
@click.option("--penalty", type=click.FloatRange(min=0.0, min_open=True), help="C of the machines; default 4.")
def bosch(
    recipe: Path, data: tuple[Path, ...], out: Path | None, settings: tuple[str, ...], penalty: float | None
) -> None:
    """Train the support vector machines that RECIPE, of architecture bosch, says."""
    from irec_models.bosch.training import PENALTY, train_bosch

    folder = out or Path("runs") / recipe.stem
    run, result = train_bosch(recipe, data, folder, penalty=penalty or PENALTY, settings=settings)
    click.echo(f"{run.best}: held-out map {result.mean_average_precision():.4f}, loss {result.loss:.4f}")
    folders = " ".join(f"--data {path}" for path in data)
    click.echo(f"next: irec-train publish {folder} {folders} -o {folder / (recipe.stem + '.pt')}")
