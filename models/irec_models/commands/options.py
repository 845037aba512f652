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
from irec_models.inputs import (
    check_checkpoint,
    check_data_folder,
    check_extra,
    check_model,
    check_run,
    check_teacher,
    check_there,
)
from irec_models.recipes.lookup import find_recipe

F = TypeVar("F", bound=Callable[..., Any])


class CheckedPath(GivenPath):
    """A path to something that must be there; what is wrong with it is said before the command imports PyTorch.

    Parameters
    ----------
    check : callable
        Raises an `irec_live.errors.IrecError`.
    """

    def __init__(self, check: Callable[[Path], object]) -> None:
        super().__init__()
        self._check = check

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.ParamType.convert`."""
        path = super().convert(value, param, ctx)
        check_extra("train")
        self._check(path)
        return path


FILE = GivenPath()
DATA = CheckedPath(check_data_folder)
RECIPE = CheckedPath(find_recipe)
RUN = CheckedPath(check_run)
MODEL = CheckedPath(check_model)
CHECKPOINT = CheckedPath(check_checkpoint)
TEACHER = CheckedPath(check_teacher)
THERE = CheckedPath(check_there)

data_folders = click.option(
    "--data",
    type=DATA,
    multiple=True,
    default=(Path("data"),),
    show_default="data",
    help="Folder with manifest.csv; may be repeated.",
)
settings_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Another value, as train.seed=1; repeatable."
)

start_option = click.option("--start-from", type=MODEL, help="Trained model to begin with: .pt, .onnx or a name.")


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
    teacher = click.option(
        "--teacher",
        type=TEACHER,
        help="Network to learn from as well: yamnet.tflite ([distill]) or an exported one ([sequences]).",
    )
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
