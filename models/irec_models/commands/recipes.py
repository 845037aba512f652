"""``irec-train recipes``: list the recipes, each with the command that trains it."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of a table.")
def recipes(as_json: bool) -> None:
    """List the recipes that are installed: the product's own networks and the published systems."""
    from irec_models.nets import ARCHITECTURES
    from irec_models.recipes.lookup import recipe_files
    from irec_models.recipes.recipe import load_recipe

    rows = []
    for name, path in recipe_files().items():
        model = load_recipe(path).model
        network = ARCHITECTURES[model.architecture]
        rows.append((name, network.kind, model.title, f"irec-train {network.trained_by} {name}"))
    names = ("name", "kind", "title", "command")
    if as_json:
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
        return
    console = Console()
    if not console.is_terminal:  # a pipe has no width to fit: plain columns, for cut and awk
        for row in rows:
            click.echo("\t".join(row))
        return
    table = Table(*names, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)
