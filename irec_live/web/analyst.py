"""Analysis queue: one upload at a time, with models that are loaded once; waiting requests take no thread."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from irec_live.analysis import AnalysisCancelled, analyze
from irec_live.errors import ModelError
from irec_live.formats import FORMATS
from irec_live.models.catalog import list_models
from irec_live.models.choice import ModelChoice, load_models
from irec_live.models.detector import Detector, Provider
from irec_live.web.folders import upload_folder
from irec_live.web.guard import Refused

_LOOK_S = 0.2  # how often to see whether anybody still waits
_SHORTEST_PATIENCE_S = 60.0
_MOST_LOADED = 8  # models by name, beside the server's own


class Analyst:
    """Analyses uploads, one after the other.

    Parameters
    ----------
    models, provider, hop_s
        As for `irec_live.analyze`.
    most_s : float
        Seconds of sound that are analysed; longer files are refused, however small. An analysis may take half as long.

    Raises
    ------
    ModelError
        A model is missing or unusable.
    """

    def __init__(
        self, models: Sequence[ModelChoice] | None, provider: Provider, hop_s: float | None, most_s: float
    ) -> None:
        self._provider, self._hop_s, self._most_s = provider, hop_s, most_s
        self._default = load_models(models, provider)
        self._loaded: dict[str, Detector] = {}
        # What waits for this one thread waits in its queue, not in the threads that other requests need.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="irec-serve")

    def close(self) -> None:
        """End the thread; what runs is given up by whoever waits for it."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def answer(
        self,
        upload: BinaryIO,
        name: str,
        form: str,
        models: tuple[str, ...],
        unwanted: Callable[[], Awaitable[bool]],
    ) -> tuple[str, str]:
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

        Raises
        ------
        AnalysisCancelled
            It became unwanted.
        MediaError, ModelError
            The file cannot be decoded or is too long, or a model is not usable.
        Refused
            It took too long.
        OSError
            The file cannot be kept.
        """
        with upload_folder() as folder:
            path = folder / name
            await asyncio.to_thread(_copy, upload, path)
            cancel = threading.Event()
            began: list[float] = []

            def work() -> tuple[str, str]:
                began.append(time.monotonic())
                return self._analyse(path, form, models, cancel)

            job: Future[tuple[str, str]] = self._worker.submit(work)
            waiting = asyncio.wrap_future(job)
            patience_s = max(_SHORTEST_PATIENCE_S, self._most_s / 2)
            late = False
            try:
                while not (await asyncio.wait([waiting], timeout=_LOOK_S))[0]:
                    late = late or bool(began and time.monotonic() - began[0] > patience_s)
                    if late or await unwanted():
                        cancel.set()
                        if job.cancel():
                            break
            finally:
                cancel.set()
            try:
                return await waiting
            except asyncio.CancelledError:
                if job.cancelled():
                    raise AnalysisCancelled from None
                raise
            except AnalysisCancelled:
                if late:
                    raise Refused(
                        503, f"the analysis took longer than {patience_s / 60:g} minutes and was given up"
                    ) from None
                raise

    def _analyse(self, path: Path, form: str, names: tuple[str, ...], cancel: threading.Event) -> tuple[str, str]:
        if cancel.is_set():
            raise AnalysisCancelled
        detectors = self._named(names)
        lacking = FORMATS[form].lacks({detector.spec.kind for detector in detectors})
        if lacking:
            raise ModelError(f"{lacking}; name one as model, too")
        found = analyze(
            path, models=detectors, hop_s=self._hop_s, provider=self._provider, cancel=cancel, most_s=self._most_s
        )
        return FORMATS[form].render(found), found.warning

    def _named(self, names: tuple[str, ...]) -> tuple[Detector, ...]:
        """The server's models, and in their place those named.

        By the names of the catalogue only: a path would let a client probe the files of this machine.
        """
        known = {model.name: model.path for model in list_models()}
        named = []
        for name in names:
            if name not in known:
                raise ModelError(f"there is no model named {name[:80]!r}; GET /api/models lists them")
            if len(names) > 2:
                raise ModelError(f"{len(names)} models are named; choose one of each kind")
            named.append(self._load(name, known[name]))
            spec = named[-1].spec
            if self._hop_s is not None and spec.kind == "activation" and self._hop_s > spec.window_s:
                raise ModelError(f"this server's hop of {self._hop_s:g} s is longer than the window of {name}")
        chosen = load_models(named, self._provider) if named else ()
        kinds = {detector.spec.kind for detector in chosen}
        return (*chosen, *(detector for detector in self._default if detector.spec.kind not in kinds))

    def _load(self, name: str, path: Path) -> Detector:
        if name not in self._loaded:
            while len(self._loaded) >= _MOST_LOADED:
                del self._loaded[next(iter(self._loaded))]
            (self._loaded[name],) = load_models([path], self._provider)
        return self._loaded[name]


def _copy(upload: BinaryIO, path: Path) -> None:
    with path.open("wb") as copy:
        shutil.copyfileobj(upload, copy)
