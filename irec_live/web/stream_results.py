"""Stream results: the rows and events of a stream, kept for its end as an `Analysis`, like that of a file.

Shapes: K labels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from irec_live.assembly import Circumstances, Curves, assemble
from irec_live.report import Analysis
from irec_live.results import Event
from irec_live.session import LiveSession
from irec_live.streaming.pipeline import PipelineStep

_AT_ONCE = 1024

Array = npt.NDArray[np.float32]


class _Rows:
    """Times and rows, (K,) float32, in arrays of some hundred."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._parts: list[Array] = []
        self._new: list[Array] = []

    def add(self, time_s: float, row: Array) -> None:
        self._times.append(time_s)
        self._new.append(row)
        if len(self._new) >= _AT_ONCE:
            self._parts.append(np.stack(self._new))
            self._new.clear()

    def arrays(self, width: int) -> tuple[npt.NDArray[np.float64], Array]:
        new = np.stack(self._new) if self._new else np.zeros((0, width), np.float32)
        return np.array(self._times, np.float64), np.concatenate([*self._parts, new])


class StreamResults:
    """Rows and events of a stream.

    Parameters
    ----------
    most_s : float
        A longer stream is not kept.
    """

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._activations, self._envelopes = _Rows(), _Rows()
        self._events: list[Event] = []
        self._too_long = False

    def take(self, step: PipelineStep) -> None:
        """Add what is new. The engine's thread."""
        # As a client counts that draws them: envelopes are ahead of activations.
        last_s = max((rows[-1][0] for rows in (step.activations, step.envelopes) if rows), default=0.0)
        if self._too_long or last_s > self._most_s:
            self._too_long = True
            self._activations, self._envelopes = _Rows(), _Rows()
            self._events.clear()
            return
        for time_s, row in step.activations:
            self._activations.add(time_s, row)
        for time_s, row in step.envelopes:
            self._envelopes.add(time_s, row)
        self._events += step.events

    def analysis(self, name: str, session: LiveSession) -> Analysis | None:
        """What was found, once the session has ended; None if there is nothing, or too much."""
        pipeline = session.pipeline
        duration_s = session.time_s
        if self._too_long or not duration_s:
            return None
        width = len(pipeline.labels)
        circumstances = Circumstances.of(pipeline)
        curves = Curves(*self._activations.arrays(width), *self._envelopes.arrays(width))
        return assemble(
            name,
            duration_s,
            circumstances,
            curves.on_grids(circumstances, duration_s),
            sorted(self._events, key=lambda event: event.onset_s),
            reached_s=pipeline.tracker.reached_s,
            warnings=session.warnings,
        )
