"""What to listen to when nobody said: the microphone, or, where there is none, the bundled demo clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from irec_assets import audio_clips
from irec_live.errors import DeviceError, MediaError
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Provider
from irec_live.session.file import FileSession, open_file
from irec_live.session.live import LiveSession, open_live


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
    try:
        return open_live(detectors, hop_s=hop_s), ""
    except DeviceError as error:
        try:
            clip = demo_clip()
        except MediaError:
            raise error from None
        session = open_file(clip, detectors, hop_s=hop_s, audible=audible)
        return session, f"{error}; playing the demo clip instead"
