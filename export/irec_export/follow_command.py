"""``irec-train follow``: let a network of envelopes follow one that keeps a state."""

from __future__ import annotations

from pathlib import Path

import click

from irec_models.commands.options import FILE, MODEL, interruptible


@click.command()
@click.argument("model", type=MODEL)
@click.option("--head", type=FILE, required=True, help=".onnx file of a network on the trunk of --beside.")
@click.option("--beside", type=MODEL, required=True, help="The network that keeps a state: an .onnx file, or a name.")
@click.option("-o", "--out", type=FILE, required=True, help=".onnx file to write; may be MODEL itself.")
def follow(model: Path, head: Path, beside: Path, out: Path) -> None:
    """Let MODEL, an .onnx file of envelopes or the name of an installed one, follow another network.

    What lies behind the trunk in --head becomes a part of MODEL. Where the app runs --beside over the same sound, that
    part reads what it computes, and MODEL's own network does not run; alone, MODEL says what it said before.
    """
    with interruptible():
        from irec_export.follow import put_head
        from irec_models.measuring.predictors import model_file

        put_head(model_file(model), model_file(head), model_file(beside), out)
    click.echo(f"{out}: follows {beside} wherever both run")
