"""Real-time musical instrument recognition: which instruments are playing, and how loud each one is.

The signal path through the modules of this package::

    microphone, loopback, file
        |  source: PortAudio's callback copies each block
        v
    ring buffer      one writer, one reader, absolute sample index
        |  engine: the worker thread reads all that has arrived
        v
    pipeline         mono -> resample -> windows of 1 s and of 348 ms
        |  detector: one ONNX network for activations, one for envelopes
        |  tracker: pooled activations -> labels, events;   overlap_add: window envelopes -> one envelope
        v
    timeline         rows by time, a spectrogram, levels, events
        |  session: a Snapshot of the last seconds, on request
        v
    gui, cli         poll; nothing is pushed to them (web: whole files, by `analyze`)

A file takes the same path from `media` on (`analyze`), without the ring buffer and as fast as possible.

Each word has one meaning:

=================  ============================================================================================
sample             one value of one channel; counts and indices of samples are of each channel (PortAudio: frames)
block              the samples of one callback or read, (n, channels) float32
window, hop        the samples that a network takes as one input; samples from one window to the next
frame              one spectral column inside a window, or one value of an envelope; a codec's own in `decoders`
state, step        what some networks hand on from call to call over a stream; columns from answer to answer
taper              the weights that fade a window or column in and out (Hann)
predict            run a network: windows in, activations or envelopes (its predictions) out
activation         how sure a network is of a label, 0..1, per window
envelope           an instrument's RMS over time, 0..1; drawn in dB over 60 dB
label              an instrument's name; lit (detected) while its pooled activation stays above threshold
onset, offset      start and end of the time that a label is lit; both make an event
overflow           loss of samples, by the device or in a full ring buffer
skipped windows    windows dropped because inference was late
latency            sound to label: block + half a window + half a hop + pooling and waiting + inference + display
provider           ONNX Runtime's execution provider: the hardware that a network runs on
tap                what else follows a live stream: a recorder, an output; called on the worker, returns at once
recording          recorded sound: a file, or what the recorder wrote
session folder     what the recorder leaves: sound and results; a gap is silence in it where sound is missing
span               from when to when a label plays, or something is selected
correction         what a person set right about an event: added, moved, renamed or deleted
item, outcome      a file that is to be analysed among many, and what became of it; a journal keeps the outcomes
job                the analysis of a long file by the service, which outlasts the request
audible            played on an output device; else a file plays silently
=================  ============================================================================================

Integers count samples, floats are seconds; anything else has its unit in its name (``_ms``, ``_db``).

Importing the package loads nothing heavy: the names below are imported when first used.

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

from irec_live import home as _home  # noqa: F401 - some have none
from irec_live import onnx_runtime as _onnx_runtime  # noqa: F401 - no telemetry, from the first import on

if TYPE_CHECKING:
    from irec_live.analysis import analyze
    from irec_live.models.detector import Detector, load_model
    from irec_live.report import Analysis

    __version__: str

__all__ = ["Analysis", "Detector", "__version__", "analyze", "load_model"]

_MODULES = {
    "Analysis": "irec_live.report",
    "Detector": "irec_live.models.detector",
    "analyze": "irec_live.analysis",
    "load_model": "irec_live.models.detector",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("irec-live")
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
