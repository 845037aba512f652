"""Live output: a tap that hands changes to a receiver on a thread of its own, at a limited rate.

Shapes: K labels.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from irec_live.errors import IrecError
from irec_live.results import SILENCE_DB, Array
from irec_live.streaming.pipeline import PipelineStep
from irec_live.streaming.ring import Block

RATE_HZ = 30.0
"""How often values are sent at most."""

REPEAT_S = 1.0
"""How often a value is sent that does not change, for receivers that came later."""

LEAST_ACTIVATION = 0.005
LEAST_DB = 0.5
"""Changes smaller than these are not sent."""

_MOST_SWITCHES = 1000
_STOP_S = 1.0


@dataclass(frozen=True, slots=True)
class Switch:
    """A label that lit, or went out.

    Attributes
    ----------
    label : str
    on : bool
    time_s : float
        Of the stream.
    activation : float
        0..1.
    """

    label: str
    on: bool
    time_s: float
    activation: float


class Receiver(Protocol):
    """Where messages go. One thread; `send` may fail, and may take its time."""

    @property
    def name(self) -> str: ...

    def send(self, switches: Sequence[Switch], activations: dict[str, float], levels_db: dict[str, float]) -> None:
        """Send labels that lit or went out, and values that changed.

        Raises
        ------
        OSError, RuntimeError
            They cannot be sent now.
        """

    def close(self) -> None:
        """Give the port up; may be called twice."""


class LiveOutput:
    """Sends what a live stream hears to one receiver; a `Tap`.

    Parameters
    ----------
    labels : sequence of str
        The K labels.
    receiver : Receiver
        Closed by `close`.
    """

    def __init__(self, labels: Sequence[str], receiver: Receiver) -> None:
        self._labels = tuple(labels)
        self._receiver = receiver
        # NB: the rows are replaced whole by the worker and read by the sender; a deque's append and popleft are atomic.
        self._activation: Array | None = None
        self._envelope: Array | None = None
        self._switches: deque[Switch] = deque(maxlen=_MOST_SWITCHES)
        self._lit: frozenset[str] = frozenset()
        self._sent: dict[str, float] = {}
        self._unsaid_s = 0.0
        self._problem = ""
        self._lost = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="irec-output", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Where it sends to. Any thread."""
        return self._receiver.name

    @property
    def problem(self) -> str:
        """One sentence if messages cannot be sent now, else empty. Any thread."""
        return self._problem

    @property
    def lost(self) -> int:
        """Messages that could not be sent. Any thread."""
        return self._lost

    def take_block(self, block: Block, sample_rate: int, position: int) -> None:
        """Nothing: only results are sent."""

    def take_silence(self, samples: int, position: int) -> None:
        """Nothing: curves decay by themselves."""

    def take_step(self, step: PipelineStep) -> None:
        """Keep what is new; see `Tap.take_step`."""
        if step.envelopes:
            self._envelope = step.envelopes[-1][1]
        if not step.activations:
            return
        time_s, self._activation = step.activations[-1]
        lit = frozenset(step.detected)
        for label in self._labels:
            if (label in lit) != (label in self._lit):
                value = float(self._activation[self._labels.index(label)])
                self._switches.append(Switch(label, label in lit, time_s, value))
        self._lit = lit

    def close(self) -> None:
        """Switch off what is lit, and give the receiver up; may be called twice."""
        self._stop.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        on: dict[str, bool] = {}
        try:
            while not self._stop.wait(1.0 / RATE_HZ):
                self._send(self._taken(on))
            self._send(self._taken(on))  # what came since the last turn
            self._send([Switch(label, False, 0.0, 0.0) for label, lit in on.items() if lit])
        finally:
            self._receiver.close()

    def _taken(self, on: dict[str, bool]) -> list[Switch]:
        taken = []
        while self._switches:
            switch = self._switches.popleft()
            on[switch.label] = switch.on
            taken.append(switch)
        return taken

    def _send(self, switches: list[Switch]) -> None:
        self._unsaid_s += 1.0 / RATE_HZ  # counted in turns: a stuck receiver is not to be flooded afterwards
        whole = self._unsaid_s >= REPEAT_S
        if whole:
            self._unsaid_s = 0.0
        activations = self._changed("activation", self._activation, LEAST_ACTIVATION, whole)
        levels = None if self._envelope is None else _decibels(self._envelope)
        levels_db = self._changed("level", levels, LEAST_DB, whole)
        if not (switches or activations or levels_db):
            return
        try:
            self._receiver.send(switches, activations, levels_db)
            self._problem = ""
        except (OSError, RuntimeError, ValueError, IrecError) as error:
            self._lost += len(switches) + len(activations) + len(levels_db)
            self._problem = f"{self.name} takes no messages now ({error})"

    def _changed(self, kind: str, row: Array | None, least: float, whole: bool) -> dict[str, float]:
        """Values that differ from what was sent last by at least `least`, or all."""
        if row is None:
            return {}
        found = {}
        for label, value in zip(self._labels, row.tolist(), strict=True):
            key = f"{kind} {label}"
            former = self._sent.get(key, np.nan)
            if whole or not abs(value - former) < least:  # NaN, nothing sent yet, is not less than anything
                self._sent[key] = value
                found[label] = value
        return found


def _decibels(envelope: Array) -> Array:
    """RMS of 0..1 in dB, not below silence."""
    floor = np.float32(10.0 ** (SILENCE_DB / 20.0))
    levels: Array = np.float32(20.0) * np.log10(np.maximum(envelope, floor))
    return levels
