"""``irec-train data list``, ``get`` and ``check``: the public data sets of the papers, listed, fetched and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from irec_models.commands.options import FILE
from irec_models.commands.sources import get_sources
from irec_models.progress import Bars

if TYPE_CHECKING:
    from irec_papers.datasets import DataSet
    from irec_papers.datasets.prepare import Findings


SOURCES = "sources"
"""Name under which the product's own training recordings are fetched; they are no paper's data set."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def list_(as_json: bool) -> None:
    """List the public data sets that can be fetched."""
    from irec_papers.datasets import DATA_SETS

    if as_json:
        click.echo(json.dumps({"data_sets": [_about(data_set) for data_set in DATA_SETS.values()]}))
        return
    for data_set in DATA_SETS.values():
        parts = ", ".join(f"{part.name} {part.clips:,}" for part in data_set.parts)
        click.echo(f"{data_set.name}: {data_set.title}")
        click.echo(f"    {len(data_set.labels)} labels; clips: {parts}")
        click.echo(f"    {data_set.licence}; {data_set.citation}; {data_set.page}")
        if data_set.note:
            click.echo(f"    {data_set.note}")
    click.echo(f"{SOURCES}: what the bundled networks were trained on; see irec-train data sources --help")


def _about(data_set: DataSet) -> dict[str, Any]:
    return {
        "name": data_set.name,
        "title": data_set.title,
        "licence": data_set.licence,
        "page": data_set.page,
        "citation": data_set.citation,
        "labels": list(data_set.labels),
        "parts": [{"name": part.name, "clips": part.clips} for part in data_set.parts],
        "note": data_set.note,
        "sorts": list(data_set.sorts),
    }


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Common part of ``get`` and ``check``."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table."),
        click.option(
            "--only", multiple=True, metavar="SORT", help="Only clips of this sort (nsynth: acoustic); may be repeated."
        ),
        click.option("--most", type=click.IntRange(1), help="At most so many clips of each source."),
        click.option(
            "--labels",
            "naming",
            type=click.Choice(["product", "own"]),
            default="product",
            show_default=True,
            help="Names as the app has them, or as the data set has them.",
        ),
        click.option("--part", "parts", multiple=True, help="Only this part; may be repeated."),
        click.option("--dir", "folder", type=FILE, help="Where it is or shall be; default datasets/NAME."),
        click.argument("name"),
    ):
        command = option(command)
    return command


@click.command()
@_options
def get(
    name: str,
    folder: Path | None,
    parts: tuple[str, ...],
    naming: Any,
    most: int | None,
    only: tuple[str, ...],
    as_json: bool,
) -> None:
    """Download the data set NAME, verify and unpack it, and write its manifest.csv.

    What is there already is not fetched again, and a download that stopped goes on where it was. With the name
    "sources" it is `irec-train data sources`; --part then names a source.
    """
    if name == SOURCES:
        if only or most or naming != "product" or as_json:
            raise click.UsageError(f"{SOURCES} takes only --dir and --part; see irec-train data sources --help")
        get_sources(folder or Path("data"), parts)
        return
    from irec_papers.datasets import find_data_set
    from irec_papers.datasets.prepare import get as fetch

    data_set = find_data_set(name)
    root = folder or Path("datasets") / data_set.name
    found = fetch(data_set, root, parts, naming=naming, most=most, only=only, progress=Bars())
    _tell(data_set, root, found, as_json)


@click.command()
@click.option("--no-checksums", is_flag=True, help="Do not compare archives with what was published.")
@_options
def check(
    name: str,
    folder: Path | None,
    parts: tuple[str, ...],
    naming: Any,
    most: int | None,
    only: tuple[str, ...],
    as_json: bool,
    no_checksums: bool,
) -> None:
    """Check the data set NAME on disk and write its manifest.csv.

    Annotations must fit the sound, sound must be readable, and archives beside it must have the right checksum.
    """
    from irec_papers.datasets import find_data_set
    from irec_papers.datasets.prepare import check as look

    data_set = find_data_set(name)
    root = folder or Path("datasets") / data_set.name
    found = look(data_set, root, parts, naming=naming, most=most, only=only, archives=not no_checksums, progress=Bars())
    _tell(data_set, root, found, as_json)


def _tell(data_set: DataSet, root: Path, found: Findings, as_json: bool) -> None:
    for name in found.incomplete:
        here, published = found.parts[name]
        click.echo(f"irec-train: part '{name}' has {here:,} clips, {published:,} were published", err=True)
    if found.absent:
        click.echo(f"irec-train: missing: {', '.join(found.absent)}", err=True)
    if as_json:
        counts = [{"split": split, "label": label, "clips": n} for (split, label), n in found.counts.items()]
        content = {"data_set": data_set.name, "folder": str(root), "clips": found.clips, "seconds": found.seconds}
        parts = {name: {"clips": here, "published": all_} for name, (here, all_) in found.parts.items()}
        click.echo(json.dumps({**content, "parts": parts, "absent": list(found.absent), "counts": counts}))
        return
    splits = [split for split in ("train", "dev", "test") if any(key[0] == split for key in found.counts)]
    table = Table("label", *splits, title=f"{data_set.name}: {found.clips:,} clips, {found.seconds / 3600:.2f} hours")
    for label in sorted({label for _, label in found.counts}):
        table.add_row(label, *(f"{found.counts.get((split, label), 0):,}" for split in splits))
    Console().print(table)
    click.echo(f"{found.manifest} is written; use it with --data {root}")
    click.echo(f"licence: {data_set.licence}; cite {data_set.citation}")
    if data_set.note:
        click.echo(data_set.note)
