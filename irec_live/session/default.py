"""What to listen to when nobody said: the microphone, or, where there is none, the bundled demo clip.

`or_demo` decides that for sessions, window and terminal alike; they differ only in what they open.
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
    """The bundled clip.

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
    """Open the first of several inputs that can be had, or else the demo clip.

    Parameters
    ----------
    attempts : sequence of (str, callable)
        What to say of an input that is not the first ("listening to the default microphone"), and what opens it.
    play : callable
        Opens the clip.
    find_clip : callable, optional
        `demo_clip` by default.

    Returns
    -------
    opened
        Whatever the successful one returned.
    note : str
        One sentence if it is not the first: why, and what instead. Empty for the first.

    Raises
    ------
    DeviceError
        The first input's, if none can be had and there is no clip either.
    ValueError
        There are no attempts.
    """
    problem: DeviceError | None = None
    for words, attempt in attempts:
        try:
            opened = attempt()
        except DeviceError as error:
            problem = problem or error
        else:
            return opened, f"{problem}; {words} instead" if problem else ""
    if problem is None:
        raise ValueError("there is nothing to try")
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
    """Open the default microphone, or the demo clip where that does not go.

    Parameters
    ----------
    models, hop_s, provider
        As for `open_live`.
    audible : bool
        Whether the clip may be heard.

    Returns
    -------
    session : LiveSession or FileSession
    message : str
        One sentence if it is the clip: why, and what plays instead. Empty for the microphone.

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
