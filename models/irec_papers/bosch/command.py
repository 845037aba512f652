"""``irec-train bosch``: support vector machines on hand-made features."""

from __future__ import annotations

from pathlib import Path

import click

from irec_models.commands.options import FILE, RECIPE, data_folders, interruptible, settings_option
from irec_models.inputs import check_new_run


@click.command()
@click.argument("recipe", type=RECIPE)
@data_folders
@click.option("--out", type=FILE, help="Folder of the run; default runs/NAME of the recipe.")
@settings_option
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

    Features and machines are stored in --out while it runs: an interrupted run continues with --resume.
    """
    folder = out or Path("runs") / recipe.stem
    check_new_run(folder, resume=resume)
    from irec_models.progress import Bars
    from irec_papers.bosch.training import PENALTY, train_bosch

    bars = Bars()
    with interruptible():
        run, result = train_bosch(
            recipe,
            data,
            folder,
            penalty=penalty or PENALTY,
            settings=settings,
            resume=resume,
            console=bars.console,
            progress=bars,
        )
    click.echo(f"{run.best}: held-out map {result.mean_average_precision():.4f}, loss {result.loss:.4f}")
    folders = " ".join(f"--data {path}" for path in data)
    click.echo(f"next: irec-train publish {folder} {folders} -o {folder / (recipe.stem + '.pt')}")
