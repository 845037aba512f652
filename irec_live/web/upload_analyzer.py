"""Analyses of uploads: models that are loaded once, a thread an upload, and the networks shared fairly among them."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, TypeVar

from irec_live.analysis import Analysis, AnalysisCancelled, analyze
from irec_live.errors import ModelError
from irec_live.formats import FORMATS
from irec_live.models.catalog import list_models
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Detector, Provider
from irec_live.web.error_responses import Refused
from irec_live.web.fairness import BatchQueue, FairPool
from irec_live.web.folders import upload_folder
from irec_live.web.merging import Merging
from irec_live.web.metrics import Metrics

_LOOK_S = 0.2  # how often to see whether anybody still waits
_SHORTEST_PATIENCE_S = 60.0
_MOST_LOADED = 8  # models by name, beside the server's own
MOST_ANALYSES = 96
"""Files analysed at once, each with a thread; what they hold is bounded by `irec_live.web.fairness`."""
_MOST_RENDERED = 2  # results written as text at once: that of an hour takes tens of megabytes

Result = TypeVar("Result")


class Running:
    """One analysis under way.

    Attributes
    ----------
    cancel : threading.Event
        Set it to give the analysis up.
    share : float or None
        Done, 0..1; None if the file does not tell its length.
    seconds : float
        Of sound, done.
    """

    def __init__(self, queue: BatchQueue) -> None:
        self.cancel = threading.Event()
        self.share: float | None = None
        self.seconds = 0.0
        self.queue = queue
        self._began: float | None = None

    def begin(self) -> None:
        """The thread has begun."""
        self._began = time.monotonic()

    @property
    def busy_s(self) -> float:
        """Seconds since it began in which it did not wait for others. Any thread."""
        return 0.0 if self._began is None else time.monotonic() - self._began - self.queue.waited_s


class UploadAnalyzer:
    """Analyses uploads, many at once.

    Parameters
    ----------
    models, provider, hop_s
        As for `irec_live.analyze`.
    most_s : float
        Seconds of sound that are analysed; longer files are refused, however small. An analysis may take half as long.
    metrics : Metrics

    Raises
    ------
    ModelError
        A model is missing or unusable.
    """

    def __init__(
        self,
        models: Sequence[ModelChoice] | None,
        provider: Provider,
        hop_s: float | None,
        most_s: float,
        metrics: Metrics,
    ) -> None:
        self.provider, self.hop_s, self.most_s = provider, hop_s, most_s
        self.default = load_models(models, provider)
        self._metrics = metrics
        self._loaded: dict[str, Detector] = {}
        self._loading = threading.Lock()
        self._rendering = threading.BoundedSemaphore(_MOST_RENDERED)
        self._pool = FairPool()
        self.merging = Merging()
        self._threads = ThreadPoolExecutor(MOST_ANALYSES, thread_name_prefix="irec-serve")
        metrics.watch_queue(lambda: self._pool.waiting)

    @property
    def patience_s(self) -> float:
        """Seconds that an analysis may take, beside those in which others go first."""
        return max(_SHORTEST_PATIENCE_S, self.most_s / 2)

    def close(self) -> None:
        """End the threads; what runs is given up by whoever waits for it."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.close()

    def start(
        self, path: Path, detectors: Sequence[Detector] | None, names: tuple[str, ...], most_s: float | None = None
    ) -> tuple[Running, Future[tuple[Analysis, tuple[Detector, ...]]]]:
        """Begin to analyse a file; what it became comes with the models used."""
        running = Running(self._pool.queue())

        def work() -> tuple[Analysis, tuple[Detector, ...]]:
            running.begin()
            chosen = tuple(detectors) if detectors is not None else self.named(names)
            return self._analyse(path, chosen, running, most_s), chosen

        future = self._threads.submit(work)
        future.add_done_callback(lambda _: running.queue.shutdown())
        return running, future

    async def answer(
        self,
        upload: BinaryIO,
        name: str,
        form: str,
        models: tuple[str, ...],
        unwanted: Callable[[], Awaitable[bool]],
        most_s: float | None = None,
    ) -> tuple[bytes, str]:
        """The upload's analysis in a format, and the warning about the file.

        Parameters
        ----------
        upload : binary file
        name : str
            Of one part, fit for any file system.
        form : str
            A name of `irec_live.formats.FORMATS`.
        models : tuple of str
            Names of the catalogue.
        unwanted : callable
            Whether nobody waits for it any more.
        most_s : float, optional
            Seconds of sound beyond which it becomes a job's business; none by default.

        Raises
        ------
        AnalysisCancelled
            It became unwanted.
        MediaError, ModelError
            The file cannot be decoded or is too long, or a model is not usable.
        Refused
            It took too long, or has more sound than `most_s`.
        OSError
            The file cannot be kept.
        """
        with upload_folder() as folder:
            path = folder / name
            await asyncio.to_thread(copy_upload, upload, path)
            detectors = await asyncio.wrap_future(self._threads.submit(self.named, models))
            check_format(form, detectors)
            running, future = self.start(path, detectors, models, most_s)
            analysis, _ = await self.patiently(running, future, unwanted)
        return await asyncio.wrap_future(self._threads.submit(self.render, analysis, form)), analysis.warning

    async def patiently(
        self, running: Running, future: Future[Result], unwanted: Callable[[], Awaitable[bool]]
    ) -> Result:
        """Wait for an analysis, unless it becomes unwanted or takes too long.

        Raises
        ------
        AnalysisCancelled
            It became unwanted.
        Refused
            It took too long.
        """
        waiting = asyncio.wrap_future(future)
        late = False
        try:
            while not (await asyncio.wait([waiting], timeout=_LOOK_S))[0]:
                late = late or running.busy_s > self.patience_s
                if late or await unwanted():
                    running.cancel.set()
                    if late:
                        running.queue.pass_on()
                    if future.cancel():
                        break
        finally:
            running.cancel.set()
        try:
            return await waiting
        except asyncio.CancelledError:
            if future.cancelled():
                raise AnalysisCancelled from None
            raise
        except AnalysisCancelled:
            if late:
                raise Refused(
                    503, f"the analysis took longer than {self.patience_s / 60:g} minutes and was given up"
                ) from None
            raise

    def render(self, analysis: Analysis, form: str) -> bytes:
        """An analysis in a format. Not on the event loop's thread."""
        with self._rendering:
            return FORMATS[form].content(analysis)

    def _analyse(self, path: Path, detectors: tuple[Detector, ...], running: Running, most_s: float | None) -> Analysis:
        running.queue.pace(0.0, running.cancel.is_set)
        if running.cancel.is_set():
            raise AnalysisCancelled

        def took(share: float) -> None:
            running.share = share

        def reached(seconds: float) -> None:
            self._metrics.analysed(seconds - running.seconds, "file")
            running.seconds = seconds
            if most_s is not None and seconds > most_s:
                raise Refused(413, f"this is more than {most_s / 60:g} minutes of sound; send it to POST /v1/jobs")
            running.queue.pace(seconds, running.cancel.is_set)

        return analyze(
            path,
            models=detectors,
            hop_s=self.hop_s,
            provider=self.provider,
            progress=took,
            cancel=running.cancel,
            most_s=self.most_s,
            on_seconds=reached,
            executor=running.queue,
        )

    def named(self, names: tuple[str, ...]) -> tuple[Detector, ...]:
        """The server's models, and in their place those named. May take seconds.

        By the names of the catalogue only: a path would let a client probe the files of this machine.

        Raises
        ------
        ModelError
            There is no such model, or it is not usable.
        """
        if not names:
            return self.default
        known = {model.name: model.path for model in list_models()}
        named = []
        for name in names:
            if name not in known:
                raise ModelError(f"there is no model named {name[:80]!r}; there are {', '.join(known)}")
            if len(names) > 2:
                raise ModelError(f"{len(names)} models are named; choose one of each kind")
            named.append(self._load(name, known[name]))
            spec = named[-1].spec
            if self.hop_s is not None and spec.kind == "activation" and self.hop_s > spec.window_s:
                raise ModelError(f"this server's hop of {self.hop_s:g} s is longer than the window of {name}")
        chosen = load_models(named, self.provider)
        kinds = {detector.spec.kind for detector in chosen}
        return (*chosen, *(detector for detector in self.default if detector.spec.kind not in kinds))

    def _load(self, name: str, path: Path) -> Detector:
        with self._loading:
            if name not in self._loaded:
                while len(self._loaded) >= _MOST_LOADED:
                    del self._loaded[next(iter(self._loaded))]
                (self._loaded[name],) = load_models([path], self.provider)
            return self._loaded[name]


def check_format(form: str, detectors: Sequence[Detector]) -> None:
    """See that models predict what a format holds.

    Raises
    ------
    ModelError
        They do not.
    """
    lacking = FORMATS[form].lacks({detector.spec.kind for detector in detectors})
    if lacking:
        raise ModelError(f"{lacking}; name one as model, too")


def copy_upload(upload: BinaryIO, path: Path) -> None:
    """Keep an upload as a file."""
    with path.open("wb") as copy:
        shutil.copyfileobj(upload, copy)
