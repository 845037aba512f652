"""``irec-train real``: models on real recordings, with intervals over sources."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from irec_live.files import check_writable, write_atomically
from irec_models.commands.options import FILE, MODEL, THERE, data_folders


@click.command()
@click.argument("models", metavar="MODEL...", type=MODEL, nargs=-1, required=True)
@data_folders
@click.option("--split", default="dev", show_default=True)
@click.option(
    "--part", "parts", multiple=True, metavar="NAME=REGEX", help="Also those alone whose file name matches; repeatable."
)
@click.option("--compare", "rivals", type=THERE, multiple=True, help="JSON with another system's scores; repeatable.")
@click.option("--json", "json_path", type=FILE, help="Write all figures here.")
def real(
    models: tuple[Path, ...],
    data: tuple[Path, ...],
    split: str,
    parts: tuple[str, ...],
    rivals: tuple[Path, ...],
    json_path: Path | None,
) -> None:
    """Measure each MODEL on solos, ensembles, noise and other instruments of a split.

    In brackets, where nine of ten resamplings of the recording sources lie.
    """
    wanted = {"all": ""}
    for part in parts:
        name, found, pattern = part.partition("=")
        if not (name and found and pattern):
            raise click.UsageError(f"--part takes NAME=REGEX, not '{part}'")
        wanted[name] = pattern
    if json_path:
        check_writable(json_path)
    from irec_models.data import ClipSelection, DataFolders, eval_clips
    from irec_models.measuring import real_recordings as real_ones
    from irec_models.measuring.predictors import load_predictor
    from irec_models.progress import Bars, tracked

    console = Console()
    systems = []
    selection = ClipSelection(DataFolders(data), split=split)
    for model in models:
        predictor, _ = load_predictor(model)
        clips = eval_clips(selection, predictor.spec.sample_rate)
        systems.append(
            real_ones.predict_recordings(
                predictor, tracked(clips, Bars(), f"{predictor.spec.name}: recordings of {split}")
            )
        )
    systems += [real_ones.other_system(path, systems[0]) for path in rivals]
    found_parts = {name: [one.part(pattern) for one in systems] for name, pattern in wanted.items()}
    for name, ones in found_parts.items():
        table = Table(
            "figure", *(one.name for one in ones), title=f"{name}: {len(ones[0].files)} recordings of {split}"
        )
        columns = [real_ones.figures(one) for one in ones]
        for figure in real_ones.MEASURES:
            table.add_row(figure, *(str(column[figure]) for column in columns))
        precisions = [real_ones.label_precisions(one) for one in ones]
        for label in precisions[0]:
            table.add_row(f"AP {label}", *(f"{each[label]:.3f}" for each in precisions))
        console.print(table)
    if json_path:
        write_atomically(json_path, json.dumps(real_ones.to_dict(found_parts), indent=1) + "\n")
