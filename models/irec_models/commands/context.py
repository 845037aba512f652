"""``irec-train context``: a head that decides from the last seconds, for an exported model."""

from __future__ import annotations

from pathlib import Path

import click

from irec_models.commands.options import FILE, MODEL, RECIPE, data_folders, interruptible, settings_option


@click.command()
@click.argument("model", type=MODEL)
@data_folders
@settings_option
@click.option("--recipe", type=RECIPE, help="With a [context] table; default: the recipe of the model's name.")
@click.option("-o", "--out", type=FILE, required=True, help=".onnx file to write; may be MODEL itself.")
def context(model: Path, data: tuple[Path, ...], settings: tuple[str, ...], recipe: Path | None, out: Path) -> None:
    """Train a head for MODEL, an .onnx file or the name of an installed model, that hears the last seconds.

    The network stays as it is, and its features are what the head learns from: seconds of real recordings, mixtures and
    ensembles of the train split. Its answers have other thresholds: `irec-train decide` comes next.
    """
    from irec_live.models.detector import Detector
    from irec_models.context.fit import fit_context
    from irec_models.measuring.predictors import model_file
    from irec_models.progress import Bars
    from irec_models.recipes.recipe import load_recipe

    path = model_file(model)
    found = load_recipe(recipe or Path(Detector(path, provider="cpu").spec.name), settings)
    with interruptible():
        fit_context(path, found, data, out, progress=Bars())
    folders = " ".join(f"--data {folder}" for folder in data)
    click.echo(f"{out}: next, irec-train decide {out} {folders} --out {out}")
