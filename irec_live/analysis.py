"""Analyse a file: the path that live sound takes, as fast as the machine goes.

`analyze` does it all. Its two halves, `decode_into` and `collect`, are there for a caller that wants to look at the
pipeline on the way. The file is decoded in blocks and never held as a whole.

Shapes: K labels, R activation rows, M envelope rows.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from irec_live.assembly import Circumstances, Curves, assemble
from irec_live.errors import MediaError, OutputError
from irec_live.media import AudioFile, open_audio
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Provider
from irec_live.report import Analysis
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.history_file import HistoryFile
from irec_live.streaming.model_stream import WindowPredictor
from irec_live.streaming.pipeline import Pipeline

Samples = npt.NDArray[np.float32]

__all__ = ["Analysis", "AnalysisCancelled", "analyze", "collect", "decode_into", "side_by_side"]

BLOCK_S = 1.0
"""Analysed at a time: how soon a cancelled analysis stops."""

_BLOCKS_AHEAD = 4
"""Decoded before they are needed: enough that whoever pushes does not wait for a thread that was not let run."""

_MOST_WORKERS = 8
_ENOUGH = 0.6
"""Share of a network's sample rate below which sound is called band-limited: 22 kHz is enough for 32 kHz."""
_LONG_S = 3600.0
"""Results of longer files are kept in a temporary file, so that ten hours take no more memory than one."""
FILE_BATCH = 16
"""Windows a call at most: of a file so many are there at once. It saves a tenth on a CPU; on a GPU one at a time would
leave it waiting."""


class AnalysisCancelled(Exception):
    """The caller asked for the analysis to stop."""


def analyze(
    path: str | os.PathLike[str],
    *,
    models: Sequence[ModelChoice] | None = None,
    hop_s: float | None = None,
    provider: Provider = "auto",
    track: int | None = None,
    channel: int | None = None,
    progress: Callable[[float], None] | None = None,
    cancel: threading.Event | None = None,
    most_s: float | None = None,
    on_seconds: Callable[[float], None] | None = None,
    executor: Executor | None = None,
) -> Analysis:
    """Tell which instruments play in a file, when, and how loud each one is.

    Parameters
    ----------
    path : path-like
        Any file that `irec_live.media` decodes.
    models : sequence, optional
        Names, paths or detectors, at most one of each kind; the bundled defaults if not given.
    hop_s : float, optional
        Seconds between activation windows; the model's own by default.
    provider : {"auto", "cpu", "cuda"}
        What models are loaded for that are not loaded yet.
    track : int, optional
        Which sound track of a video, from 1 on; its default one if not given.
    channel : int, optional
        Which channel alone, from 1 on; a mix of all if not given.
    progress : callable, optional
        Called with the share done, 0..1, on this thread.
    cancel : threading.Event, optional
        Set it to stop the analysis within about a second of sound.
    most_s : float, optional
        Seconds of sound after which a file is refused as too long. What is decoded counts, not what its header says.
    on_seconds : callable, optional
        Called with the seconds of sound taken so far, after every block, on this thread. It may wait, to let others go
        first, and what it raises ends the analysis.
    executor : concurrent.futures.Executor, optional
        What runs the networks, for callers that share one among several analyses; threads of its own by default.

    Returns
    -------
    Analysis

    Raises
    ------
    MediaError
        The file cannot be decoded, is too long, or has no such track or channel.
    ModelError
        A model is missing or unusable.
    OutputError
        The results of many hours find no room on the disk.
    AnalysisCancelled
        `cancel` was set.
    ValueError
        `hop_s` does not fit the model's window.
    """
    with contextlib.ExitStack() as stack:
        audio = stack.enter_context(open_audio(path, track=track))
        check_channel(audio, channel)
        detectors = load_models(models, provider)
        # The caller's executor stays the caller's to end.
        with contextlib.nullcontext((executor, FILE_BATCH)) if executor else side_by_side(detectors) as (pool, batch):
            pipeline = Pipeline(
                audio.sample_rate,
                detectors,
                hop_s=hop_s,
                spectrogram=False,
                history=_history(audio),
                executor=pool,
                batch=batch,
                channel=channel,
            )
            stack.callback(pipeline.timeline.close)

            def pace(block: Samples, first: int) -> None:
                if on_seconds is not None:
                    on_seconds((first + len(block)) / audio.sample_rate)

            samples = decode_into(audio, pipeline, on_block=pace, progress=progress, cancel=cancel, most_s=most_s)
        if not samples:
            raise MediaError(audio.warning or f"{audio.name} has sound, but none of it could be decoded")
        if pipeline.timeline.problem:
            raise OutputError(f"{audio.name} is too long for this disk: {pipeline.timeline.problem}")
        return collect(
            audio.name,
            samples / audio.sample_rate,
            pipeline,
            warning=audio.warning,
            warnings=(*audio.warnings, *band_limit(audio.name, audio.sample_rate, detectors)),
        )


def _history(audio: AudioFile) -> HistoryFile | None:
    """Where results are kept that are not to fill the memory: those of many hours, and of nobody knows how many."""
    short = audio.samples and audio.samples <= _LONG_S * audio.sample_rate  # as announced, which is no promise
    return None if short else HistoryFile()


def check_channel(audio: AudioFile, channel: int | None) -> None:
    """See that a file has a channel.

    Raises
    ------
    MediaError
        It has not.
    """
    if channel is not None and not 1 <= channel <= audio.channels:
        many = f"{audio.channels} channel{'s' * (audio.channels != 1)}"
        raise MediaError(f"{audio.name} has {many}: there is no channel {channel}")


def band_limit(name: str, sample_rate: int, models: Sequence[WindowPredictor]) -> tuple[str, ...]:
    """What to say of sound whose rate is too low for the networks: one sentence, or none.

    Examples
    --------
    >>> band_limit("call.wav", 8000, ())
    ()
    """
    wanted = max((model.spec.sample_rate for model in models), default=0)
    if sample_rate >= _ENOUGH * wanted:
        return ()
    return (
        f"{name} is sampled at {sample_rate} Hz: there is nothing above {sample_rate / 2000:g} kHz in it, "
        f"where the networks, made for {wanted} Hz, listen too",
    )


def decode_into(
    audio: AudioFile,
    pipeline: Pipeline,
    *,
    on_block: Callable[[Samples, int], None] | None = None,
    progress: Callable[[float], None] | None = None,
    cancel: threading.Event | None = None,
    most_s: float | None = None,
) -> int:
    """Push a file through a pipeline, from where it stands to its end, and flush.

    Parameters
    ----------
    audio : AudioFile
    pipeline : Pipeline
        At the file's rate.
    on_block : callable, optional
        Called with every block (n, C) and the index of its first sample, after it went through.
    progress : callable, optional
        Called with the share done, 0..1; only at the end where the file does not tell its length.
    cancel : threading.Event, optional
    most_s : float, optional
        Seconds decoded after which the file is refused as too long.

    Returns
    -------
    int
        Frames decoded.

    Raises
    ------
    MediaError
        There is more sound than `most_s`.
    AnalysisCancelled
        `cancel` was set; the pipeline is not flushed.
    ValueError
        The pipeline runs at another rate.
    """
    if pipeline.sample_rate != audio.sample_rate:
        raise ValueError(f"the file has {audio.sample_rate} Hz, the pipeline {pipeline.sample_rate} Hz")
    began = audio.position
    with contextlib.closing(_read_ahead(audio, pipeline)) as blocks:
        for block, mono, position in blocks:
            if cancel is not None and cancel.is_set():
                raise AnalysisCancelled(f"the analysis of {audio.name} was cancelled")
            if most_s is not None and position - began > most_s * audio.sample_rate:
                raise MediaError(f"{audio.name} has more than {_spoken(most_s)} of sound; give a shorter part of it")
            pipeline.push(mono)
            if on_block is not None:
                on_block(block, position - len(block))
            if progress is not None and audio.samples:
                progress(min(1.0, position / audio.samples))
    pipeline.flush()
    if progress is not None:
        progress(1.0)
    return audio.position - began


def _read_ahead(audio: AudioFile, pipeline: Pipeline) -> Generator[tuple[Samples, Samples, int]]:
    """Blocks (n, C) of a file, each with its mix (n,) and the sample behind it; the next are made meanwhile.

    The thread that pushes has most to do, so whatever needs nothing of it is not left to it.
    """
    decoded = audio.blocks(audio.block_of(BLOCK_S))

    def read() -> tuple[Samples, Samples, int] | None:
        block = next(decoded, None)
        return None if block is None else (block, pipeline.mix(block), audio.position)

    reader = ThreadPoolExecutor(1, thread_name_prefix="decoder")
    try:
        waiting = deque(reader.submit(read) for _ in range(_BLOCKS_AHEAD))
        while (found := waiting.popleft().result()) is not None:
            waiting.append(reader.submit(read))
            yield found
    finally:
        # Waits for the block being read: nobody else may touch the file before.
        reader.shutdown(cancel_futures=True)


def collect(
    file: str,
    duration_s: float,
    pipeline: Pipeline,
    *,
    warning: str = "",
    warnings: Sequence[str] | None = None,
    decisions: Decisions | None = None,
) -> Analysis:
    """What a pipeline found in a file that it heard to the end.

    Parameters
    ----------
    file : str
        Name to put in the result.
    duration_s : float
    pipeline : Pipeline
        Flushed, with a timeline that keeps everything.
    warning : str
        On what is missing.
    warnings : sequence of str, optional
        Everything to be said, that included; `warning` alone by default.
    decisions : Decisions, optional
        That the events were found with, where they may have changed since; the pipeline's present ones by default.

    Returns
    -------
    Analysis
    """
    times, activation, _ = pipeline.timeline.activations()
    return assemble(
        file,
        duration_s,
        Circumstances.of(pipeline, decisions),
        Curves(times, activation, *pipeline.timeline.envelopes()),
        pipeline.timeline.events(),
        reached_s=pipeline.tracker.reached_s,
        warning=warning,
        warnings=warnings,
    )


@contextlib.contextmanager
def side_by_side(models: Sequence[WindowPredictor]) -> Iterator[tuple[Executor | None, int]]:
    """How to predict on a file's windows fast: in batches, and on all processors unless a network runs on a GPU.

    Yields
    ------
    executor : Executor or None
        For `Pipeline`. Sessions have one thread each; windows, not operators, are what runs in parallel.
    batch : int
    """
    if any("CUDA" in model.providers for model in models):
        yield None, FILE_BATCH
        return
    workers = min(_MOST_WORKERS, processors())
    if workers < 2:
        yield None, FILE_BATCH
        return
    executor = ThreadPoolExecutor(workers, thread_name_prefix="irec-predict")
    try:
        yield executor, FILE_BATCH
    finally:
        executor.shutdown(cancel_futures=True)  # after a cancelled analysis some wait that nobody wants


def _spoken(seconds: float) -> str:
    """A duration for a sentence.

    Examples
    --------
    >>> _spoken(5400.0), _spoken(2.5)
    ('90 minutes', '2.5 s')
    """
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} s"


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
