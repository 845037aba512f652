"""``irec-live gui``: the window, or the terminal where no window can be opened."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from irec_live.cli.imports import quick_imports
from irec_live.cli.output import tell
from irec_live.errors import IrecError, MediaError
from irec_live.files import look
from irec_live.input_kind import InputKind, is_unasked
from irec_live.interrupts import ended_by_interrupts

if TYPE_CHECKING:
    from irec_live.models.detector import Provider

_HEADLESS_PLATFORMS = ("offscreen", "minimal", "vnc", "eglfs", "linuxfb")


def run_window(
    files: Sequence[Path],
    *,
    screenshot: Path | None,
    after_s: float,
    source: InputKind,
    device: str | None,
    models: tuple[str, ...],
    hop_ms: float | None,
    provider: Provider,
    track: int | None = None,
    theme: str | None = None,
    language: str | None = None,
    size: tuple[int, int],
) -> int:
    """Open the window and stay until it is closed; without a display, listen in the terminal instead.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    IrecError
        The file, a model or, in the terminal, the device is not usable.
    click.UsageError
        Options that contradict each other, or a picture that is not to be a PNG.
    """
    for path in files:
        if not look(path, MediaError):
            raise MediaError(f"there is no file '{path}'")
    file, more = (files[0], files[1:]) if files else (None, ())
    if file is not None and (device is not None or source != InputKind.MIC):
        raise click.UsageError("--input and --device do not go with a file; leave them out, or the file")
    if file is None and track is not None:
        raise click.UsageError("--track is for files; name one")
    if more and track is not None:
        raise click.UsageError("--track is for one file; name one")
    if screenshot is not None and screenshot.suffix.lower() != ".png":
        raise click.UsageError(f"the picture is a PNG, but '{screenshot}' has not that ending; give a name in .png")
    hop_s = None if hop_ms is None else hop_ms / 1000
    if not has_display():
        if screenshot is None:
            if more:
                raise click.UsageError("there is no display, and the terminal hears one file; name one")
            _run_terminal(
                file, source=source, device=device, models=models, hop_ms=hop_ms, provider=provider, track=track
            )
            return 0
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        with ended_by_interrupts(), quick_imports():
            import numpy  # noqa: F401  (before Qt, whose bindings read the source of every module that comes after them)

            from irec_live.gui.app import run
    except ImportError as error:
        raise IrecError(f"the window needs Qt, which cannot be loaded ({error}); try: irec-live listen") from error
    if theme is not None:
        from irec_live.gui.theme import choices

        if theme not in choices():
            raise click.UsageError(f"there is no theme '{theme}'; there are {', '.join(choices())}")
    if language is not None:
        from irec_live.gui.language import codes

        if language not in codes():
            raise click.UsageError(f"the window does not speak '{language}'; it speaks {', '.join(codes())}")
    return run(
        file,
        more=more,
        theme=theme,
        language=language,
        screenshot=screenshot,
        after_s=after_s,
        input=source,
        device=device,
        models=models or None,
        hop_s=hop_s,
        provider=provider,
        track=track,
        size=size,
    )


def has_display() -> bool:
    """Whether Qt would find a screen, or is set to run without one (offscreen).

    A display that is named but does not answer (left over in a remote shell) counts as none: Qt would end the process.
    """
    if os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in _HEADLESS_PLATFORMS:
        return True
    if sys.platform in ("win32", "darwin"):
        return True
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland and _answers(Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / wayland):
        return True
    host, _, number = os.environ.get("DISPLAY", "").rpartition(":")
    if not number:
        return False
    if host not in ("", "unix"):  # another machine's, or a socket with a path of its own
        return True
    name = f"/tmp/.X11-unix/X{number.split('.')[0]}"
    return _answers(Path(name)) or _answers(f"\0{name}")


def _answers(address: Path | str) -> bool:
    """Whether a server listens at a local socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(address))
        except OSError:
            return False
    return True


def _run_terminal(
    file: Path | None,
    *,
    source: InputKind,
    device: str | None,
    models: tuple[str, ...],
    hop_ms: float | None,
    provider: Provider,
    track: int | None,
) -> None:
    from irec_live.cli.listening import run_listen
    from irec_live.devices import candidates
    from irec_live.session import or_demo

    def microphone() -> str:
        candidates("input")
        return InputKind.MIC.value

    place, note = str(file) if file is not None else source.value, ""
    if is_unasked(file, source, device):
        place, note = or_demo([("", microphone)], str)
    tell("; ".join(filter(None, ("there is no display, so this is the terminal view", note))))
    run_listen(
        source=place,
        device=device,
        seconds=None,
        as_json=False,
        models=models,
        hop_ms=hop_ms,
        provider=provider,
        track=track,
    )
