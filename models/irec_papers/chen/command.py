"""``irec-train join``: classifiers that were trained apart, in one model."""

from __future__ import annotations

from pathlib import Path

import click

from irec_models.commands.options import CHECKPOINT, FILE


@click.command()
@click.argument("classifiers", type=CHECKPOINT, nargs=-1, required=True)
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
@click.option("--name", help="Name of the model; default the name of --out.")
@click.option(
    "--title", default="", help="Title of the model, one line for people; default from the number of classifiers."
)
def join(classifiers: tuple[Path, ...], out: Path, name: str | None, title: str) -> None:
    """Put CLASSIFIERS of architecture chen side by side: one model with the labels of all.

    To add an instrument, join the old model and the new classifier; nothing else is retrained, and what the old model
    says about its own instruments stays the same. A label that comes again replaces the earlier classifier.
    """
    from irec_models.checkpoint import load_checkpoint, save_checkpoint
    from irec_papers.chen.one_vs_all import join as side_by_side

    joined = side_by_side([load_checkpoint(path) for path in classifiers], name=name or out.stem, title=title)
    save_checkpoint(out, joined)
    spec = joined.spec
    click.echo(f"{out}: {len(spec.labels)} labels ({', '.join(spec.labels)}), {spec.parameters:,} weights")
    click.echo(f"next: irec-export {out} -o {out.with_suffix('.onnx').name}")
