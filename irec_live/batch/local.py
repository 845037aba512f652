"""The engine of this machine: a pool of worker processes, each with networks of its own.

A worker has one item at a time, so that nothing waits in memory. One that dies (a decoder crashed, the system took its
memory) takes no other item with it: its item is tried once more, and then named.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from irec_live import native_lines
from irec_live.analysis import processors
from irec_live.batch.items import Item, Outcome, Settings
from irec_live.errors import IrecError, ModelError
from irec_live.spool import printable

MOST_JOBS = 256
_TRIES = 2
_PROGRESS_S = 0.25
_END_S = 3.0
"""How long a worker is waited for that was told to end."""


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    item: Item | None = None
    ready: bool = False


class LocalEngine:
    """Runs items on this machine.

    Parameters
    ----------
    settings : Settings
    jobs : int, optional
        Processes; as many as there are processors by default.
    overwrite : bool
        Replace result files that say something else.
    on_share : callable, optional
        Called with an item's key and the share of it that is done.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        jobs: int | None = None,
        overwrite: bool = False,
        on_share: Callable[[str, float], None] | None = None,
    ) -> None:
        self.jobs = min(MOST_JOBS, processors()) if jobs is None else jobs
        self._arguments = (settings, max(1, processors() // self.jobs), overwrite)
        self._on_share = on_share
        self._context = multiprocessing.get_context("spawn")  # a fork would share ONNX Runtime's threads
        self._workers: list[_Worker] = []
        self._tries: dict[str, int] = {}

    def __call__(self, items: Iterable[Item]) -> Iterator[Outcome]:
        """Outcomes as they come. Close the iterator to stop.

        Raises
        ------
        ModelError
            A worker cannot load the networks.
        """
        waiting = iter(items)
        again: list[Item] = []
        try:
            while True:
                self._hand_out(waiting, again)
                if not self._workers:
                    return
                yield from self._collect(again)
        finally:
            self._end()

    def _hand_out(self, waiting: Iterator[Item], again: list[Item]) -> None:
        """Give every idle worker an item; start workers while there are items, and end those that have none."""
        for worker in [worker for worker in self._workers if worker.ready and worker.item is None]:
            item = again.pop() if again else next(waiting, None)
            if item is None:
                self._dismiss(worker)
            else:
                self._give(worker, item, again)
        while len(self._workers) < self.jobs:
            item = again.pop() if again else next(waiting, None)
            if item is None:
                return
            worker = self._start()
            worker.item = item  # sent once it is ready

    def _give(self, worker: _Worker, item: Item, again: list[Item]) -> None:
        worker.item = item
        self._tries[item.key] = self._tries.get(item.key, 0) + 1
        try:
            worker.pipe.send(item)
        except OSError:  # it died while it was idle
            self._tries[item.key] -= 1
            worker.item = None
            self._dismiss(worker)
            again.append(item)

    def _collect(self, again: list[Item]) -> Iterator[Outcome]:
        """What the workers say now."""
        pipes = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(pipes)):
            worker = pipes[pipe]  # type: ignore[index]
            try:
                said = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._died(worker, again)
                continue
            if isinstance(said, Outcome):
                item, worker.item = worker.item, None
                if item is not None:
                    self._tries.pop(item.key, None)
                yield said
            elif isinstance(said, float):
                if self._on_share is not None and worker.item is not None:
                    self._on_share(worker.item.key, said)
            elif isinstance(said, str):
                raise ModelError(said)
            else:
                worker.ready = True
                item = worker.item
                if item is not None:
                    self._give(worker, item, again)

    def _died(self, worker: _Worker, again: list[Item]) -> Iterator[Outcome]:
        item = worker.item
        worker.process.join(_END_S)
        status = worker.process.exitcode
        self._dismiss(worker)
        if not worker.ready:
            raise ModelError(f"a process that should analyse files ended as it began (status {status})")
        if item is None:
            return
        if self._tries.get(item.key, 0) < _TRIES:
            again.append(item)
            return
        name = printable(Path(item.path).name)
        yield Outcome(item.key, "failed", f"{name} brought the analysis down {_TRIES} times ({_ended(status)})")

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, *self._arguments), name="irec-batch", daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.pipe.close()  # it ends by itself

    def _end(self) -> None:
        """End all workers; what they have begun is given up."""
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + _END_S
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
        self._workers.clear()


def _ended(status: int | None) -> str:
    if status is not None and status < 0:
        with contextlib.suppress(ValueError):
            return f"by {signal.Signals(-status).name}"
    return f"status {status}"


def _work(pipe: Connection, settings: Settings, threads: int, overwrite: bool) -> None:
    """Body of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    signal.signal(signal.SIGTERM, _leave)
    native_lines.ours = True
    threading.Thread(target=_follow_parent, name="irec-parent", daemon=True).start()
    from irec_live.batch.item_analyzer import ItemAnalyzer

    try:
        analyzer = ItemAnalyzer(settings, threads=threads, overwrite=overwrite)
    except IrecError as error:
        pipe.send(str(error))
        return
    with contextlib.suppress(EOFError, OSError):  # nobody wants more
        pipe.send(None)
        while True:
            item = pipe.recv()
            pipe.send(analyzer(item, _Shares(pipe)))


class _Shares:
    """Tells the share done, but not too often."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._told_s = time.monotonic()

    def __call__(self, share: float) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _PROGRESS_S:
            self._told_s = now_s
            self._pipe.send(float(share))


def _leave(*_: Any) -> None:
    raise SystemExit(0)  # so that unfinished files are removed


def _follow_parent() -> None:
    """End with the process that started us, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
