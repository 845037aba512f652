"""``irec-train fuse``: the three-way fusion of the Lumen networks."""

from __future__ import annotations

from pathlib import Path

import click

from irec_models.commands.options import CHECKPOINT, FILE, RECIPE, data_folders


@click.command()
@click.argument("members", type=CHECKPOINT, nargs=-1, required=True)
@data_folders
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
@click.option("--recipe", type=RECIPE, help="Says what was held out; default recipe.toml beside each member.")
@click.option("--name", help="Name of the model; default the name of --out.")
@click.option("--title", default="", help="Title of the model, one line for people; default from the members.")
def fuse(
    members: tuple[Path, ...], data: tuple[Path, ...], out: Path, recipe: Path | None, name: str | None, title: str
) -> None:
    """Fuse MEMBERS, trained Lumen networks on mel, group delay and chroma, two or three of them, in any order.

    For each network and instrument the threshold with the highest F1 is searched in steps of 0.01; the fused model
    says yes where every network does. It is measured and written with a card, as by publish: on mixtures and dev clips,
    or, where networks were trained on clips as they are, on their validation clips alone.
    """
    from rich.console import Console

    from irec_models.measuring.tables import published_tables
    from irec_models.progress import Bars
    from irec_papers.lumen.publish_fusion import publish_fusion

    scores = publish_fusion(members, data, out, name=name or out.stem, title=title, recipe_path=recipe, progress=Bars())
    Console().print(published_tables(scores.clips, scores.mixtures))
    click.echo(f"next: irec-export {out} -o {out.with_suffix('.onnx').name}")
