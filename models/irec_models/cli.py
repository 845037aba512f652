"""``irec-train``: train, measure and finish models."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from irec_live.errors import IrecError, MissingExtraError, OutputError
from irec_models.commands.data import data
from irec_models.commands.fuse import fuse
from irec_models.commands.join import join
from irec_models.commands.stress import stress

FILE = click.Path(path_type=Path)

_data = click.option(
    "--data",
    type=FILE,
    multiple=True,
    default=(Path("data"),),
    show_default="data",
    help="Folder with manifest.csv; may be repeated.",
)


class _Commands(click.Group):
    """Turns the world's errors into one sentence and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IrecError as error:
            click.echo(f"irec-train: {error}", err=True)
            ctx.exit(2)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in ("torch", "torchmetrics", "scipy"):
                raise
            click.echo(f"irec-train: {MissingExtraError(str(error.name), 'train')}", err=True)
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Train, measure and finish the networks of irec-live."""


main.add_command(data)
main.add_command(fuse)
main.add_command(join)
main.add_command(stress)


@main.command()
@click.argument("recipe", type=FILE)
@_data
@click.option("--out", type=FILE, help="Folder of the run; default runs/NAME of the recipe.")
@click.option("--resume", is_flag=True, help="Continue the run in --out.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 ...")
@click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes that make data.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads of the network.")
def fit(
    recipe: Path, data: tuple[Path, ...], out: Path | None, resume: bool, device: str, workers: int, threads: int | None
) -> None:
    """Train what RECIPE says."""
    from irec_models.train import fit as train

    folder = out or Path("runs") / recipe.stem
    # A run in the background starts with Ctrl-C ignored, and `kill` should save just as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        trainer = train(recipe, data, folder, resume=resume, device=device, workers=workers, threads=threads)
    except KeyboardInterrupt:
        sys.exit(130)
    click.echo(f"{trainer.run.best}: best held-out {trainer.recipe.train.monitor} {abs(trainer.best):.4f}")
    folders = " ".join(f"--data {path}" for path in data)
    click.echo(f"next: irec-train publish {folder} {folders} -o {folder / (trainer.recipe.model.name + '.pt')}")


@main.command()
@click.argument("run", type=FILE)
@_data
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
def publish(run: Path, data: tuple[Path, ...], out: Path) -> None:
    """Choose thresholds for the best weights of RUN, measure them, write card and checkpoint."""
    from irec_models.publish import publish as finish
    from irec_models.report import evaluation_tables, mix_table

    dev, mixes = finish(run, data, out)
    console = Console()
    console.print(evaluation_tables(dev, "dev"), mix_table(mixes))
    click.echo(f"next: irec-export {out} -o {out.with_suffix('.onnx').name}")


@main.command()
@click.argument("model", type=FILE)
@_data
@click.option("--split", default="dev", show_default=True)
@click.option("--source", "sources", multiple=True, help="Only clips of this source; may be repeated.")
@click.option("--hop", type=click.FloatRange(min=0.01), help="Seconds between windows; default half a window.")
@click.option("--compare", "rival", type=FILE, help="JSON with another system's scores of the same clips.")
@click.option("--mixes", is_flag=True, help="Also mixtures of 0 to 6 sources (those named by --source).")
@click.option("--json", "json_path", type=FILE, help="Write all scores here.")
def evaluate(
    model: Path,
    data: tuple[Path, ...],
    split: str,
    sources: tuple[str, ...],
    hop: float | None,
    rival: Path | None,
    mixes: bool,
    json_path: Path | None,
) -> None:
    """Measure MODEL, an .onnx file or a checkpoint, on real clips."""
    from irec_models.compare import compare
    from irec_models.data import eval_clips, held_out_mixes
    from irec_models.evaluate import evaluate as measure
    from irec_models.evaluate import judge_clips
    from irec_models.judges import load_judge
    from irec_models.mixes import evaluate_mixes
    from irec_models.report import comparison_table, evaluation_tables, mix_table

    judge, _ = load_judge(model)
    rate, labels, console = judge.spec.sample_rate, judge.spec.labels, Console()
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(f"clips of {split}", total=None)
        if mixes:
            chosen = held_out_mixes(data, sample_rate=rate, labels=labels, split=split, sources=sources or None)
            mixed = evaluate_mixes(judge, chosen, each=lambda: bar.advance(task))
        else:
            clips = eval_clips(data, sample_rate=rate, labels=labels, split=split, sources=sources or None)
            judged = judge_clips(judge, clips, hop_s=hop, each=lambda: bar.advance(task))
    content: dict[str, Any] = {"schema": "irec.evaluation/1", "split": split}
    if mixes:
        console.print(mix_table(mixed))
        content["mixes"] = mixed.to_dict()
    else:
        result = measure(judged, judge.spec)
        console.print(evaluation_tables(result, split))
        content["clips"] = result.to_dict()
        if rival:
            comparison = compare(judged, rival)
            console.print(comparison_table(comparison, judge.spec.name, rival.stem))
            content["comparison"] = comparison.to_dict()
    if json_path:
        _write_json(json_path, content)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
