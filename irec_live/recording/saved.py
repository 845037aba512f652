"""Opening a session folder again, also one whose recorder was killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from irec_live.assembly import Circumstances, Curves
from irec_live.clips import encoder
from irec_live.errors import MediaError, OutputError
from irec_live.media import open_audio
from irec_live.recording.damage import missing_sound, read_results
from irec_live.recording.decisions import events_of, tracker_of
from irec_live.recording.folder import SessionFolder, SessionInfo
from irec_live.recording.result_log import ResultLog, read_curves, read_events
from irec_live.recording.results import circumstances_of, warnings_of, write_results
from irec_live.results import Event
from irec_live.streaming.tracker import LabelTracker, track

_BLOCK_S = 1.0


@dataclass(frozen=True, eq=False)
class SavedResults:
    """A session as it was recorded.

    Attributes
    ----------
    folder : SessionFolder
    info : SessionInfo
    curves : Curves
        Rows at the times at which they were found.
    events : tuple of Event
        As they were found live, by onset; found anew where thresholds moved while it was recorded.
    duration_s : float
    recording : bool
        Whether somebody still records to it; then this is what was there when it was opened.
    damage : tuple of str
        What was found missing, a sentence each.
    """

    folder: SessionFolder
    info: SessionInfo
    curves: Curves
    events: tuple[Event, ...]
    duration_s: float
    recording: bool = False
    damage: tuple[str, ...] = ()

    @property
    def circumstances(self) -> Circumstances:
        """What the results were found with."""
        return circumstances_of(self.info)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know before relying on it, a sentence each."""
        return (*warnings_of(self.info), *self.damage)

    def tracker(self) -> LabelTracker:
        """A tracker that decides as the session did."""
        return tracker_of(self.info)


def open_session(path: Path, progress: Callable[[float], None] | None = None) -> SavedResults:
    """Read a session folder. If its recorder was killed, repair the audio and complete the results first.

    Parameters
    ----------
    path : Path
        The folder.
    progress : callable, optional
        As for `repair_session`.

    Returns
    -------
    SavedResults

    Raises
    ------
    DataError
        It is no session, damaged, or of a version that this program does not know.
    MediaError
        It has no sound.
    """
    folder = SessionFolder(path)
    info, recording = repair_session(path, progress)
    curves, live, damage = read_results(folder, info)
    if info.audio.samples is None:
        duration_s = _count(folder.path / info.audio.files[0]) / info.audio.sample_rate
    else:
        duration_s = info.audio.samples / info.audio.sample_rate
    if not duration_s:
        raise MediaError(f"the session {path.name} has no sound: nothing was recorded")
    events = events_of(info, curves, live, duration_s)
    damage = (*missing_sound(folder, info), *damage)
    return SavedResults(folder, info, curves, events, duration_s, recording, damage)


def repair_session(path: Path, progress: Callable[[float], None] | None = None) -> tuple[SessionInfo, bool]:
    """Complete a session folder whose recorder was killed, which takes as long as encoding its sound; else read only.

    Parameters
    ----------
    path : Path
        The folder.
    progress : callable, optional
        Called with the share of the repairing that is done, 0..1, for each second of sound. What it raises ends the
        repairing: nothing is lost, and the folder can be repaired another time.

    Returns
    -------
    info : SessionInfo
    recording : bool
        Whether somebody still records to it, so that it was left alone.

    Raises
    ------
    DataError
        It is no session, damaged, or of a version that this program does not know.
    """
    folder = SessionFolder(path)
    info = folder.read()
    if info.state != "recording":
        return info, False
    with folder.lock() as free:
        recording = not free and os.access(path, os.W_OK)
        return (info if recording else _repaired(folder, info, progress)), recording


def _repaired(folder: SessionFolder, info: SessionInfo, progress: Callable[[float], None] | None) -> SessionInfo:
    """Complete the folder of a recorder that was killed; without room for it, it is read as it is."""
    try:
        samples = min(
            _rewrite(folder.path / name, progress, number, len(info.audio.files))
            for number, name in enumerate(info.audio.files)
        )
        if not samples:
            return info
        said = "the program ended while this was recorded; what it had heard in the last second is missing"
        repaired = info.model_copy(
            update={
                "state": "finished",
                "audio": info.audio.model_copy(update={"samples": samples}),
                "warnings": (*info.warnings, *([said] if info.sound_kept else [])),
            }
        )
        _complete_events(folder, repaired, samples / info.audio.sample_rate)
        folder.write(repaired)
        if repaired.sound_kept:
            write_results(folder, repaired)
    except OutputError:
        return info
    return repaired


def _rewrite(path: Path, progress: Callable[[float], None] | None, number: int, count: int) -> int:
    """Write a FLAC file without an end anew, losslessly; how many samples it has."""
    part = path.with_name(f".{path.name}.part")
    size = max(1, path.stat().st_size if path.exists() else 1)
    try:
        part.unlink(missing_ok=True)  # of a program that was ended meanwhile
        with open_audio(path) as audio, encoder(part, audio.sample_rate, audio.channels, "FLAC") as file:
            for block in audio.blocks(audio.block_of(_BLOCK_S)):
                file.write(block)
                if progress is not None:
                    progress(min(1.0, (number + part.stat().st_size / size) / count))
            samples = audio.position
        part.replace(path)
    except MediaError:  # not a whole block of sound: nothing to repair
        return 0
    except OSError as error:
        raise OutputError(f"cannot mend {path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return samples


def _complete_events(folder: SessionFolder, info: SessionInfo, duration_s: float) -> None:
    """Append the events that were lit when the recorder was killed."""
    curves = read_curves(folder, len(info.labels))
    tracker = tracker_of(info)
    track(curves.activation_times, curves.activation, tracker)
    ended = [
        replace(event, offset_s=min(event.offset_s or duration_s, duration_s))
        for event in tracker.flush()
        if event.onset_s < duration_s
    ]
    known = read_events(folder, info.labels)
    fresh = [
        event
        for event in ended
        if not any(old.label == event.label and (old.offset_s or 0.0) > event.onset_s for old in known)
    ]
    data = folder.events.read_bytes() if folder.events.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:  # the last line was cut: what is appended would go on in it
        folder.events.write_bytes(whole)
    log = ResultLog(folder, len(info.labels))
    try:
        log.add_events(fresh)
    finally:
        log.close()


def _count(path: Path) -> int:
    """Samples of a file whose header does not tell."""
    try:
        with open_audio(path) as audio:
            return sum(len(block) for block in audio.blocks(audio.block_of(_BLOCK_S)))
    except MediaError:
        return 0
