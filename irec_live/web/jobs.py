"""Jobs: analyses of long files that outlast the request that began them; bounded in number, disk, memory and time.

A job is known by a name that cannot be guessed; there is no list of them. Its file is removed as soon as it is
analysed, its result after `KEPT_S`, or earlier if newer results need the room.

Everything here belongs to the event loop's thread, but for what `Running` tells.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal

from irec_live.analysis import Analysis, AnalysisCancelled
from irec_live.errors import IrecError, ModelError
from irec_live.models.detector import Detector
from irec_live.web.error_responses import Refused
from irec_live.web.folders import upload_folder
from irec_live.web.metrics import Metrics
from irec_live.web.upload_analyzer import Running, UploadAnalyzer, copy_upload

State = Literal["running", "done", "failed"]

MOST_RUNNING = 32
"""Jobs that are not done."""
MOST_KEPT = 256
"""Jobs that are, with their results."""
KEPT_S = 3600.0
"""For which a result can be fetched."""
KEPT_BYTES = 256_000_000
"""That all results together may fill in memory: some eighteen hours of sound."""


@dataclass
class Job:
    """One job.

    Attributes
    ----------
    name : str
        What it is known by.
    file : str
    state : State
    running : Running or None
        The analysis, for its progress; None of a stream.
    bytes : int
        Of its file while that is kept.
    ended : float
        When it was done or failed, on the monotonic clock.
    result : Analysis or None
    detectors : tuple of Detector
        The result's.
    refused : Refused or None
        Why it failed.
    task : asyncio.Task
        What waits for it.
    """

    name: str
    file: str
    running: Running | None
    bytes: int
    state: State = "running"
    ended: float = 0.0
    result: Analysis | None = None
    detectors: tuple[Detector, ...] = ()
    refused: Refused | None = None
    task: asyncio.Task[None] | None = None
    created: float = field(default_factory=time.time)

    def weight(self) -> int:
        """Bytes of the result in memory."""
        if self.result is None:
            return 0
        return self.result.activation.nbytes + self.result.envelope.nbytes + 200 * len(self.result.events)


class Jobs:
    """All jobs of a server.

    Parameters
    ----------
    analyzer : UploadAnalyzer
    most_bytes : int
        That files of all jobs may fill on disk.
    metrics : Metrics
    ending : callable
        Whether the server is ending.
    """

    def __init__(self, analyzer: UploadAnalyzer, most_bytes: int, metrics: Metrics, ending: Callable[[], bool]) -> None:
        self._analyzer, self._most_bytes, self._ending = analyzer, most_bytes, ending
        self._jobs: dict[str, Job] = {}
        for state in ("running", "done", "failed"):
            metrics.watch_jobs(state, lambda state=state: self._count(state))  # type: ignore[misc]

    def _count(self, state: str) -> int:
        return sum(job.state == state for job in tuple(self._jobs.values()))

    async def begin(self, upload: BinaryIO, size: int, name: str, models: tuple[str, ...]) -> Job:
        """Keep a file and begin its analysis.

        Raises
        ------
        Refused
            Too many run already, or their files fill the place there is.
        ModelError
            There is no such model.
        OSError
            The file cannot be kept.
        """
        self._tidy()
        if self._count("running") >= MOST_RUNNING:
            raise Refused(503, f"{MOST_RUNNING} jobs run already; try again later")
        if sum(job.bytes for job in self._jobs.values() if job.state == "running") + size > self._most_bytes:
            raise Refused(503, "the files of other jobs fill the place there is; try again later")
        with ExitStack() as stack:
            path = stack.enter_context(upload_folder()) / name
            await asyncio.to_thread(copy_upload, upload, path)
            detectors = await asyncio.to_thread(self._analyzer.named, models)
            running, future = self._analyzer.start(path, detectors, models)
            # 128 random bits: who knows the name may have the result.
            job = Job(secrets.token_urlsafe(16), name, running, size)
            self._jobs[job.name] = job
            job.task = asyncio.create_task(self._tend(job, running, future, stack.pop_all()))
        return job

    async def _tend(self, job: Job, running: Running, future: Any, kept: ExitStack) -> None:
        """Wait until a job is done, and note what it became."""

        async def unwanted() -> bool:
            return self._ending() or job.name not in self._jobs

        with kept:
            try:
                job.result, job.detectors = await self._analyzer.patiently(running, future, unwanted)
                job.state = "done"
            except AnalysisCancelled:
                job.refused = Refused(503, "the server is ending")
            except Refused as error:
                job.refused = error
            except IrecError as error:
                job.refused = Refused(404 if isinstance(error, ModelError) else 422, str(error))
            except OSError as error:
                job.refused = Refused(507, f"the server cannot read the file: {error.strerror or error}")
            except Exception as error:  # noqa: BLE001 - whatever it is, who asks must be told
                job.refused = Refused(500, f"the analysis failed: {type(error).__name__}")
        if job.state != "done":
            job.state = "failed"
        job.ended = time.monotonic()
        self._tidy()
        await asyncio.sleep(KEPT_S)  # nobody may ask any more, and then nothing else would forget the result
        self._tidy()

    def get(self, name: str) -> Job:
        """A job by its name.

        Raises
        ------
        Refused
            There is none.
        """
        self._tidy()
        job = self._jobs.get(name)
        if job is None:
            raise Refused(404, f"there is no such job; a result is kept for {KEPT_S / 60:g} minutes")
        return job

    async def result(self, name: str) -> tuple[Analysis, tuple[Detector, ...]]:
        """What a job found.

        Raises
        ------
        Refused
            There is no such job, it is not done, or it failed.
        """
        job = self.get(name)
        if job.refused is not None:
            raise Refused(job.refused.status, job.refused.reason)
        if job.result is None:
            raise Refused(409, "the job is not done yet; GET /v1/jobs/NAME tells how far it is")
        return job.result, job.detectors

    def remove(self, name: str) -> None:
        """Give a job up, or forget its result.

        Raises
        ------
        Refused
            There is none.
        """
        self._forget(self.get(name))

    def keep(self, file: str, result: Analysis, detectors: tuple[Detector, ...]) -> Job:
        """Keep the result of a stream, as if it were a job's."""
        job = Job(secrets.token_urlsafe(16), file, None, 0, "done", time.monotonic(), result, detectors)
        self._jobs[job.name] = job
        self._tidy()
        return job

    async def close(self) -> None:
        """Give all up, and wait until their files are removed."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        waiting = [job for job in self._jobs.values() if job.state == "running"]
        for job in waiting:
            _give_up(job)
        self._jobs.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(5.0):
                while any(job.state == "running" for job in waiting):
                    await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.name, None)
        _give_up(job)
        if job.state != "running" and job.task is not None:
            job.task.cancel()

    def _tidy(self) -> None:
        """Forget results that are old, or too many."""
        done = sorted((job for job in self._jobs.values() if job.state != "running"), key=lambda job: job.ended)
        weight = sum(job.weight() for job in done)
        now = time.monotonic()
        for position, job in enumerate(done):
            newer = len(done) - position - 1
            if now - job.ended >= KEPT_S or newer >= MOST_KEPT or (weight > KEPT_BYTES and newer):
                weight -= job.weight()
                self._forget(job)


def _give_up(job: Job) -> None:
    if job.running is not None:
        job.running.cancel.set()
