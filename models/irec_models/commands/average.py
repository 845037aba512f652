"""``irec-train average``: weight averaging, one network from several trainings."""

from __future__ import annotations

from pathlib import Path

import click

from irec_live.files import write_atomically
from irec_models.commands.options import FILE, MODEL


@click.command()
@click.argument("checkpoints", type=MODEL, nargs=-1, required=True)
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write.")
@click.option("--share", "shares", type=float, multiple=True, help="Weight of each, in their order.  [default: equal]")
def average(checkpoints: tuple[Path, ...], out: Path, shares: tuple[float, ...]) -> None:
    """Average the weights of CHECKPOINTS: one network, trained on from the same weights in several ways.

    Each is a .pt, an .onnx file, or the name of an installed model: a network can be averaged with what it began with.
    Everything but the weights is the last one's; the recipe and the log beside that one are copied beside the result,
    so that `irec-train publish` can finish it.
    """
    given = shares or (1.0,) * len(checkpoints)
    if len(given) != len(checkpoints) or not all(0.0 < share < float("inf") for share in given):
        raise click.UsageError(f"--share must be given once for each of the {len(checkpoints)} checkpoints, above 0")
    if any(out.resolve() == path.resolve() for path in checkpoints):
        raise click.UsageError(f"{out} is one of the checkpoints; name another file, so that none is lost")
    from irec_models.checkpoint import save_checkpoint
    from irec_models.training.averaging import average as mean
    from irec_models.training.averaging import read
    from irec_models.training.run import check_held_out_alike

    check_held_out_alike(checkpoints)
    save_checkpoint(out, mean(read(checkpoints), given))
    for name in ("recipe.toml", "log.jsonl"):
        there, here = checkpoints[-1].parent / name, out.parent / name
        if there.exists() and not here.exists():
            write_atomically(here, there.read_bytes())
    click.echo(f"{out}: mean of {', '.join(map(str, checkpoints))}")
