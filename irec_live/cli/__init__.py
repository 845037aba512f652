"""The command-line interface ``irec-live``.

Every command imports what it needs when it runs, so that ``--help`` and ``--version`` answer at once and a missing
sound or window library stops only the command that needs it. Errors of the `IrecError` tree are one line on standard
error and exit status 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from irec_live.cli.library import library
from irec_live.cli.options import GivenPath, GivenText, Log, Number, Size
from irec_live.cli.output import QuietGroup, tell
from irec_live.errors import IrecError
from irec_live.formats import DEFAULT_FORMAT, FORMATS
from irec_live.input_kind import InputKind

_MODEL = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME|FILE",
    help="Model to use, by name or .onnx file; repeat for one of each kind. Default: the bundled ones.",
)
_HOP = click.option(
    "--hop-ms",
    type=Number(10, 1000),
    help="Time between two activations. Default: the model's own. Those that keep a state have no other.",
)
_PROVIDER = click.option(
    "--provider", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Where to run."
)
_LIVE = click.Choice([kind.value for kind in InputKind.live()])
_TRACK = click.option(
    "--track", type=click.IntRange(1), metavar="N", help="Sound track of a video, from 1 on. Default: its default one."
)
_CHANNEL = click.option(
    "--channel", type=click.IntRange(1), metavar="N", help="Use this channel alone, from 1 on. Default: a mix of all."
)
_DEVICE = click.option("--device", metavar="NAME", help="Input device: its name, part of it, or its index.")


class _Group(QuietGroup):
    """Runs ``gui`` if no command is given, and turns errors into one line and exit status 2."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        own_options = ("--help", "-h", "--version")
        if not args or (first not in self.commands and first not in own_options and _means_gui(first)):
            args = ["gui", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IrecError as error:
            tell(f"irec-live: {error}")
            ctx.exit(2)
        except KeyboardInterrupt:
            from irec_live.cli.output import INTERRUPTED

            tell("irec-live: stopped")
            ctx.exit(INTERRUPTED)


def _means_gui(word: str) -> bool:
    """Whether a first word is an option or a file; any other is a misspelt command."""
    from irec_live.files import look

    return word.startswith("-") or "." in word or "/" in word or bool(look(word))


@click.group("irec-live", cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="irec-live", prog_name="irec-live")
def main() -> None:
    """Detect which musical instruments are playing and how loud each one is, live.

    Without a command it opens the window; `irec-live FILE` opens the window on a file.
    """


@main.command()
@click.argument("files", nargs=-1, type=GivenPath(), metavar="[FILE]...")
@click.option("--screenshot", type=GivenPath(), metavar="FILE.png", help="Save a picture of the window and exit.")
@click.option(
    "--after",
    "after_s",
    type=Number(0, 3600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="When to take the picture.",
)
@click.option("--size", type=Size(), default="1280x720", show_default=True, metavar="WxH", help="Of the picture.")
@click.option(
    "--theme", metavar="NAME", help="Colours, this time only: system, dark, light or contrast. Default: as last chosen."
)
@click.option("--language", metavar="CODE", help="Of the window, this time only: en, de. Default: as last chosen.")
@click.option("--input", "source", type=_LIVE, default=InputKind.MIC.value, show_default=True)
@_DEVICE
@_TRACK
@_MODEL
@_HOP
@_PROVIDER
def gui(files: Sequence[Path], source: str, **options: Any) -> None:
    """Open the window: on FILE, or on the microphone, or on the demo clip where there is none.

    Several files, and those of folders, are played one after another.
    """
    from irec_live.cli.window import run_window

    click.get_current_context().exit(run_window(files, source=InputKind(source), **options))


@main.command()
@click.option(
    "--input",
    "source",
    type=GivenText(),
    default=InputKind.MIC.value,
    show_default=True,
    metavar="|".join([*InputKind.live(), "FILE"]),
    help="A microphone, the computer's own sound, or a file, which is read in real time and not played.",
)
@_DEVICE
@_TRACK
@_CHANNEL
@click.option("--seconds", type=Number(0, min_open=True), help="Stop after so much sound.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, the last one with statistics.")
@click.option(
    "--record",
    type=GivenPath(),
    metavar="FOLDER",
    help="Record the input and the results to a new folder, which the window and `analyze` open.",
)
@click.option("--osc", metavar="HOST:PORT", help="Send results as OSC messages; a PORT alone is of this machine.")
@click.option("--midi", metavar="PORT", help="Send results to a MIDI output, by its name; `virtual` makes one.")
@click.option("--only-detected", is_flag=True, help="Record only what is around detections; the rest is silence.")
@_MODEL
@_HOP
@_PROVIDER
def listen(**options: Any) -> None:
    """Show in the terminal which instruments play."""
    from irec_live.cli.listening import run_listen

    run_listen(**options)


_ANALYZE = f"""Analyse audio files, folders of them, or all that a quoted pattern matches, as fast as the machine goes.

{". ".join(f"{form.name} holds {form.holds}" for form in FORMATS.values())}; parquet holds tables of all files.

In a terminal it prints a summary: which instruments, for what share of the time, and when. Piped, written to a folder,
or with --format, it writes one of these.

A pipe can be given as a file, and - for standard input.

A file that cannot be analysed is named on standard error; the others are analysed all the same, and the exit status
is 2. It is 1 if part of a file could not be analysed, and 130 after Ctrl-C.

Folders, patterns, lists and several jobs are a batch: what failed is listed at the end, and the exit status is 1.
Ctrl-C keeps what is done, and the same command with --resume goes on, also later, with what is new or was changed.
"""


@main.command(help=_ANALYZE)
@click.argument("files", nargs=-1, type=GivenPath(), metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, "parquet"]),
    help=f"What to write. Default: {DEFAULT_FORMAT}; in a terminal, a summary to read.",
)
@click.option(
    "--out",
    type=GivenText(),
    default="-",
    show_default=True,
    metavar="DIR|-",
    help="Folder to write to, or - to print.",
)
@click.option("--overwrite", is_flag=True, help="Replace files in that folder that say something else.")
@click.option("-r", "--recursive", is_flag=True, help="Folders inside folders, too.")
@click.option(
    "--from-file",
    type=GivenText(),
    metavar="FILE|-",
    help="List of files, one a line or each with a null byte behind it.",
)
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Files at once. Default: one a processor.")
@click.option("--resume", is_flag=True, help="Skip what is done in the output folder, and unchanged.")
@click.option("--curves", is_flag=True, help="With --format parquet, the curves of each file, too.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or a Ray cluster, with --format parquet.",
)
@click.option("--address", metavar="HOST:PORT|auto", help="Of a running cluster; without, one of this machine alone.")
@_TRACK
@_CHANNEL
@_MODEL
@_HOP
@_PROVIDER
def analyze(**options: Any) -> None:
    """Analyse audio files."""
    from irec_live.cli.batches import is_batch, run_batch

    if is_batch(options):
        click.get_current_context().exit(run_batch(**options))
    from irec_live.cli.imports import quick_imports

    with quick_imports():
        from irec_live.cli.analyzing import run_analyze

    if not options["files"]:
        raise click.UsageError("Missing argument 'PATH...'.")
    alone = ("recursive", "from_file", "jobs", "resume", "curves", "engine", "address")
    single = {name: value for name, value in options.items() if name not in alone}
    click.get_current_context().exit(run_analyze(**single))


_SERVE = f"""Serve a web page, and REST for other programs, that analyse files sent to them.

GET /v1/models lists models; POST /v1/analyze takes a form with the audio as `file`, and in the query
format={"|".join(FORMATS)} and model=NAME, and answers as analyze does; POST /v1/jobs does so for long files.
GET /openapi.json lists everything. Where a token is required, requests carry `Authorization: Bearer TOKEN`, and the
page is opened as /?token=TOKEN.
"""


@main.command(help=_SERVE)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address; 0.0.0.0 lets other machines in, if they have the token.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--most-mb", type=Number(0, min_open=True), default=200.0, show_default=True, help="Largest file.")
@click.option(
    "--most-minutes",
    type=Number(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Longest sound; an analysis may take half as long.",
)
@click.option(
    "--most-streams", type=click.IntRange(0, 1000), default=8, show_default=True, help="Live streams open at once."
)
@click.option("--library/--no-library", default=True, help="Whether the library of this machine may be searched.")
@click.option(
    "--token",
    envvar="IREC_LIVE_TOKEN",
    metavar="TEXT",
    help="What requests must carry. Default: none on this machine alone; elsewhere one is made and printed.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name by which others call this machine, beside its own; may be repeated.",
)
@click.option(
    "--log",
    type=click.Choice([kind.value for kind in Log]),
    default=Log.NONE.value,
    show_default=True,
    help="json writes a line for every request to standard output, without addresses and names of files.",
)
@_MODEL
@_HOP
@_PROVIDER
def serve(**options: Any) -> None:
    """Serve a web page and REST."""
    from irec_live.cli.serving import run_serve

    run_serve(**options)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def devices(as_json: bool) -> None:
    """List inputs, outputs and the computer's own sound."""
    from irec_live.cli.lists import print_devices

    print_devices(as_json)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--card", metavar="NAME|FILE", help="Print this model's card instead, as Markdown.")
def models(as_json: bool, card: str | None) -> None:
    """List the models that can be named."""
    from irec_live.cli.lists import print_card, print_models

    if card is None:
        print_models(as_json)
    elif as_json:
        raise click.UsageError("a card is Markdown; leave --json or --card out")
    else:
        print_card(card)


@main.command("desktop-entry")
@click.option("--remove", is_flag=True, help="Take it out again.")
def desktop_entry(remove: bool) -> None:
    """Put irec-live into the desktop's menu of programs (Linux)."""
    from irec_live.cli.desktop_entry import run_desktop_entry

    run_desktop_entry(remove=remove)


@main.command("try-model", hidden=True)
@click.argument("path")
def try_model(path: str) -> None:
    """Run the sandbox on a model; see `irec_live.models.sandbox`."""
    from irec_live.models.sandbox import main as sandbox

    click.get_current_context().exit(sandbox(path))


main.add_command(library)
