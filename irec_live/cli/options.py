"""Option types and checks shared by several commands."""

from __future__ import annotations

import enum
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from irec_live.cli.output import on_terminal, tell

if TYPE_CHECKING:
    from irec_live.formats import Format
    from irec_live.models.detector import Detector


class Log(enum.StrEnum):
    """What a server writes of every request."""

    NONE = enum.auto()
    JSON = enum.auto()


_EMPTY = "it is empty, perhaps a variable that is not set; give a path (. is this folder)."


class GivenPath(click.Path):
    """A path as `Path`. An empty one, which Python takes for the current folder, is nobody's wish."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.ParamType.convert`."""
        if value == "":
            self.fail(_EMPTY, param, ctx)
        return super().convert(value, param, ctx)


class GivenText(click.types.StringParamType):
    """A path, or a word in its place, as text; not an empty one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See `click.ParamType.convert`."""
        text = str(super().convert(value, param, ctx))
        if not text:
            self.fail(_EMPTY, param, ctx)
        return text


class Number(click.FloatRange):
    """A number within bounds. NaN, which no comparison finds outside of any, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See `click.ParamType.convert`."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Size(click.ParamType[tuple[int, int]]):
    """Width and height in pixels, as in 1280x720."""

    name = "size"
    least, most = 320, 8192

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """See `click.ParamType.convert`."""
        if isinstance(value, tuple):
            return value
        width, _, height = str(value).lower().partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            self.fail(f"{value!r} is no width and height, such as 1280x720.", param, ctx)
        size = int(width), int(height)
        if not all(self.least <= side <= self.most for side in size):
            self.fail(f"{value!r}: each side is {self.least} to {self.most} pixels.", param, ctx)
        return size


def tell_notices(detectors: Sequence[Detector]) -> None:
    """Print the notices of models on standard error, such as that CUDA was requested but is unavailable."""
    for notice in dict.fromkeys(detector.notice for detector in detectors if detector.notice):
        tell(f"irec-live: {notice}")


def check_printed(form: Format, files: int) -> None:
    """Check that the results of so many files can be printed in a format.

    Raises
    ------
    click.UsageError
        It would not tell several apart, or is no text and a person would read it.
    """
    if files > 1 and not form.one_line:
        raise click.UsageError(f"{form.name} does not tell several files apart; name a folder with --out")
    if form.binary and on_terminal():
        raise click.UsageError(
            f"{form.name} is no text to look at; name a folder with --out, or send it to a file with >"
        )


def tell_of_pipe(path: Path) -> None:
    """Print on a terminal that a pipe is read to its end before the analysis begins.

    Raises
    ------
    MediaError
        It is a device, or a terminal.
    """
    from irec_live.spool import STDIN, printable, stream_of

    if stream_of(path) is not None and sys.stderr.isatty():
        name = "standard input" if path == STDIN else printable(path)
        tell(f"irec-live: reading {name} to its end first")


def hop_seconds(hop_ms: float | None, detectors: Sequence[Detector]) -> float | None:
    """``--hop-ms`` in seconds. Says of a network that reads a stream in steps of its own that this changes nothing.

    Raises
    ------
    click.BadParameter
        The hop is longer than a window: samples in between would be in no window.
    """
    if hop_ms is None:
        return None
    for detector in detectors:
        spec = detector.spec
        if detector.stateful is not None:
            tell(f"irec-live: {spec.name} has steps of {1000 * spec.hop_s:g} ms, which --hop-ms does not change")
        elif spec.kind == "activation" and hop_ms > 1000 * spec.window_s:
            raise click.BadParameter(
                f"{hop_ms:g} ms is longer than the {1000 * spec.window_s:g} ms window of {spec.name}",
                param_hint="--hop-ms",
            )
    return hop_ms / 1000
