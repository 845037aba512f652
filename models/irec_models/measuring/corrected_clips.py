"""Corrections of several sessions and files, gathered as one folder of clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from irec_live.analysis import analyze
from irec_live.corrections.labels import Reviewed, export_labels
from irec_live.corrections.store import corrections_path, load_corrections
from irec_live.errors import DataError
from irec_live.recording import open_session
from irec_live.suffixes import is_session_folder
from irec_models.measuring.predictors import model_file


def gather(places: Sequence[Path], out: Path, model: Path) -> Path:
    """The folder of clips: the one that is given, or one made of sessions and files.

    Parameters
    ----------
    places : sequence of Path
        One folder with a ``manifest.csv``; or recorded sessions and corrected sound files.
    out : Path
        Where clips are written.
    model : Path
        Finds in plain files what nobody corrected.

    Raises
    ------
    DataError
        A place was not corrected, or is nothing of the kind.
    """
    if len(places) == 1 and (places[0] / "manifest.csv").is_file():
        return places[0]
    export_labels([_reviewed(place, model) for place in places], out)
    return out


def _reviewed(place: Path, model: Path) -> Reviewed:
    corrections = load_corrections(corrections_path(place))
    if not corrections:
        what = "session" if is_session_folder(place) else "file"
        raise DataError(f"there are no corrections of the {what} {place}; correct some events in the window (Ctrl+K)")
    if is_session_folder(place):
        saved = open_session(place)
        if not saved.info.sound_kept:
            raise DataError(f"the sound of the session {place} was not kept: there is nothing to train on")
        return Reviewed(place / saved.info.audio.files[0], place.name, corrections, saved.events)
    file = model_file(model)
    found = analyze(place, models=[file] if file.suffix.lower() == ".onnx" else None)
    return Reviewed(place, place.stem, corrections, found.events)
