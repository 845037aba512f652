"""``irec-export CKPT -o OUT.onnx``: convert a checkpoint, print its difference from torch, write it if small."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from irec_live.cli.options import GivenPath, Number
from irec_live.cli.output import INTERRUPTED, QuietCommand, tell
from irec_live.errors import ExportError, IrecError, MissingExtraError
from irec_live.files import check_writable
from irec_models.caches import keep_caches_together
from irec_models.inputs import check_checkpoint, check_extra, check_model_name, check_there

if TYPE_CHECKING:
    from irec_export.report import ExportReport

EXIT_DIFFERS = 1
EXIT_UNUSABLE = 2


@click.command(
    "irec-export", cls=QuietCommand, context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@click.argument("checkpoint", type=GivenPath())
@click.option("-o", "--out", required=True, type=GivenPath(), help="The .onnx file to write.")
@click.option("--fp16", is_flag=True, help="Weights and arithmetic of the trained part in float16.")
@click.option("--int8", is_flag=True, help="Convolutions and products of the trained part in int8.")
@click.option(
    "--tolerance",
    type=Number(min=0.0, max=1.0),
    default=1e-4,
    help="Largest difference of any output from torch, at any batch size, that still gets written.",
)
@click.option("--allow-slower", is_flag=True, help="Write a reduced precision even if it is slower than float32 here.")
@click.option(
    "--weights",
    type=click.Choice(["half", "full"]),
    default="half",
    help="Precision that trained weights are stored in; half, where no answer changes by more than 0.001.",
)
@click.option("--audio", "recordings", multiple=True, type=GivenPath(), help="Recording to verify on; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def main(
    checkpoint: Path,
    out: Path,
    fp16: bool,
    int8: bool,
    tolerance: float,
    allow_slower: bool,
    weights: str,
    recordings: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Convert CHECKPOINT (made by irec-train) to one self-contained .onnx file.

    The file is compared with torch on generated sounds, the bundled clips and any --audio, at batch sizes that were
    not traced. Exit status: 0 written; 1 the answers differ too much or it became slower; 2 the checkpoint, a
    recording or the output cannot be used. Except with 0, nothing is written and a file that was there stays.
    """
    if fp16 and int8:
        raise click.UsageError("--fp16 and --int8 exclude each other")
    keep_caches_together()
    try:
        check_extra("export")
        check_checkpoint(checkpoint)
        for recording in recordings:
            check_there(recording)
        check_model_name(out)
        check_writable(out)
        try:
            from irec_export.to_onnx import export
        except ImportError as error:
            raise MissingExtraError(error.name or "torch", "export") from error
        export(
            checkpoint,
            out,
            "fp16" if fp16 else "int8" if int8 else "fp32",
            tolerance=tolerance,
            recordings=recordings,
            allow_slower=allow_slower,
            half_weights=weights == "half",
            on_report=_print_json if as_json else _print_report,
        )
    except IrecError as error:
        tell(f"irec-export: {error}")
        sys.exit(EXIT_DIFFERS if isinstance(error, ExportError) else EXIT_UNUSABLE)
    except KeyboardInterrupt:
        tell("irec-export: stopped")
        sys.exit(INTERRUPTED)


def _print_json(report: ExportReport) -> None:
    click.echo(json.dumps(report.to_dict()))


def _print_report(report: ExportReport) -> None:
    click.echo(
        f"{report.model}: {report.parameters:,} parameters, {report.precision}, opset {report.opset}, "
        f"{report.bytes / 1e6:.1f} MB"
    )
    click.echo(f"largest difference from torch, {report.windows} windows (at most {report.tolerance:.0e}):")
    for size, difference in report.differences.items():
        click.echo(f"  batch {size}: {difference:.2e}")
    click.echo(f"  at: {report.worst}")
    if report.half_weights:
        click.echo(
            f"{report.half_weights} weights stored in half precision, which changes an answer by at most "
            f"{report.half_difference:.1e}"
        )
    speed = f"{report.ms_per_window:.2f} ms a window on one thread"
    if report.precision != "fp32":
        speed += f", {report.slowdown:.2f} times the {report.fp32_ms_per_window:.2f} ms of fp32"
    click.echo(speed)
    click.echo(report.sha256)


if __name__ == "__main__":
    main()
