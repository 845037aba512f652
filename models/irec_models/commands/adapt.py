"""``irec-train adapt``: train a network on with the corrections of its user."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from irec_live.files import check_writable
from irec_models.commands.options import FILE, MODEL, THERE


@click.command()
@click.argument("name", type=MODEL)
@click.option(
    "--corrections",
    "places",
    type=THERE,
    multiple=True,
    required=True,
    help="Recorded session, sound file that was corrected in the window, or folder of clips; may be repeated.",
)
@click.option("-o", "--out", type=FILE, help="Checkpoint to write; default NAME-adapted.pt.")
@click.option("--steps", type=click.IntRange(1), default=200, show_default=True, help="Steps of the training.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another one draws other windows.")
@click.option("--anyway", is_flag=True, help="Write it also if it is no better on held-out corrections.")
def adapt(name: Path, places: tuple[Path, ...], out: Path | None, steps: int, seed: int, anyway: bool) -> None:
    """Train NAME, an installed model or its file, on with your corrections, and show before and after.

    A quarter of the corrections is held out: on those the table is. For everything that you did not correct, the
    network keeps to its former answers. It takes eight corrections at least, and writes nothing that is no better.
    """
    from rich.console import Console
    from rich.table import Table

    target = out or Path(f"{name.stem}-adapted.pt")
    check_writable(target)
    from irec_models.measuring.corrected_clips import gather
    from irec_models.progress import Bars
    from irec_models.training.adapt import adapt as train

    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="irec-adapt-") as folder:
        data = gather(places, Path(folder), name)
        found = train(name, data, target, steps=steps, seed=seed, anyway=anyway, progress=Bars())
    table = Table("", "before", "after", title=f"{found.held_out} held-out corrections; trained on {found.trained_on}")
    table.add_row("labels right", str(found.before), str(found.after))
    table.add_row("cross-entropy", f"{found.before.loss:.3f}", f"{found.after.loss:.3f}")
    Console().print(table)
    console.print(f"On mixtures that nobody corrected, an activation changed by {found.drift:.3f} on average.")
    if not found.written:
        console.print(f"It is no better, so {target} was not written; correct more events, or add --anyway.")
        raise SystemExit(1)
    console.print(f"{target}: next, irec-export {target} --out {target.with_suffix('.onnx')}", soft_wrap=True)
