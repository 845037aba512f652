"""Options shared by several commands, and signal handling of long ones."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from irec_live.cli.options import GivenPath

F = TypeVar("F", bound=Callable[..., Any])

FILE = GivenPath()

data_folders = click.option(
    "--data",
    type=FILE,
    multiple=True,
    default=(Path("data"),),
    show_default="data",
    help="Folder with manifest.csv; may be repeated.",
)
settings_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Another value, as train.seed=1; repeatable."
)

start_option = click.option("--start-from", type=FILE, help="Trained model to begin with: .pt, .onnx or a name.")


def machine_options(command: F) -> F:
    """``--device``, ``--workers`` and ``--threads`` of commands that train."""
    for option in (
        click.option("--threads", type=click.IntRange(1), help="CPU threads of the network."),
        click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Processes for data."),
        click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 ..."),
    ):
        command = option(command)
    return command


def training_options(command: F) -> F:
    """Options of commands that train by a recipe: data, settings, machine and teacher."""
    teacher = click.option("--teacher", type=FILE, help="yamnet.tflite, for recipes with a [distill] table.")
    return data_folders(settings_option(machine_options(teacher(command))))


@contextmanager
def interruptible(message: str = "") -> Iterator[None]:
    """End a command that Ctrl-C or `kill` interrupts with status 130, after a message.

    Both become a `KeyboardInterrupt`, on which long work saves what it has; a shell starts background jobs with Ctrl-C
    ignored.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        if message:
            click.echo(message, err=True)
        sys.exit(130)
