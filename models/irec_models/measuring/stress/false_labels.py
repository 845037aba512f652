"""False detections: any label on noise and silence, any label but the voice on speech."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from irec_models.data import Clip, DataFolders
from irec_models.data.manifests.manifest import HANDLING
from irec_models.data.mixing.evaluation_sets import load_clip
from irec_models.measuring.predictors import Array, Predictor
from irec_models.measuring.stress.live_pipeline import listen, surrounded
from irec_models.measuring.stress.noises import SAMPLE_RATE, faded, noises
from irec_models.measuring.stress.selection import choose
from irec_models.progress import Advance, Progress, silent, tracked

VOICE = "voice"
"""The label that speech should light."""


@dataclass(frozen=True, slots=True)
class NoiseRow:
    """Detections of the app in one noise, or in the noise clips of one source.

    Attributes
    ----------
    name : str
    seconds : float
        Of sound, without the silence around it.
    events : int
    lit_s : float
        Seconds during which a label was lit, summed over labels.
    labels : dict of str to int
        Events of each label that had any.
    silent : bool
        Digital silence, which does not count among the minutes.
    """

    name: str
    seconds: float
    events: int
    lit_s: float
    labels: dict[str, int]
    silent: bool = False

    @property
    def per_minute(self) -> float:
        """Events a minute."""
        return 60.0 * self.events / max(self.seconds, 1e-9)


@dataclass(frozen=True, slots=True)
class SpeechRow:
    """Detections of the app in the speech of one source.

    Attributes
    ----------
    name : str
    clips : int
    voice : float
        Share of the clips that light the voice, 0..1; NaN for models that do not know it.
    others : float
        Share that light anything else.
    labels : dict of str to int
        Clips that light each other label.
    """

    name: str
    clips: int
    voice: float
    others: float
    labels: dict[str, int]


@dataclass(frozen=True, slots=True)
class FalseLabels:
    """False detections of one model; `noises` are generated, `recorded` are noise clips of the manifest."""

    noises: tuple[NoiseRow, ...]
    recorded: tuple[NoiseRow, ...]
    speech: tuple[SpeechRow, ...]

    @property
    def per_minute(self) -> float:
        """Events a minute of generated noise; digital silence, which would flatter it, does not count."""
        return _per_minute(self.noises)

    @property
    def per_minute_recorded(self) -> float:
        """Events a minute of recorded noise, which may be anything that is no instrument."""
        return _per_minute(self.recorded)

    def to_dict(self) -> dict[str, Any]:
        """JSON values; None for the voice of a model that does not know it."""
        return {
            "per_minute": self.per_minute,
            "per_minute_recorded": self.per_minute_recorded,
            "noises": [asdict(row) | {"per_minute": row.per_minute} for row in self.noises],
            "recorded": [asdict(row) | {"per_minute": row.per_minute} for row in self.recorded],
            "speech": [asdict(row) | {"voice": None if row.voice != row.voice else row.voice} for row in self.speech],
        }


def false_labels(
    predictor: Predictor,
    folders: DataFolders,
    *,
    seconds: float = 20.0,
    most: int = 30,
    progress: Progress = silent,
) -> FalseLabels:
    """Count what the app detects in noise and speech.

    Parameters
    ----------
    predictor : Predictor
    folders : DataFolders
        Noise is what has the one label ``noise``, speech what has instrument ``speech``, of
        whatever split; the rows tell.
    seconds : float
        Of each generated noise.
    most : int
        Clips of each source.
    progress : Progress
        A task each for generated noise, recorded noise and speech.

    Notes
    -----
    Every sound lies in faint noise, so that windows across its beginning and end count as well. Noises fade in and out:
    one that starts at once is a stroke on a drum, and a model would be right to say so.
    """
    name = predictor.spec.name
    made = [
        _noise_row(noise.name, [noise.audio], predictor, silent=noise.silent)
        for noise in tracked(noises(seconds), progress, f"{name}: noises")
    ]
    clips, spoken = (choose(filter(wanted, folders.clips), _origin, most) for wanted in (_is_noise, _is_speech))
    with progress(f"{name}: recorded noise", len(clips)) as advance:
        recorded = [
            _noise_row(origin, _decoded_clips(members, advance), predictor) for origin, members in _by_origin(clips)
        ]
    with progress(f"{name}: speech", len(spoken)) as advance:
        speech = [_speech_row(origin, members, predictor, advance) for origin, members in _by_origin(spoken)]
    return FalseLabels(tuple(made), tuple(recorded), tuple(speech))


def _noise_row(name: str, sounds: Iterable[Array], predictor: Predictor, *, silent: bool = False) -> NoiseRow:
    seconds = lit_s = 0.0
    labels: Counter[str] = Counter()
    for audio in sounds:
        result = listen(predictor, surrounded(predictor, faded(audio), SAMPLE_RATE), SAMPLE_RATE)
        seconds += len(audio) / SAMPLE_RATE
        labels.update(event.label for event in result.events)
        lit_s += sum((event.offset_s or event.onset_s) - event.onset_s for event in result.events)
    return NoiseRow(name, seconds, labels.total(), lit_s, dict(labels.most_common()), silent)


def _speech_row(name: str, clips: Sequence[Clip], predictor: Predictor, advance: Advance) -> SpeechRow:
    lit = [
        listen(predictor, surrounded(predictor, audio, SAMPLE_RATE), SAMPLE_RATE).labels
        for audio in _decoded_clips(clips, advance)
    ]
    others: Counter[str] = Counter(label for labels in lit for label in labels if label != VOICE)
    known = VOICE in predictor.spec.labels
    return SpeechRow(
        name=name,
        clips=len(lit),
        voice=sum(VOICE in labels for labels in lit) / len(lit) if known else float("nan"),
        others=sum(bool(labels - {VOICE}) for labels in lit) / len(lit),
        labels=dict(others.most_common()),
    )


def _decoded_clips(clips: Iterable[Clip], advance: Advance) -> Iterable[Array]:
    for clip in clips:
        yield load_clip(clip, sample_rate=SAMPLE_RATE).audio
        advance()


def _is_noise(clip: Clip) -> bool:
    return clip.labels == ("noise",) and clip.kind != HANDLING


def _is_speech(clip: Clip) -> bool:
    return clip.instrument == "speech"


def _origin(clip: Clip) -> str:
    return f"{clip.source} ({clip.split})"


def _by_origin(clips: Iterable[Clip]) -> list[tuple[str, list[Clip]]]:
    groups: dict[str, list[Clip]] = {}
    for clip in clips:
        groups.setdefault(_origin(clip), []).append(clip)
    return list(groups.items())


def _per_minute(rows: Sequence[NoiseRow]) -> float:
    counted = [row for row in rows if not row.silent]
    seconds = sum(row.seconds for row in counted)
    return 60.0 * sum(row.events for row in counted) / seconds if seconds else 0.0
