"""Hears which musical instruments are playing and how loud each one is, live.

The way of sound through the rooms of this package::

    microphone, loopback, file
        |  source: PortAudio's callback copies each block
        v
    ring buffer      one writer, one reader, absolute sample index
        |  engine: the worker thread takes what is there
        v
    pipeline         mono -> resample -> windows of 1 s and of 348 ms
        |  detector: one ONNX network for activations, one for envelopes
        |  tracker: pooled activations -> labels, events;   overlap_add: window envelopes -> one envelope
        v
    timeline         rows by time, a spectrogram, levels, events
        |  session: a Snapshot of the last seconds, for whoever asks
        v
    gui, cli         pull; nothing is ever pushed at them (web: whole files, by `analyze`)

A file takes the same path from `media` on (`analyze`), without the ring buffer and as fast as the machine goes.

One meaning a word:

=================  =====================================================================================
sample, block      one value of one channel; the samples of one callback, (frames, channels) float32
window, hop        what a network judges at once; samples from one window to the next
frame              one spectral column inside a window
taper              the weights that fade a window or column in and out (Hann)
activation         how sure a network is of a label, 0..1, per window
envelope           an instrument's RMS over time, 0..1; drawn in dB over 60 dB
label              an instrument's name; lit while its pooled activation holds above threshold
onset, offset      when a label lit and went out; both make an event
overflow           samples that the device, or a full ring buffer, lost
skipped windows    windows that we dropped because inference was late
latency            sound to label: block + half a window + half a hop + pooling and waiting + inference + display
provider           what ONNX Runtime runs a network on
=================  =====================================================================================

Integers count samples, floats are seconds, and whatever else says its unit (``_ms``, ``_db``).

Importing the package loads nothing heavy: the names below arrive when first used.

Examples
--------
>>> import irec_live
>>> analysis = irec_live.analyze("song.flac")  # doctest: +SKIP
>>> analysis.detected  # doctest: +SKIP
('piano', 'violin')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from irec_live import onnx_runtime as _onnx_runtime  # noqa: F401 - no telemetry, from the first import on

if TYPE_CHECKING:
    from irec_live.analysis import analyze
    from irec_live.models.detector import Detector, load_model
    from irec_live.report import Analysis

    __version__: str

__all__ = ["Analysis", "Detector", "__version__", "analyze", "load_model"]

_ROOMS = {
    "Analysis": "irec_live.report",
    "Detector": "irec_live.models.detector",
    "analyze": "irec_live.analysis",
    "load_model": "irec_live.models.detector",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("irec-live")
    if name in _ROOMS:
        return getattr(import_module(_ROOMS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
