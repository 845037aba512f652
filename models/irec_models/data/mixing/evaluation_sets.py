"""Evaluation sets: real clips, and mixtures of sources held out from training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_models.data.manifests.labels import LABELS, truth_of
from irec_models.data.manifests.manifest import Clip
from irec_models.data.manifests.selection import ClipSelection
from irec_models.data.manifests.store import decode
from irec_models.data.mixing.config import AugmentConfig, StreamConfig
from irec_models.data.mixing.mixer import Mixer
from irec_models.data.mixing.pools import named_by
from irec_models.data.mixing.stream import MixStream, energies_of
from irec_models.data.mixing.targets import presence

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class EvalClip:
    """A real recording and its annotation.

    Attributes
    ----------
    file : str
        Path below its data folder.
    audio : (T,) float32
        The whole clip.
    labels : tuple of str
        Labels that sound in it.
    others : tuple of str
        Annotated names outside the labels.
    unclear : tuple of str
        Labels that are unknown here and not scored.
    source, instrument, kind : str
    """

    file: str
    audio: Array
    labels: tuple[str, ...]
    others: tuple[str, ...]
    unclear: tuple[str, ...]
    source: str
    instrument: str
    kind: str

    @property
    def solo(self) -> bool:
        """Whether exactly one label and nothing else sounds."""
        return len(self.labels) == 1 and not self.others


def eval_clips(selection: ClipSelection, sample_rate: int) -> Iterator[EvalClip]:
    """Real clips, in the manifest's order, decoded one at a time.

    Parameters
    ----------
    selection : ClipSelection
    sample_rate : int
        Hz.

    Raises
    ------
    DataError
        There are no clips to score, or a file cannot be decoded.
    """
    chosen = selection.clips
    if not chosen:
        raise DataError(
            f"no clips of split '{selection.split}' with the chosen sources and kinds; see the manifest's columns"
        )
    for clip in chosen:
        yield load_clip(clip, sample_rate=sample_rate, labels=selection.labels)


def load_clip(clip: Clip, *, sample_rate: int, labels: Sequence[str] = LABELS) -> EvalClip:
    """Decode one row of a manifest.

    Parameters
    ----------
    clip : Clip
    sample_rate : int
        Hz.
    labels : sequence of str

    Raises
    ------
    DataError
        The file cannot be decoded.
    """
    truth = truth_of(clip.labels, clip.origin, labels, clip.unknown)
    return EvalClip(
        file=clip.file,
        audio=decode(clip.audio_path, sample_rate),
        labels=tuple(label for label in labels if label in truth.present),
        others=truth.others,
        unclear=tuple(label for label in labels if label in truth.unclear),
        source=clip.source,
        instrument=clip.instrument,
        kind=clip.kind,
    )


@dataclass(frozen=True, eq=False)
class EvalMix:
    """A mixture of known stems.

    Attributes
    ----------
    audio : (T,) float32
    size : int
        Sources that were mixed, those outside the labels included.
    labels : tuple of str
        Labels audible somewhere in it.
    unclear : tuple of str
        Labels that are unknown and not scored.
    envelope : (K, M) float32
        RMS of each label, frames centred on 0, hop, 2 hop ...
    frame_hop, sample_rate : int
    """

    audio: Array
    size: int
    labels: tuple[str, ...]
    unclear: tuple[str, ...]
    envelope: Array
    frame_hop: int
    sample_rate: int


def common_players(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels of mixtures on which models of different labels are compared: `LABELS`, or `labels` that share none."""
    return LABELS if set(labels) & set(LABELS) else tuple(labels)


@dataclass(frozen=True, slots=True)
class MixPlan:
    """Number and kind of mixtures of an evaluation set.

    Attributes
    ----------
    sizes : tuple of int
        How many sources sound at once.
    per_size : int
        Mixtures of each size.
    seconds : float
        Of each mixture.
    seed : int
    frame_hop : int
        Samples from one frame of the envelopes to the next: of the model that is scored on them. 0 for 23 ms, as
        Häusler and Maier have it.
    """

    sizes: tuple[int, ...] = tuple(range(7))
    per_size: int = 40
    seconds: float = 6.0
    seed: int = 0
    frame_hop: int = 0

    @property
    def total(self) -> int:
        """Mixtures of all sizes."""
        return len(self.sizes) * self.per_size


def held_out_mixes(
    selection: ClipSelection, sample_rate: int, plan: MixPlan = MixPlan(), *, players: Sequence[str] | None = None
) -> Iterator[EvalMix]:
    """Mixtures of 0 to 6 sources without rooms or effects; deterministic.

    Mixtures of no source are noise: hiss, hum and, where the selection has any, recorded noise.

    Parameters
    ----------
    selection : ClipSelection
        What is mixed; its sources should be ones that the scored network was not trained on. Of its labels those
        without examples simply do not occur.
    sample_rate : int
        Hz.
    plan : MixPlan
    players : sequence of str, optional
        Labels that play, those of the selection by default. The mixtures are the same for the same players, whatever is
        scored.

    References
    ----------
    Chen (2021), table V, for scores by the number of simultaneous instruments.
    """
    frame_hop = plan.frame_hop or max(1, round(sample_rate * 1024 / 44100))
    labels, seconds = selection.labels, plan.seconds
    config = StreamConfig(
        sample_rate=sample_rate,
        window_length=round(seconds * sample_rate),
        frame_length=2 * frame_hop,
        frame_hop=frame_hop,
        batch_size=1,
        windows_per_mix=1,
        mix_s=seconds,
        other=0.0,
        level_range_db=12.0,
        augment=AugmentConfig.none(),
    )
    playing = selection if players is None else selection.of(players)
    stream = MixStream(config, playing, seed=plan.seed, allow_missing_labels=True)
    noise = AugmentConfig.none().model_copy(update={"hiss": 0.3, "hum": 0.1, "bed": 0.2, "gain": 1.0})
    empty = Mixer(stream.bank, stream.pools, config.model_copy(update={"augment": noise}), seed=plan.seed)
    for size in plan.sizes:
        for number in range(plan.per_size):
            rng = np.random.default_rng([plan.seed, size, number])
            mix = (stream.mixer if size else empty).render(rng, size=size)
            voices = [named_by(stream.bank, voice, labels) for voice in mix.voices]
            energy, rest, unclear = energies_of(mix, voices, labels, config)
            present, clear = presence(energy, rest, frame_hop / sample_rate, seconds)
            doubtful = (clear == 0) | ((unclear == 1) & (present == 0))
            yield EvalMix(
                audio=mix.audio,
                size=size,
                labels=tuple(label for label, on in zip(labels, present, strict=True) if on),
                unclear=tuple(label for label, on in zip(labels, doubtful, strict=True) if on),
                envelope=np.sqrt(energy).astype(np.float32),
                frame_hop=frame_hop,
                sample_rate=sample_rate,
            )
