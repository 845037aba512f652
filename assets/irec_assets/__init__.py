"""Bundled data: models, icons and demo audio. Origins and licences stand in the README beside this file."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parent
"""Wheels are installed unpacked, so this is a real folder everywhere."""


def models_folder() -> Path:
    """The ``.onnx`` files that come with the app."""
    return _ROOT / "models"


def icons_folder() -> Path:
    """SVG icons of the window."""
    return _ROOT / "icons"


def audio_clips() -> tuple[Path, ...]:
    """Demo clips, by name; any may be missing from a stripped installation."""
    return tuple(sorted(path for path in (_ROOT / "audio").glob("*") if path.suffix in {".flac", ".ogg", ".wav"}))
