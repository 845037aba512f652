"""Calibration to a room: listens to its noise for three seconds, and finds which instruments that lights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from irec_live.gui.decision_values import raised
from irec_live.gui.language import tr
from irec_live.gui.wording import decibel_text, label_text, list_text, percent_text
from irec_live.results import Snapshot
from irec_live.streaming.decisions import Decisions

if TYPE_CHECKING:
    from irec_live.session import Session

LISTEN_S = 3.0
_PATIENCE_S = 6.0
"""The newest decisions are about a second behind the sound; after so long without them, something is wrong."""
_EVERY_MS = 100
_LOUD_DB = -30.0
"""Mean level above which it was probably not only noise."""


class Calibration(QObject):
    """Listens to a live session for three seconds. GUI thread only."""

    progressed = Signal(float)
    """Share of the three seconds, 0..1."""
    finished = Signal(object, str)
    """The new `Decisions`, or None if it did not work; and a sentence on what was done, or why not."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._from_s = 0.0
        self._levels_db: list[float] = []
        self._waited = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.poll)

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._session is not None

    def start(self, session: Session) -> None:
        """Begin to listen; nobody should play."""
        self._session, self._levels_db, self._waited = session, [], 0
        self._from_s = session.snapshot(LISTEN_S).time_s
        self._timer.start()
        self.progressed.emit(0.0)

    def stop(self) -> None:
        """Give up, without a result."""
        self._timer.stop()
        self._session = None

    def poll(self) -> None:
        """Look whether three seconds have come in and were predicted on."""
        session = self._session
        if session is None:
            return
        self._waited += 1
        snapshot = session.snapshot(2 * LISTEN_S)
        self._levels_db.append(snapshot.level_db)
        predicted_s = float(snapshot.activation_times[-1]) if len(snapshot.activation_times) else self._from_s
        heard_s = max(0.0, snapshot.time_s - self._from_s)
        self.progressed.emit(min(1.0, heard_s / LISTEN_S))
        if snapshot.state != "running":
            self._end(None, tr("the calibration stopped: nothing is heard from the device"))
        elif predicted_s >= self._from_s + LISTEN_S or heard_s > _PATIENCE_S:
            self._decide(snapshot, session.decisions)
        elif self._waited * _EVERY_MS > 2000 * _PATIENCE_S:
            self._end(None, tr("the calibration stopped: no sound arrives from the device"))

    def _decide(self, snapshot: Snapshot, decisions: Decisions) -> None:
        rows = snapshot.smoothed[snapshot.activation_times >= self._from_s]
        if not len(rows) or rows.shape[1] != len(snapshot.labels):
            self._end(None, tr("there is nothing to calibrate: no model that names instruments is in use"))
            return
        found, said = raised(decisions, snapshot.labels, rows.max(axis=0).tolist(), snapshot.thresholds.tolist())
        level_db = float(np.mean(self._levels_db)) if self._levels_db else snapshot.level_db
        self._end(found, calibration_text(said, level_db))

    def _end(self, decisions: Decisions | None, text: str) -> None:
        self.stop()
        self.finished.emit(decisions, text)


def calibration_text(thresholds: dict[str, float], level_db: float) -> str:
    """What a calibration did, in a sentence or two.

    Examples
    --------
    >>> calibration_text({}, -61.0)
    'Calibrated: the noise of this room (−61 dB) lights no instrument, so no threshold was raised'
    """
    level = decibel_text(level_db)
    if not thresholds:
        return tr(
            "Calibrated: the noise of this room ({level}) lights no instrument, so no threshold was raised", level=level
        )
    raised_to = list_text(
        [
            tr("{label} to {share}", label=label_text(label), share=percent_text(value))
            for label, value in thresholds.items()
        ]
    )
    if level_db <= _LOUD_DB:
        return tr(
            "Calibrated: the noise of this room ({level}) came near to lighting some instruments; raised {thresholds}",
            level=level,
            thresholds=raised_to,
        )
    return tr(
        "Calibrated: the noise of this room ({level}) came near to lighting some instruments; raised {thresholds}. "
        "That was loud: if somebody played, undo it and calibrate again",
        level=level,
        thresholds=raised_to,
    )
