"""``irec-train stress``: robustness, false labels, latency, ensembles and confusion of models."""

from __future__ import annotations

from pathlib import Path

import click

from irec_live.errors import DataError
from irec_live.files import check_writable, write_json
from irec_models.commands.options import FILE, MODEL, data_folders, interruptible

NAMES = ("robustness", "false-labels", "latency", "ensembles", "matrices")


@click.command()
@click.argument("models", type=MODEL, nargs=-1, required=True)
@data_folders
@click.option("--split", default="dev", show_default=True)
@click.option("--source", "sources", multiple=True, help="Only clips of this source; may be repeated.")
@click.option("--only", type=click.Choice(NAMES), multiple=True, help="Only this test; may be repeated.")
@click.option(
    "--most",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Clips of each label or source in the tests that run the live pipeline.",
)
@click.option(
    "--noise-seconds",
    type=click.FloatRange(min=1.0),
    default=20.0,
    show_default=True,
    help="Length of each generated noise.",
)
@click.option("--json", "json_path", type=FILE, help="Write all results here, and what there is after each test.")
def stress(
    models: tuple[Path, ...],
    data: tuple[Path, ...],
    split: str,
    sources: tuple[str, ...],
    only: tuple[str, ...],
    most: int,
    noise_seconds: float,
    json_path: Path | None,
) -> None:
    """Measure what MODELS (.onnx files, checkpoints or names of installed models) withstand.

    robustness: the scores on clips that are band-limited, coded, soft, clipped, noisy, in rooms. false-labels: what
    noise, silence and speech light. latency: from a note's onset to its label. ensembles: precision and recall of what
    is detected in them. matrices: noise and leakage of envelopes, confusion of activations.

    A test for which there is no material is skipped, unless it was named with --only. Ctrl-C stops; what was measured
    until then is printed and in the JSON.
    """
    if json_path:
        check_writable(json_path)
    from rich.console import Console

    from irec_models.data import ClipSelection, DataFolders
    from irec_models.measuring.predictors import load_predictor
    from irec_models.measuring.stress.suite import Material, empty_report
    from irec_models.measuring.stress.suite import stress as run
    from irec_models.progress import Bars

    predictors = [(path, load_predictor(path)[0]) for path in models]  # a broken one shows before anything is measured
    material = Material(ClipSelection(DataFolders(data), split, sources), most, noise_seconds)
    content = empty_report(split, [str(path) for path in models])
    console, bars = Console(), Bars()
    measured = 0
    with interruptible("irec-train: stopped; the tests above are complete"):
        for path, predictor in predictors:
            entry = content["models"][str(path)]
            entry.update({"name": predictor.spec.name, "kind": predictor.spec.kind})
            for name in only or NAMES:
                try:
                    outcome = run(predictor, name, material, progress=bars)
                except DataError as error:
                    if only:
                        raise
                    click.echo(f"{predictor.spec.name}: no {name}: {error}", err=True)
                    continue
                measured += 1
                console.print(outcome.tables)
                entry[name] = outcome.content
                if json_path:
                    write_json(json_path, content)
    if not measured:
        raise DataError("nothing was measured: no test had material in the data folders that were named")
