"""``irec-train``: train, measure and finish models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from irec_live.cli.output import INTERRUPTED, QuietGroup, tell
from irec_live.errors import IrecError, MissingExtraError
from irec_models.caches import keep_caches_together
from irec_models.commands.adapt import adapt
from irec_models.commands.average import average
from irec_models.commands.context import context
from irec_models.commands.data import data
from irec_models.commands.decide import decide
from irec_models.commands.evaluate import evaluate
from irec_models.commands.options import FILE, RECIPE, RUN, data_folders, interruptible, start_option, training_options
from irec_models.commands.plugin_group import PluginGroup
from irec_models.commands.real import real
from irec_models.commands.recipes import recipes
from irec_models.commands.rotate import rotate
from irec_models.commands.stress import stress
from irec_models.inputs import BEST, LAST, check_new_run


class _Commands(PluginGroup, QuietGroup):
    """Turns the world's errors into one sentence and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IrecError as error:
            tell(f"irec-train: {error}")
            ctx.exit(2)
        except FloatingPointError as error:  # training that diverged; nothing after its last save was any use
            tell(f"irec-train: {error}; what was saved before is in the run's folder")
            ctx.exit(2)
        except ModuleNotFoundError as error:
            # What the packages of this project lack is in the extra; a missing module of its own is a defect.
            if (error.name or "").startswith("irec_"):
                raise
            tell(f"irec-train: {MissingExtraError(str(error.name), 'train')}")
            ctx.exit(2)
        except KeyboardInterrupt:
            tell("irec-train: stopped")
            ctx.exit(INTERRUPTED)


@click.group("irec-train", cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train, measure and finish the networks of irec-live."""
    keep_caches_together()


main.add_command(adapt)
main.add_command(average)
main.add_command(context)
main.add_command(data)
main.add_command(decide)
main.add_command(evaluate)
main.add_command(real)
main.add_command(recipes)
main.add_command(rotate)
main.add_command(stress)


@main.command()
@click.argument("recipe", type=RECIPE)
@training_options
@click.option("--out", type=FILE, help="Folder of the run; default runs/NAME of the recipe.")
@click.option("--label", help="Train a classifier of this label alone, to be joined with others.")
@click.option("--resume", is_flag=True, help="Continue the run in --out.")
@start_option
@click.option("--keep-to", type=FILE, help="Published weights that [sequences] of the recipe holds the network to.")
def fit(
    recipe: Path,
    data: tuple[Path, ...],
    out: Path | None,
    settings: tuple[str, ...],
    label: str | None,
    **options: Any,
) -> None:
    """Train what RECIPE says.

    --set table.key=value changes single keys, as in --set data.labels='["flute", "harp"]', and the run's own
    recipe.toml keeps them. --label is short for such settings: one label, a name of its own, and more of other
    instruments in the mixtures, so that most windows say no.
    """
    from irec_models.progress import Bars
    from irec_models.recipes.settings import label_name, label_settings

    name = label_name(recipe.stem, label) if label else recipe.stem
    if label:
        settings = (*label_settings(recipe.stem, label), *settings)
    folder = out or Path("runs") / name
    check_new_run(folder, resume=options["resume"])
    from irec_models.training.fit import fit as train

    bars = Bars()
    with interruptible():
        trainer = train(recipe, data, folder, settings=settings, console=bars.console, progress=bars, **options)
    click.echo(f"{trainer.run.best}: best held-out {trainer.recipe.train.monitor} {abs(trainer.best):.4f}")
    folders = " ".join(f"--data {path}" for path in data)
    click.echo(f"next: irec-train publish {folder} {folders} -o {folder / (trainer.recipe.model.name + '.pt')}")


@main.command()
@click.argument("run", type=RUN)
@data_folders
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
def publish(run: Path, data: tuple[Path, ...], out: Path) -> None:
    """Choose thresholds for the best weights of RUN, measure them, write card and checkpoint."""
    if out.resolve() in ((run / BEST).resolve(), (run / LAST).resolve()):
        raise click.UsageError(f"{out} is the run's own; name another file, so that it is not lost")
    from irec_models.measuring.tables import published_tables
    from irec_models.progress import Bars
    from irec_models.publishing.publish import publish as finish

    scores = finish(run, data, out, progress=Bars())
    Console().print(published_tables(scores.clips, scores.mixtures))
    click.echo(f"next: irec-export {out} -o {out.with_suffix('.onnx').name}")
