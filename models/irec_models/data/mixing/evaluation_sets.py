"""What scores are measured on: real clips, and mixtures of sources that no training saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from irec_live.errors import DataError
from irec_models.data.manifests.labels import LABELS, truth_of
from irec_models.data.manifests.manifest import Clip, read_manifests
from irec_models.data.manifests.store import decode
from irec_models.data.mixing.config import AugmentConfig, StreamConfig
from irec_models.data.mixing.mixer import Mixer
from irec_models.data.mixing.pools import named_by
from irec_models.data.mixing.stream import MixStream, energies_of
from irec_models.data.mixing.targets import presence

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class EvalClip:
    """A real recording and what is in it.

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
        Labels that must not be judged here.
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


def eval_clips(
    data_dir: Path | str | Sequence[Path | str],
    *,
    sample_rate: int,
    labels: Sequence[str] = LABELS,
    split: str | None = "dev",
    sources: Iterable[str] | None = None,
    kinds: Iterable[str] | None = None,
) -> Iterator[EvalClip]:
    """Real clips of a split, in the manifest's order, decoded one at a time.

    Parameters
    ----------
    data_dir : path or sequence of path
    sample_rate : int
        Hz.
    labels : sequence of str
    split : str or None
        None for all.
    sources, kinds : iterable of str, optional
        Only these.

    Raises
    ------
    DataError
        Nothing is left to judge, or a file cannot be decoded.
    """
    wanted = None if sources is None else set(sources)
    sorts = None if kinds is None else set(kinds)
    chosen = [
        clip
        for clip in read_manifests(data_dir)
        if (split is None or clip.split == split)
        and (wanted is None or clip.source in wanted)
        and (sorts is None or clip.kind in sorts)
    ]
    if not chosen:
        raise DataError(f"no clips of split '{split}' with the chosen sources and kinds; see the manifest's columns")
    for clip in chosen:
        yield load_clip(clip, sample_rate=sample_rate, labels=labels)


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


def has_stems(data_dir: Path | str | Sequence[Path | str], *, split: str, sources: Sequence[str] | None = None) -> bool:
    """Whether `held_out_mixes` has anything to mix; the manifest tells, nothing is decoded.

    Music with accompaniment, as all of IRMAS and OpenMIC, is no stem.

    Parameters
    ----------
    data_dir : path or sequence of path
    split : str
    sources : sequence of str, optional
        Only these.

    Raises
    ------
    DataError
        A folder or manifest is wrong.
    """
    return any(
        clip.stem and clip.labels != ("noise",)
        for clip in read_manifests(data_dir)
        if clip.split == split and (sources is None or clip.source in sources)
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
        Labels that must not be judged.
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
    """Who plays in mixtures that models of different labels are compared on: `LABELS`, or `labels` that share none."""
    return LABELS if set(labels) & set(LABELS) else tuple(labels)


def held_out_mixes(
    data_dir: Path | str | Sequence[Path | str],
    *,
    sample_rate: int,
    sources: Sequence[str] | None = None,
    split: str = "train",
    labels: Sequence[str] = LABELS,
    players: Sequence[str] | None = None,
    sizes: Iterable[int] = range(7),
    per_size: int = 40,
    seconds: float = 6.0,
    seed: int = 0,
    cache: Path | None = None,
) -> Iterator[EvalMix]:
    """Mixtures of 0 to 6 sources, plain: no rooms, no effects; the same for the same arguments.

    Mixtures of no source are noise: hiss, hum and, where `sources` have any, recorded noise.

    Parameters
    ----------
    data_dir : path or sequence of path
    sample_rate : int
        Hz.
    sources : sequence of str, optional
        Recording sources to draw from; they should be ones that the judged network never heard.
    split : str
    labels : sequence of str
        To judge; those without examples in `sources` simply do not occur.
    players : sequence of str, optional
        Labels that play, `labels` by default. The mixtures are the same for the same players, whatever is judged.
    sizes : iterable of int
        How many play at once.
    per_size : int
        Mixtures of each size.
    seconds : float
        Of each mixture.
    seed : int
    cache : Path, optional

    References
    ----------
    Chen (2021), table V, for scores by the number of simultaneous instruments.
    """
    frame_hop = max(1, round(sample_rate * 1024 / 44100))
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
    stream = MixStream(
        config,
        data_dir,
        seed=seed,
        split=split,
        only_sources=sources,
        labels=labels if players is None else players,
        cache=cache,
        allow_missing_labels=True,
    )
    noise = AugmentConfig.none().model_copy(update={"hiss": 0.3, "hum": 0.1, "bed": 0.2, "gain": 1.0})
    empty = Mixer(stream.bank, stream.pools, config.model_copy(update={"augment": noise}), seed=seed)
    for size in sizes:
        for number in range(per_size):
            rng = np.random.default_rng([seed, size, number])
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
