"""``irec-train data sources``: fetch the recordings that the bundled networks were trained on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from irec_models.commands.options import FILE, THERE


@click.command()
@click.option("--dir", "folder", type=FILE, default=Path("data"), show_default=True, help="Data folder to fill.")
@click.option("--source", "sources", multiple=True, help="Only clips of this source; may be repeated.")
@click.option("--list", "listing", type=THERE, help="Another list, .csv or .csv.gz, than the bundled one.")
def sources(folder: Path, sources: tuple[str, ...], listing: Path | None) -> None:
    """Fetch the recordings that the bundled networks were trained on, and write their manifest.csv.

    They come from public git repositories, file by file; an interrupted command continues where it stopped. Beside
    them, sources.lock.csv records every original's commit and SHA-256. Exit status 1: some clips could not be fetched;
    training works with the others.
    """
    get_sources(folder, sources, listing)


def get_sources(folder: Path, only: tuple[str, ...] = (), listing: Path | None = None) -> None:
    """Fetch and report; ends the process with status 1 if clips are missing."""
    from irec_models.data.sources.fetch import LOCK, fetch_sources
    from irec_models.data.sources.listing import BUNDLED, only_sources, read_list
    from irec_models.progress import Bars

    listed = only_sources(read_list(listing or BUNDLED), only)
    found = fetch_sources(listed, folder, progress=Bars())
    click.echo(f"{folder / 'manifest.csv'}: {found.clips:,} of {len(listed):,} clips; commits and sums in {LOCK}")
    for reason, clips in found.missing.most_common():
        click.echo(f"irec-train: {clips:,} clips are missing: {reason}", err=True)
    if found.clips < len(listed):
        sys.exit(1)
