"""Level probe: how loud a live input is, without analysing it; to choose a source by.

The probe has a thread of its own; every method may be called from any other.
"""

from __future__ import annotations

import math
import threading

import numpy as np

from irec_live.errors import IrecError
from irec_live.streaming.audio_source import AudioSource

_READ_S = 0.1
_STOP_S = 2.0


class LevelProbe:
    """Reads a source and measures each block, until it is closed.

    Parameters
    ----------
    source : AudioSource
        Open, not started; the probe stops it.

    Raises
    ------
    DeviceError
        The source does not start.
    """

    def __init__(self, source: AudioSource) -> None:
        self._source = source
        self._stop = threading.Event()
        # NB: written by the thread, read by any: each is one reference, replaced whole.
        self._levels = (-math.inf, -math.inf)
        self._problem = ""
        try:
            source.start()
        except BaseException:
            source.stop()
            raise
        self._thread = threading.Thread(target=self._run, name="irec-level-probe", daemon=True)
        self._thread.start()

    @property
    def levels_db(self) -> tuple[float, float]:
        """RMS and peak of the last block in dBFS; minus infinity before the first, and in silence."""
        return self._levels

    @property
    def problem(self) -> str:
        """Why nothing is measured any more, in a sentence; else empty."""
        return self._problem

    def close(self) -> None:
        """Stop, and release the device; may be called twice."""
        self._stop.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        try:
            while not self._stop.is_set() and not self._source.ended:
                block, _ = self._source.read(_READ_S)
                if len(block):
                    # The loudest channel: a microphone on one side of a stereo input counts whole.
                    rms = float(np.sqrt(np.square(block, dtype=np.float64).mean(axis=0)).max())
                    self._levels = (_decibels(rms), _decibels(float(np.abs(block).max())))
                elif self._source.lost:
                    self._problem = f"'{self._source.name}' went away"
                    return
        except IrecError as error:
            self._problem = str(error)
        finally:
            self._source.stop()


def _decibels(value: float) -> float:
    return 20.0 * math.log10(value) if value > 0 and math.isfinite(value) else -math.inf
