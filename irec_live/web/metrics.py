"""Metrics of the server, for Prometheus: requests, times, queue, sound analysed, refusals."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

MEDIA_TYPE = CONTENT_TYPE_LATEST

_BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0)


class Metrics:
    """Counts what the server does. Any thread; one object for each application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "irec_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._times = Histogram(
            "irec_request_seconds",
            "Seconds from a request's header to the end of its answer.",
            ["route"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._refused = Counter(
            "irec_rejections", "Requests and streams that were refused, by the status.", ["status"],
            registry=self._registry,
        )  # fmt: skip
        self._sound = Counter("irec_sound_seconds", "Seconds of sound analysed.", ["source"], registry=self._registry)
        self._queue = Gauge("irec_waiting_batches", "Batches of windows that wait.", registry=self._registry)
        self._jobs = Gauge("irec_jobs", "Jobs by their state.", ["state"], registry=self._registry)
        self._streams = Gauge("irec_streams", "Streams that are open.", registry=self._registry)
        self._open = Gauge("irec_requests_open", "Requests being answered.", registry=self._registry)
        for source in ("file", "stream"):
            self._sound.labels(source)

    def watch_queue(self, length: Callable[[], int]) -> None:
        """Ask this for the number of batches that wait, whenever somebody looks."""
        self._queue.set_function(length)

    def watch_jobs(self, state: str, number: Callable[[], int]) -> None:
        """Ask this for the number of jobs in a state."""
        self._jobs.labels(state).set_function(number)

    def watch_streams(self, number: Callable[[], int]) -> None:
        """Ask this for the number of open streams."""
        self._streams.set_function(number)

    def analysed(self, seconds: float, source: str) -> None:
        """Count sound that was analysed, of a ``file`` or a ``stream``."""
        if seconds > 0.0:
            self._sound.labels(source).inc(seconds)

    def began(self) -> None:
        """Count a request that is being answered."""
        self._open.inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._open.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._times.labels(route).observe(seconds)
        if status >= 400:
            self.rejected(str(status))

    def rejected(self, status: str) -> None:
        """Count what was refused: the status of HTTP, or the code of a WebSocket."""
        self._refused.labels(status).inc()

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self._registry)
