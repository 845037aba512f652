"""Cache folders: the libraries of training and export write theirs beside our own."""

from __future__ import annotations

import os

import platformdirs

_FOLDERS = {
    "MPLCONFIGDIR": "matplotlib",  # its list of fonts; else in folders of its own in the user's cache and settings
    "TORCHINDUCTOR_CACHE_DIR": "torch",  # else in the folder of temporary files, for ever
}


def keep_caches_together() -> None:
    """Name folders under our own cache to libraries that would fill others; where the user named one, that one counts.

    For a program of ours, before it imports them: a library must not move the caches of those who use it.
    """
    for variable, folder in _FOLDERS.items():
        os.environ.setdefault(variable, str(platformdirs.user_cache_path("irec-live") / folder))
