"""The default input: the microphone or, without one, the bundled demo clip.

`or_demo` makes that choice for sessions, window and terminal alike; they differ only in what they open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from irec_assets import audio_clips
from irec_live.errors import DeviceError, MediaError
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Provider
from irec_live.session.file import FileSession, open_file
from irec_live.session.live import LiveSession, open_live

Opened = TypeVar("Opened")


def demo_clip() -> Path:
    """Path of the bundled demo clip.

    Raises
    ------
    MediaError
        This installation has none.
    """
    for clip in audio_clips():
        if clip.stem == "demo":
            return clip
    raise MediaError("this installation has no demo clip; give an audio file")


def or_demo(
    attempts: Sequence[tuple[str, Callable[[], Opened]]],
    play: Callable[[Path], Opened],
    find_clip: Callable[[], Path] | None = None,
) -> tuple[Opened, str]:
    """Open the first of several inputs that is available, or else the demo clip.

    Parameters
    ----------
    attempts : sequence of (str, callable)
        A phrase for the message if it is not the first ("listening to the default microphone"), and what opens it.
    play : callable
        Opens the demo clip.
    find_clip : callable, optional
        `demo_clip` by default.

    Returns
    -------
    opened
        What the successful callable returned.
    note : str
        Empty for the first input; else one sentence: why it is not available, and what was opened instead.

    Raises
    ------
    DeviceError
        That of the first input, if none is available and there is no clip either.
    ValueError
        There are no attempts.
    """
    problem: DeviceError | None = None
    for words, attempt in attempts:
        try:
            opened = attempt()
        except DeviceError as error:
            problem = problem or error  # the first one is about what the user requested
        else:
            return opened, f"{problem}; {words} instead" if problem else ""
    if problem is None:
        raise ValueError("there is nothing to try; give at least one attempt")
    try:
        clip = (find_clip or demo_clip)()
    except MediaError:
        raise problem from None
    return play(clip), f"{problem}; playing the demo clip instead"


def open_default(
    models: Sequence[ModelChoice] | None = None,
    *,
    hop_s: float | None = None,
    provider: Provider = "auto",
    audible: bool = True,
) -> tuple[LiveSession | FileSession, str]:
    """Open the default microphone, or the demo clip if there is none.

    Parameters
    ----------
    models, hop_s, provider
        As for `open_live`.
    audible : bool
        Whether the clip may use an output device.

    Returns
    -------
    session : LiveSession or FileSession
    message : str
        Empty for the microphone; for the clip one sentence on why it plays instead.

    Raises
    ------
    ModelError
        A model is missing or unusable.
    DeviceError
        There is no microphone, and no demo clip either.
    """
    detectors = load_models(models, provider)
    return or_demo(
        [("", lambda: open_live(detectors, hop_s=hop_s))],
        lambda clip: open_file(clip, detectors, hop_s=hop_s, audible=audible),
    )
