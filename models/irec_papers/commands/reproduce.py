"""``irec-train reproduce``: a paper's table on the paper's data, in one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console, RenderableType
from rich.table import Table

from irec_models.commands.options import FILE, TEACHER, interruptible, machine_options, settings_option, start_option
from irec_models.inputs import check_there
from irec_models.plugins import command_place, load
from irec_models.progress import Bars
from irec_models.recipes.lookup import find_recipe

if TYPE_CHECKING:
    from irec_papers.reproduce import Reproduction


_NAMES = {"s1": "S1, mean", "s2": "S2, sum / strongest"}


@click.command()
@click.argument("recipe", type=FILE)
@click.option(
    "--data",
    "folders",
    type=FILE,
    multiple=True,
    required=True,
    help="Folder of the data set, as it was unpacked; several for a bundled network.",
)
@click.option("--out", type=FILE, help="Folder of the run; default runs/NAME of the recipe.")
@settings_option
@machine_options
@click.option("--teacher", type=TEACHER, help="yamnet.tflite, for bundled networks that learnt from it.")
@start_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def reproduce(
    recipe: Path,
    folders: tuple[Path, ...],
    out: Path | None,
    teacher: Path | None,
    start_from: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Train RECIPE on a public data set and measure it on its test set as the paper did.

    The data set needs nothing but its files: its manifest is written if there is none. Stopped, the same command goes
    on where it was. At the end the paper's numbers stand beside ours.

    The name of a bundled network trains, publishes and exports that again on the folders that it was trained on, as
    `irec-train rebuild` does.
    """
    if _is_bundled(recipe):
        if as_json:
            raise click.UsageError(f"--json is for a paper's tables; {recipe} is a bundled network")
        given = {"data": folders, "teacher": teacher, "start_from": start_from, **options}
        click.get_current_context().invoke(_rebuild(), name=recipe.name, out=out, **given)
        return
    if len(folders) != 1 or teacher or start_from:
        raise click.UsageError("a paper's training takes one --data, no --teacher and no --start-from")
    (folder,) = folders
    find_recipe(recipe)
    check_there(folder)
    from irec_papers.reproduce import reproduce as run

    bars = Bars()
    with interruptible():
        result = run(recipe, folder, out or Path("runs") / recipe.stem, console=bars.console, progress=bars, **options)
    if not result.learnt:
        click.echo(
            "irec-train: validation never got better than guessing, so the scores mean nothing; try "
            "--set model.hyperparameters.gain=true (han) or a lower train.learning_rate, with another --out",
            err=True,
        )
    if as_json:
        click.echo(json.dumps({"schema": "irec.reproduction/1", **result.to_dict()}))
        return
    console = Console()
    console.print(_summary(result), _sweep(result), _instruments(result))
    click.echo(f"next: irec-export {result.checkpoint} -o {result.checkpoint.with_suffix('.onnx').name}")


def _is_bundled(recipe: Path) -> bool:
    from irec_live.models.catalog import bundled_models

    return recipe.name == str(recipe) and recipe.name in {model.name for model in bundled_models()}


def _rebuild() -> click.Command:
    place = command_place("rebuild")
    if not place:
        raise click.UsageError("bundled networks are rebuilt by the package irec_export, which is not installed")
    command: click.Command = load(place)
    return command


def _summary(result: Reproduction) -> Table:
    from irec_papers.reproduce import CHOSEN

    columns = ("aggregation", "threshold", "mic P", "mic R", "mic F1", "mac P", "mac R", "mac F1")
    table = Table(*columns, title=f"{result.clips:,} test clips")
    for key in dict.fromkeys((result.best("s1"), result.best("s2"), CHOSEN)):
        table.add_row(_NAMES[key[0]], f"{key[1]:.2f}", *(f"{value:.3f}" for value in result.sweep[key].averages))
    for (how, threshold), row in result.published.items():
        table.add_row(f"paper: {_NAMES[how]}", f"{threshold:.2f}", *(f"{value:.3f}" for value in row), style="dim")
    return table


def _sweep(result: Reproduction) -> Table:
    table = Table("aggregation", "threshold", "micro F1", "macro F1", title="every threshold")
    for (how, threshold), scores in result.sweep.items():
        table.add_row(_NAMES[how], f"{threshold:.2f}", f"{scores.micro_f1:.3f}", f"{scores.macro_f1:.3f}")
    return table


def _instruments(result: Reproduction) -> RenderableType:
    from irec_models.measuring.tables import instruments_table
    from irec_papers.reproduce import CHOSEN

    return instruments_table(result.sweep[CHOSEN], f"instruments, {_NAMES[CHOSEN[0]]}, threshold {CHOSEN[1]:.2f}")
