"""Standard output in UTF-8 with unchanged line ends, on every system; broken pipes end quietly."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import click

from irec_live.errors import OutputError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the signal's number."""

_STEERING = ("Cc", "Zl", "Zp")
"""Categories of control characters, and of ends of lines and paragraphs."""


def counted(count: int, noun: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "file"), counted(0, "file")
    ('1 file', '0 files')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_at_work: list[str | bytes] = []
"""What a thread is about to write: not empty while it waits for whoever reads our output."""


def write_text(text: str | bytes) -> None:
    """Write to standard output at once, as a file would be written: UTF-8, line ends as they are.

    On Windows a redirected output would take only what its code page holds, and would double the line ends of a table
    that already has them.

    Parameters
    ----------
    text : str or bytes
        Text may hold the odd bytes of a file's name, as Python reads them (surrogate escapes).

    Raises
    ------
    OutputError
        There is no standard output, or it takes no more: the disk is full.
    BrokenPipeError
        Whoever read it has seen enough.
    """
    if sys.stdout is None:
        raise OutputError("there is no standard output to write to")
    _at_work.append(text)
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        _silence(sys.stdout)
        raise OutputError(f"cannot write to standard output: {error.strerror or error}") from error
    finally:
        _at_work.pop()


def one_line(text: str) -> str:
    """Text as a terminal can show it in a line: what would end the line or steer the terminal is escaped.

    Examples
    --------
    >>> one_line("two\\nlines, café")
    'two\\\\nlines, café'
    """
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in _STEERING else letter
        for letter in text
    )


def tell(text: str) -> None:
    """Print a line on standard error, whatever the names of files in it hold, as long as anybody reads there."""
    try:
        click.echo(one_line(text), err=True)
    except OSError:  # a log on a full disk, or one that is read no more, costs no result
        _silence(sys.stderr)


def _hold_streams() -> None:
    """Give those of the three standard streams that whoever started us has closed a place that swallows all.

    The next file opened would get the number of a closed one, and what native code prints would be written into it.
    Standard input and output stay none, for whoever needs them to tell.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


class QuietCommand(click.Command):
    """A program that ends with one sentence where standard output takes no more, whoever wrote to it: click its help,
    rich a table. A reader that has seen enough (``| head``) click knows of itself."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """See `click.Command.main`."""
        _hold_streams()
        try:
            return super().main(*args, **extra)
        except OSError as error:
            if not _refuses(sys.stdout):
                if not _refuses(sys.stderr):
                    raise
                _silence(sys.stderr)
                sys.exit(2)
            _silence(sys.stdout)
            name = extra.get("prog_name") or self.name or "irec-live"
            tell(f"{name}: cannot write to standard output: {error.strerror or error}")
            sys.exit(2)


class QuietGroup(QuietCommand, click.Group):
    """The same, with commands of its own."""


def on_terminal() -> bool:
    """Whether standard output is a terminal: a person reads it."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_stuck() -> bool:
    """Whether a thread is inside `write_text` now. Any thread."""
    return bool(_at_work)


def _write(stdout: Any, text: str | bytes) -> None:
    binary = getattr(stdout, "buffer", None)
    if binary is None:  # replaced by one that takes text only
        stdout.write(text if isinstance(text, str) else text.decode("latin-1"))
        stdout.flush()
        return
    stdout.flush()  # what was printed before comes first
    binary.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    binary.flush()


def _refuses(stream: Any) -> bool:
    """Whether what still waits to be written is not taken now either, nor the end of a line."""
    if stream is None:
        return False
    try:
        stream.flush()
        stream.write("\n")  # an output without a buffer keeps nothing that could wait
        stream.flush()
    except OSError:
        return True
    return False


def _silence(stream: Any) -> None:
    """Let what could not be written vanish: Python would try again when it ends, and say so in its own words."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
