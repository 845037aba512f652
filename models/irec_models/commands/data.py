"""``irec-train data``: counts the clips of a data folder. Plugins add commands that fetch data sets."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from irec_models.commands.options import FILE
from irec_models.commands.plugin_group import PluginGroup
from irec_models.commands.sources import sources
from irec_models.inputs import check_data_folder


@click.group(cls=PluginGroup, words="data", invoke_without_command=True)
@click.option("--data", "folder", type=FILE, default=Path("data"), show_default=True, help="Folder with manifest.csv.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_context
def data(context: click.Context, folder: Path, as_json: bool) -> None:
    """Show what is in a data folder, or fetch a public data set.

    Without a command: check the manifest of --data and count its clips.
    """
    if context.invoked_subcommand is None:
        _count(folder, as_json)


data.add_command(sources)


def _count(folder: Path, as_json: bool) -> None:
    check_data_folder(folder)
    from irec_models.data import read_manifest

    clips = read_manifest(folder)
    counts = Counter((clip.split, label, clip.source) for clip in clips for label in clip.labels)
    if as_json:
        rows = [{"split": s, "label": label, "source": source, "clips": n} for (s, label, source), n in counts.items()]
        click.echo(json.dumps({"folder": str(folder), "clips": len(clips), "counts": rows}))
        return
    table = Table("split", "label", "clips", "sources", title=f"{folder}: {len(clips)} clips, every file there")
    for split, label in sorted({key[:2] for key in counts}):
        here = {source: n for (s, name, source), n in counts.items() if (s, name) == (split, label)}
        table.add_row(split, label, str(sum(here.values())), _sources(here))
    Console().print(table)


def _sources(counts: dict[str, int]) -> str:
    """The sources with most clips; a data set of songs has thousands."""
    shown = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:12]
    named = ", ".join(f"{name} {n}" for name, n in sorted(shown))
    return named if len(counts) <= len(shown) else f"{named} and {len(counts) - len(shown):,} others"
