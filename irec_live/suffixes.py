"""Names of files that are worth offering in a file dialog, and what makes a folder a session."""

from __future__ import annotations

import os
from pathlib import Path

SUFFIXES = (
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".ogv", ".ogx", ".opus", ".spx", ".mp3",
    ".mp2", ".mp1", ".mpa", ".mpga", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".voc", ".sf", ".ircam",
    ".nist", ".sph", ".paf", ".pvf", ".svx", ".8svx", ".iff", ".avr", ".htk", ".xi", ".sd2", ".mat", ".wve",
    ".sds", ".mpc", ".mpp", ".shn", ".mlp", ".thd", ".m4a",
    ".m4b", ".m4r", ".m4v", ".aac", ".adts", ".latm", ".loas", ".mp4", ".mov", ".qt", ".mkv", ".mka", ".mk3d",
    ".webm", ".weba", ".wma", ".wmv", ".asf", ".avi", ".flv", ".f4v", ".f4a", ".3gp", ".3g2", ".amr", ".awb", ".ac3",
    ".eac3", ".ec3", ".dts", ".ape", ".wv", ".tta", ".tak", ".dsf", ".oma", ".aa3", ".rm", ".ra", ".rmvb", ".mpg",
    ".mpeg", ".vob", ".ts", ".m2ts", ".mts", ".m2t", ".mxf", ".gxf", ".dv", ".nut", ".wtv",
)  # fmt: skip
"""Of sound and video that `irec_live.media` decodes; it looks at the content only."""

SESSION_FILE = "session.json"
"""In every folder that `irec_live.recording` writes."""


def is_session_folder(path: Path) -> bool:
    """Whether a folder holds a recorded session."""
    return os.path.isfile(path / SESSION_FILE)  # noqa: PTH113 -- which does not raise where it may not be entered
