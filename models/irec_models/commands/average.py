"""``irec-train average``: one network of several trainings of it."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("checkpoints", type=FILE, nargs=-1, required=True)
@click.option("-o", "--out", type=FILE, required=True, help="Checkpoint to write; may be one of them.")
@click.option("--share", "shares", type=float, multiple=True, help="Of each, in their order.  [default: equal]")
def average(checkpoints: tuple[Path, ...], out: Path, shares: tuple[float, ...]) -> None:
    """Average the weights of CHECKPOINTS: one network, trained on from the same weights in several ways.

    Everything but the weights is the last one's. Written over the best.pt of that run, it is what publish finishes.
    """
    from irec_models.averaging import average as mean
    from irec_models.checkpoint import load_checkpoint, save_checkpoint

    given = shares or (1.0,) * len(checkpoints)
    if len(given) != len(checkpoints) or min(given) <= 0.0:
        raise click.UsageError(f"--share must be given once for each of the {len(checkpoints)} checkpoints, above 0")
    save_checkpoint(out, mean([load_checkpoint(path) for path in checkpoints], given))
    click.echo(f"{out}: mean of {', '.join(map(str, checkpoints))}")
