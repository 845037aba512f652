"""``irec-train evaluate``: scores of models, as tables, JSON and an HTML page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from irec_live.files import check_writable, make_folder, write_json
from irec_models.commands.options import FILE, MODEL, THERE, data_folders
from irec_models.plugins import load, report_place
from irec_models.progress import Bars, tracked

if TYPE_CHECKING:
    from irec_models.data import ClipSelection


@click.command()
@click.argument("models", metavar="MODEL...", type=MODEL, nargs=-1, required=True)
@data_folders
@click.option("--split", default="dev", show_default=True)
@click.option("--source", "sources", multiple=True, help="Only clips of this source; may be repeated.")
@click.option("--beside", type=MODEL, help="A network that each MODEL follows, as in the app; alone if not given.")
@click.option("--hop", type=click.FloatRange(min=0.01), help="Seconds between windows; default half a window.")
@click.option("--compare", "rival", type=THERE, help="JSON with another system's scores of the same clips.")
@click.option("--mixes", is_flag=True, help="Instead, mixtures of 0 to 6 sources (those named by --source).")
@click.option(
    "--overlaid",
    is_flag=True,
    help="Instead, 0 to 10 different labels at once, one clip of each (Chen et al., Table V; --per-size of each).",
)
@click.option("--json", "json_path", type=FILE, help="Write all scores here.")
@click.option("--report", type=FILE, help="Write one HTML page with every table, figure and the worst mistakes.")
@click.option(
    "--per-size",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Mixtures of each number of sources, 0 to 10, for --report and --overlaid.",
)
@click.option(
    "--mistakes",
    type=click.IntRange(min=0),
    default=6,
    show_default=True,
    help="Worst ones of each model, for --report.",
)
@click.option("--cache", type=FILE, help="Where --report stores predictions; default in the user's cache folder.")
def evaluate(
    models: tuple[Path, ...],
    data: tuple[Path, ...],
    split: str,
    sources: tuple[str, ...],
    beside: Path | None,
    hop: float | None,
    rival: Path | None,
    mixes: bool,
    overlaid: bool,
    json_path: Path | None,
    report: Path | None,
    per_size: int,
    mistakes: int,
    cache: Path | None,
) -> None:
    """Measure each MODEL, an .onnx file, a checkpoint or the name of an installed model, on real clips.

    With --report, models are also run on mixtures (of clips that hold one instrument alone), and all results become
    one page. Predictions are stored: a command that was interrupted continues where it stopped.
    """
    if overlaid and (mixes or rival or report or hop):
        raise click.UsageError(
            "--overlaid cannot be combined with others; leave --mixes, --compare, --hop and --report out"
        )
    if mixes and (rival or hop) and not report:
        raise click.UsageError("--mixes cannot be combined with others; leave --compare and --hop out")
    if report and beside:
        raise click.UsageError("--report measures each model alone; leave --beside out")
    if report:
        _check_report(report, rival, mixes)
    for path in (json_path, report):
        if path:
            make_folder(path.parent)
            check_writable(path)
    from irec_models.data import ClipSelection, DataFolders

    console = Console()
    selection = ClipSelection(DataFolders(data), split, sources)
    contents = []
    if report is None:
        for model in models:
            if overlaid:
                contents.append(_overlay(console, model, beside, selection, per_size))
            else:
                contents.append(_measure(console, model, beside, selection, hop, rival, mixes))
    else:
        draw = load(report_place())
        contents = draw(report, models, selection, hop=hop, per_size=per_size, mistakes=mistakes, cache=cache)
    if json_path:
        write_json(json_path, _document(split, contents))


def _check_report(path: Path, rival: Path | None, mixes: bool) -> None:
    if rival or mixes:
        raise click.UsageError("--report includes mixtures and comparisons; leave --compare and --mixes out")
    if path.is_dir() or path.suffix.lower() not in (".html", ".htm"):
        raise click.UsageError(f"--report writes a page, so its name should end in .html; '{path}' does not")
    if not report_place():
        raise click.UsageError("--report needs irec_papers, which draws the page and is not installed")


def _measure(
    console: Console,
    model: Path,
    beside: Path | None,
    selection: ClipSelection,
    hop: float | None,
    rival: Path | None,
    mixes: bool,
) -> dict[str, Any]:
    """Predict, print tables, and return what the JSON file holds of one model."""
    from irec_models.data import MixPlan, common_players, eval_clips, held_out_mixes
    from irec_models.measuring.clip_scores import evaluate as measure
    from irec_models.measuring.clip_scores import predict_clips
    from irec_models.measuring.comparison import compare
    from irec_models.measuring.mixture_scores import evaluate_mixes
    from irec_models.measuring.predictors import load_following, load_predictor
    from irec_models.measuring.tables import comparison_table, evaluation_tables, mix_table

    predictor = load_following(model, beside) if beside else load_predictor(model)[0]
    rate, labels, split = predictor.spec.sample_rate, predictor.spec.labels, str(selection.split)
    content: dict[str, Any] = {"model": predictor.spec.name}
    bars, task = Bars(), f"{predictor.spec.name}: {'mixtures' if mixes else 'clips'} of {split}"
    if mixes:
        plan = MixPlan(frame_hop=predictor.spec.frame_hop)
        chosen = held_out_mixes(selection.of(labels), rate, plan, players=common_players(labels))
        mixed = evaluate_mixes(predictor, tracked(chosen, bars, task))
        console.print(mix_table(mixed))
        content["mixes"] = mixed.to_dict()
        return content
    clips = eval_clips(selection.of(labels), rate)
    predictions = predict_clips(predictor, tracked(clips, bars, task), hop_s=hop)
    result = measure(predictions, predictor.spec)
    console.print(evaluation_tables(result, split))
    content["clips"] = result.to_dict()
    if rival:
        mean, highest = compare(predictions, rival), compare(predictions, rival, "max")
        console.print(comparison_table(mean, predictor.spec.name, rival.stem, "mean"))
        console.print(comparison_table(highest, predictor.spec.name, rival.stem, "maximum"))
        content["comparison"], content["comparison_max"] = mean.to_dict(), highest.to_dict()
    return content


def _overlay(
    console: Console, model: Path, beside: Path | None, selection: ClipSelection, per_size: int
) -> dict[str, Any]:
    """Score clips laid over each other, print the table, and return what the JSON file holds of one model."""
    from irec_models.data.mixing.overlaid import CHEN_PLAN, overlaid_clips
    from irec_models.measuring.mixture_scores import evaluate_mixes
    from irec_models.measuring.predictors import load_following, load_predictor
    from irec_models.measuring.tables import mix_table

    predictor = load_following(model, beside) if beside else load_predictor(model)[0]
    spec = predictor.spec
    chosen = overlaid_clips(selection.of(spec.labels), spec.sample_rate, replace(CHEN_PLAN, per_size=per_size))
    task = f"{spec.name}: clips of {selection.split} over each other"
    mixed = evaluate_mixes(predictor, tracked(chosen, Bars(), task))
    console.print(mix_table(mixed))
    return {"model": spec.name, "overlaid": mixed.to_dict()}


def _document(split: str, contents: list[dict[str, Any]]) -> dict[str, Any]:
    """The JSON document; one model keeps the schema of version 0.1, several become a list."""
    if len(contents) == 1:
        only = {key: value for key, value in contents[0].items() if key != "model"}
        return {"schema": "irec.evaluation/1", "split": split, **only}
    return {"schema": "irec.evaluations/1", "split": split, "models": contents}
