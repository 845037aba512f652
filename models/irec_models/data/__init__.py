"""Training sound: clips become phrases, phrases become mixtures whose every stem is known, without end.

::

    manifest.csv ─> Bank (decoded once, memory-mapped) ─> Pools ─> phrases ─> Mixer ─> windows ─> MixStream
    SoundFont ─> notes + manifest.csv ──┤                           drums      rooms, colours, effects
    irec_papers.datasets ─> manifest.csv ┘              eval_clips, held_out_mixes: what scores are measured on
                                                       ClipStream: windows of clips as they are, nothing mixed
                                                       ExcerptStream: real recordings by source, and some mixtures

Vocabulary: a *clip* is a recording; a *voice* is one instrument of one source, played one way; a *phrase* is what one
voice plays; a *stem* is a phrase as heard in the mixture; *presence* says that a stem is audible in a window.
"""

from __future__ import annotations

from irec_models.data.manifests.bank import Bank
from irec_models.data.manifests.labels import LABELS
from irec_models.data.manifests.manifest import Clip, DataFolders, read_manifest
from irec_models.data.manifests.selection import ClipSelection
from irec_models.data.mixing.clip_stream import ClipStream
from irec_models.data.mixing.config import AugmentConfig, StreamConfig
from irec_models.data.mixing.evaluation_sets import (
    EvalClip,
    EvalMix,
    MixPlan,
    common_players,
    eval_clips,
    held_out_mixes,
)
from irec_models.data.mixing.excerpt_stream import ExcerptStream
from irec_models.data.mixing.stream import Batch, MixStream, make_loader

__all__ = [
    "LABELS",
    "AugmentConfig",
    "Bank",
    "Batch",
    "Clip",
    "ClipSelection",
    "ClipStream",
    "DataFolders",
    "EvalClip",
    "EvalMix",
    "ExcerptStream",
    "MixPlan",
    "MixStream",
    "StreamConfig",
    "common_players",
    "eval_clips",
    "held_out_mixes",
    "make_loader",
    "read_manifest",
]
