"""``irec-live devices`` and ``irec-live models``: what there is, in tables, as JSON, and a model's own card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from irec_live.cli.output import tell, write_text

if TYPE_CHECKING:
    from irec_live.models.catalog import ModelInfo


def print_devices(as_json: bool) -> None:
    """List sound devices.

    Raises
    ------
    DeviceError
        PortAudio is not installed, or a sound server does not answer.
    """
    from irec_live.devices import list_devices

    found = list_devices(tell=lambda text: tell(f"irec-live: {text}"))
    if as_json:
        write_text(json.dumps([device.to_dict() for device in found], indent=2) + "\n")
        return
    if not found:
        write_text("There is no sound device; files can be analysed all the same.\n")
        return
    rows = [
        (
            "*" if device.is_default else "",
            device.kind,
            device.name,
            device.hostapi,
            str(device.channels),
            f"{device.sample_rate} Hz",
            "" if device.index < 0 else str(device.index),
        )
        for device in found
    ]
    _print_table(("default", "kind", "name", "host API", "channels", "rate", "index"), rows)


def print_models(as_json: bool) -> None:
    """List the bundled models and the user's."""
    from irec_live.models.catalog import hidden_models, left_out_models, list_models, user_models_folder

    found = list_models()
    for hidden in hidden_models():
        tell(f"irec-live: {hidden.path} has the name of a bundled model, {hidden.name}; use it by its path")
    for model in found:
        if model.name != model.spec.name:
            other = f"has the name of another model, {model.spec.name}; it is listed as {model.name}"
            tell(f"irec-live: {model.path} {other}")
    for left_out in left_out_models():
        tell(f"irec-live: left out of the models: {left_out.reason}")
    if as_json:
        write_text(json.dumps([model.to_dict() for model in found], indent=2) + "\n")
        return
    if found:
        _print_installed(found)
    else:
        write_text(f"There is no model; put .onnx files made by irec-export into {user_models_folder()}.\n")


def print_card(name_or_path: str) -> None:
    """Print a model's card, as Markdown.

    Raises
    ------
    ModelError
        There is no such model, its file is not one, or it has no card.
    """
    from irec_live.errors import ModelError
    from irec_live.models.catalog import find_model
    from irec_live.models.onnx_file import inspect_model, read_model_bytes
    from irec_live.models.spec import CARD_KEY, ModelSpec

    path = find_model(name_or_path)
    metadata = inspect_model(read_model_bytes(path), path.name).metadata
    ModelSpec.from_metadata(metadata, path.name)
    if not metadata.get(CARD_KEY, "").strip():
        raise ModelError(f"{path} has no model card; export it anew from a published checkpoint")
    write_text(metadata[CARD_KEY].rstrip() + "\n")


def _print_installed(found: Sequence[ModelInfo]) -> None:
    from irec_live.models.names import by_origin

    rows = [
        (
            model.name,
            model.spec.kind,
            f"{len(model.spec.labels)} labels",
            f"{model.spec.sample_rate} Hz",
            f"{model.spec.window_s:.3f} s",
            f"{model.spec.parameters:,}" if model.spec.parameters else "",
            model.spec.title,
            model.spec.score_line,
            heading,
        )
        for heading, models in by_origin(found).items()
        for model in models
    ]
    _print_table(("name", "tells", "of", "rate", "window", "weights", "title", "score", "origin"), rows)


def _print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:  # a pipe has no width to fit: plain columns, for cut and awk
        for row in (header, *rows):
            write_text("\t".join(row) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)
