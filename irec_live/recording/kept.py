"""Results of live sessions that nobody recorded, kept so that neither a closed window nor a crash loses them.

They are session folders without the sound, in the user's data folder: the newest ones, and those that were corrected.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from irec_live.errors import DataError
from irec_live.recording.folder import SessionFolder, folder_name
from irec_live.recording.recorder import Recorder
from irec_live.suffixes import is_session_folder

KEPT_VARIABLE = "IREC_SESSIONS"
"""Environment variable that names another folder for them."""

MOST_KEPT = 3
"""Sessions, besides those that were corrected."""

MOST_S = 12 * 3600.0
"""Seconds of one session: some 200 MB."""


@dataclass(frozen=True, slots=True)
class KeptResults:
    """One of them: its folder, its source, and when it began."""

    path: Path
    title: str
    began: datetime


def kept_folder() -> Path:
    """Where they are unless another folder is given; it need not exist."""
    import platformdirs

    chosen = os.environ.get(KEPT_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_data_path("irec-live") / "sessions"


def keep_results(recorder: Recorder) -> None:
    """Begin to keep the results of a stream. Returns at once."""
    recorder.start(kept_folder() / folder_name(datetime.now().astimezone(), recorder.title), numbered=True)


def finish_results(recorder: Recorder, least_s: float) -> None:
    """End that, and remove them if less was heard, or nothing found. Blocks."""
    recorder.stop()
    recorder.wait()
    state = recorder.state
    if state.folder is not None and not (state.elapsed_s >= least_s and _has_results(state.folder)):
        shutil.rmtree(state.folder, ignore_errors=True)


def kept_results(most: int | None = None) -> tuple[KeptResults, ...]:
    """What is kept of sessions that are over, newest first; with `most`, older ones are removed. May block.

    What another window still hears is passed over, as is what another version wrote; what was corrected is not removed.
    """
    try:
        paths = sorted(kept_folder().iterdir(), reverse=True)  # their names begin with their dates
    except OSError:
        return ()
    found: list[KeptResults] = []
    for path in filter(is_session_folder, paths):
        folder = SessionFolder(path)
        try:
            with folder.lock() as free:
                info = folder.read()
        except DataError:
            continue
        if not free or info.sound_kept:
            continue
        if most is not None and len(found) >= most and not folder.corrections.exists():
            shutil.rmtree(path, ignore_errors=True)
        else:
            found.append(KeptResults(path, info.title, info.began))
    return tuple(found)


def _has_results(path: Path) -> bool:
    """Whether there are events, or no network that would tell of any."""
    folder = SessionFolder(path)
    try:
        return folder.events.stat().st_size > 0 or not folder.activations.stat().st_size
    except OSError:
        return False
