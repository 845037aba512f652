"""The engine of a cluster: Ray Data hands items to actors, each with networks of its own.

Ray Data holds back items while the actors are busy, starts actors anew that were lost, and gives what they had to
others. An item may then be analysed twice; its outcome counts once. Nothing of it is reported to anybody: Ray's usage
statistics are off, and its dashboard is not started.
"""

from __future__ import annotations

import inspect
import itertools
import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from irec_live.batch.items import Item, Known, Outcome, Settings
from irec_live.errors import ClusterError, IrecError, MissingExtraError, ModelError
from irec_live.tables.recording import Recording

_AT_ONCE = 20_000
"""Items that Ray knows of at a time: their list is held by the process that gives them out."""
_BLOCK = 4
"""Items that are given out, and lost, together."""


class RayEngine:
    """Runs items on a cluster.

    Parameters
    ----------
    settings : Settings
        Of form `PARQUET`, without curves: results come back to this process. Networks that do not come with the app
        must lie at the same path on every node.
    address : str, optional
        Of a running cluster, as Ray has it, ``auto`` for the one of this machine. A cluster of this machine alone is
        started if none is given.
    jobs : int, optional
        Actors; by default up to one for each processor of the cluster, or for each GPU where the provider is CUDA.
    """

    def __init__(self, settings: Settings, *, address: str | None = None, jobs: int | None = None) -> None:
        self._settings, self._address, self._jobs = settings, address, jobs

    def __call__(self, items: Iterable[Item]) -> Iterator[Outcome]:
        """Outcomes as they come. Close the iterator to stop.

        Raises
        ------
        ClusterError
            The cluster cannot be reached, no node is left, or none has a GPU where one was asked for.
        ModelError
            A worker cannot load the networks, or not run them where it was to.
        MissingExtraError
            Ray is not installed.
        """
        ray = _ray()
        ours = not ray.is_initialized()
        if ours:
            self._connect(ray)
        try:
            waiting = iter(items)
            while some := list(itertools.islice(waiting, _AT_ONCE)):
                yield from self._outcomes(ray, some)
        finally:
            if ours:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        here = {} if self._address is not None else {"num_cpus": self._jobs, "include_dashboard": False}
        try:
            ray.init(address=self._address or "local", logging_level=logging.ERROR, log_to_driver=False, **here)
        except Exception as error:  # Ray raises plain ones, too
            where = self._address or "this machine"
            raise ClusterError(f"no Ray cluster answers at {where}: {str(error).splitlines()[0]}") from error

    def _outcomes(self, ray: Any, items: Sequence[Item]) -> Iterator[Outcome]:
        data = ray.data
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        kind = "GPU" if self._settings.provider == "cuda" else "CPU"
        there = int(ray.cluster_resources().get(kind, 0))
        if kind == "GPU" and not there:  # Ray would wait for one for ever
            raise ClusterError("the cluster has no GPU; add a node that has one, or leave --provider cuda away")
        most = self._jobs or max(1, there)
        rows = [{"item": json.dumps(asdict(item))} for item in items]
        dataset = data.from_items(rows, override_num_blocks=max(1, len(rows) // _BLOCK)).map(
            _Actor,
            fn_constructor_args=(self._settings,),
            compute=_pool(data, min(most, len(rows))),
            num_cpus=1,
            num_gpus=1 if kind == "GPU" else 0,
        )
        left = {item.key for item in items}
        try:
            for row in dataset.iter_rows():
                if row["refusal"]:
                    raise ModelError(row["refusal"])
                outcome = _outcome(json.loads(row["outcome"]))
                if outcome.key in left:
                    left.remove(outcome.key)
                    yield outcome
        except ray.exceptions.RayError as error:
            raise ClusterError(f"the cluster gave up: {str(error).splitlines()[0]}; --resume goes on") from error
        for key in sorted(left):
            yield Outcome(key, "failed", f"{key} was lost by the cluster; --resume tries it again")


def _pool(data: Any, most: int) -> Any:
    """From one actor on, as many as there is room for; all are asked for at once where Ray can do that."""
    at_once = {"initial_size": most} if "initial_size" in inspect.signature(data.ActorPoolStrategy).parameters else {}
    return data.ActorPoolStrategy(min_size=1, max_size=most, **at_once)


class _Actor:
    """A worker of the cluster. Ray makes it, on some node."""

    def __init__(self, settings: Settings) -> None:
        from irec_live.batch.item_analyzer import ItemAnalyzer

        self._analyzer: ItemAnalyzer | None = None
        self._refusal = ""
        try:
            self._analyzer = ItemAnalyzer(settings)
        except IrecError as error:  # as a row: Ray would start the actor again and again
            self._refusal = str(error)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        if self._analyzer is None:
            return {"outcome": "", "refusal": self._refusal}
        said = json.loads(row["item"])
        known = said.pop("known")
        outcome = self._analyzer(Item(**said, known=None if known is None else Known(**known)))
        return {"outcome": json.dumps(asdict(outcome)), "refusal": ""}


def _outcome(said: dict[str, Any]) -> Outcome:
    recording = said.pop("recording")
    return Outcome(**said, recording=None if recording is None else Recording.from_dict(recording))


def _ray() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before the import: it would report to its makers
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    logging.getLogger("ray").setLevel(logging.ERROR)  # what goes wrong is said by us
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("ray", "cluster") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # the import gave it a level of its own
    return ray
