"""What a finished session lacks: sound that was cut off, and rows or events whose file is gone."""

from __future__ import annotations

from pathlib import Path

from irec_live.assembly import Curves
from irec_live.errors import DataError
from irec_live.recording.folder import SessionFolder, SessionInfo
from irec_live.recording.result_log import read_curves, read_events
from irec_live.report import Analysis
from irec_live.results import Event


def missing_sound(folder: SessionFolder, info: SessionInfo) -> tuple[str, ...]:
    """A sentence for each audio file that ends before the samples in session.json; without decoding a whole one."""
    samples = info.audio.samples or 0
    whole_s = samples / info.audio.sample_rate
    return tuple(
        f"{name} was cut: sound is missing at the end of its {whole_s:.1f} s; the results are those of the whole"
        for name in info.audio.files
        if samples and not _sounds_at(folder.path / name, samples - 1)
    )


def read_results(folder: SessionFolder, info: SessionInfo) -> tuple[Curves, tuple[Event, ...], tuple[str, ...]]:
    """Rows and events of a session, those of a missing file from results.json; and a sentence where one is missing.

    Raises
    ------
    DataError
        A file that is there is damaged.
    """
    curves, events = read_curves(folder, len(info.labels)), read_events(folder, info.labels)
    kinds = {network.spec.kind for network in info.models}
    needed = [
        *([folder.activations, folder.events] if "activation" in kinds else []),
        *([folder.envelopes] if "envelope" in kinds else []),
    ]
    missing = [path for path in needed if not path.exists()]
    if not missing:
        return curves, events, ()
    names = " and ".join(path.name for path in missing)
    verb = "are" if len(missing) > 1 else "is"
    whole = _analysis(folder, info)
    if whole is None:
        gone = f"{names} {verb} missing, and results.json does not have it: not everything that was found is shown"
        return curves, events, (gone,)
    if folder.activations in missing:
        curves = Curves(whole.activation_times, whole.activation, curves.envelope_times, curves.envelope)
    if folder.envelopes in missing:
        curves = Curves(curves.activation_times, curves.activation, whole.envelope_times, whole.envelope)
    if folder.events in missing:
        events = tuple(sorted(whole.events, key=lambda event: event.onset_s))
    return curves, events, (f"{names} {verb} missing: what was found is read from results.json",)


def _analysis(folder: SessionFolder, info: SessionInfo) -> Analysis | None:
    """What results.json holds, if it is of this session."""
    try:
        found = Analysis.from_json(folder.results.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, DataError):
        return None
    return found if found.labels == info.labels else None


def _sounds_at(path: Path, sample: int) -> bool:
    """Whether a FLAC file has this sample. One that was cut still announces its whole length: only reading tells."""
    import soundfile

    # NB: not `open_audio`: where libsndfile fails it decodes all that comes before with FFmpeg, for seconds or minutes.
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(sample)
            return len(file.read(1)) > 0
    except (OSError, RuntimeError):
        return False
