"""The SoundFont that tests render with, where there is one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from irec_live.errors import DataError
from irec_models.data.rendering.synthesizer import load_fluidsynth

FONTS = [Path("/usr/share/sounds/sf2") / name for name in ("TimGM6mb.sf2", "FluidR3_GM.sf2")]
FONT = next((font for font in FONTS if font.exists()), None)


def has_fluidsynth() -> bool:
    """Whether FluidSynth and its binding are installed."""
    if importlib.util.find_spec("fluidsynth") is None:
        return False
    try:
        load_fluidsynth()
    except DataError:
        return False
    return True


needs_font = pytest.mark.skipif(
    FONT is None or not has_fluidsynth(), reason="needs FluidSynth and a General MIDI SoundFont"
)
