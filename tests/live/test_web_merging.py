"""Windows of several streams in one call: the same numbers, fewer calls, and nobody's failure is another's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tiny_models
from irec_live.models.choice import load_models
from irec_live.models.detector import Detector
from irec_live.streaming.pipeline import Pipeline
from irec_live.web.merging import MOST_WINDOWS, MergedDetector, Merger, Merging, says_the_same_in_company


class Gate:
    """A network that answers twice its input, and stands still until it may go on.

    Attributes
    ----------
    calls : list of int
        Windows of each call.
    entered : threading.Semaphore
        Released by each call that begins.
    """

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.entered, self.may_go = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, windows: Any) -> Any:
        self.calls.append(len(windows))
        self.entered.release()
        self.may_go.acquire()
        if (windows < 0).any():
            raise ValueError("a negative window")
        return 2 * windows


def window(value: float, count: int = 1) -> Any:
    return np.full((count, 3), value, np.float32)


class Callers:
    """Threads that call a merger, and what came back."""

    def __init__(self, merger: Merger) -> None:
        self.merger = merger
        self.said: dict[str, Any] = {}
        self.threads: list[threading.Thread] = []

    def call(self, name: str, run: Callable[..., Any], windows: Any) -> None:
        """Call in a thread, and wait until it runs or waits."""

        def work() -> None:
            try:
                self.said[name] = self.merger(run, windows)
            except ValueError as error:
                self.said[name] = str(error)

        before = self.merger.asked
        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()
        while self.merger.asked == before:
            threading.Event().wait(0.001)

    def join(self) -> None:
        for thread in self.threads:
            thread.join()


def test_calls_that_wait_become_one() -> None:
    network, callers = Gate(), Callers(Merger(1))
    callers.call("first", network, window(1.0))
    network.entered.acquire()
    for number in range(2, 5):
        callers.call(str(number), network, window(number, number))
    for _ in range(2):
        network.may_go.release()
    callers.join()
    assert network.calls == [1, 2 + 3 + 4]
    assert callers.said["first"].tolist() == window(2.0).tolist()
    for number in range(2, 5):
        assert callers.said[str(number)].tolist() == window(2.0 * number, number).tolist()
    assert (callers.merger.runs, callers.merger.merged) == (2, 3)


def test_nobody_waits_while_a_processor_is_free() -> None:
    network, callers = Gate(), Callers(Merger(2))
    for number in range(2):
        callers.call(str(number), network, window(number))
        network.entered.acquire()  # it runs, although the other one does
    for _ in range(2):
        network.may_go.release()
    callers.join()
    assert network.calls == [1, 1]


def test_other_networks_and_more_windows_than_allowed_wait_for_their_own_turn() -> None:
    network, other, callers = Gate(), Gate(), Callers(Merger(1))
    callers.call("first", network, window(0.0))
    network.entered.acquire()
    callers.call("a", network, window(1.0, MOST_WINDOWS - 1))
    callers.call("b", other, window(2.0))
    callers.call("c", network, window(3.0, 2))
    callers.call("d", network, window(4.0))
    for _ in range(3):
        network.may_go.release()
    other.may_go.release()
    callers.join()
    assert network.calls == [1, MOST_WINDOWS, 2]  # d had room beside a, c had not
    assert other.calls == [1]
    assert callers.said["d"].tolist() == window(8.0).tolist()


def test_a_failure_is_only_told_to_whose_windows_failed() -> None:
    network, callers = Gate(), Callers(Merger(1))
    callers.call("first", network, window(0.0))
    network.entered.acquire()
    callers.call("good", network, window(1.0))
    callers.call("bad", network, window(-1.0))
    callers.call("also good", network, window(2.0))
    for _ in range(5):  # the first, all together, and each alone
        network.may_go.release()
    callers.join()
    assert network.calls == [1, 3, 1, 1, 1]
    assert callers.said["bad"] == "a negative window"
    assert callers.said["good"].tolist() == window(2.0).tolist()
    assert callers.said["also good"].tolist() == window(4.0).tolist()
    network.may_go.release()
    assert callers.merger(network, window(3.0)).tolist() == window(6.0).tolist()  # and it goes on


@pytest.fixture(scope="module")
def bundled() -> tuple[Detector, ...]:
    return load_models()


def test_streams_say_together_what_each_says_alone(bundled: tuple[Detector, ...]) -> None:
    rate = 22_050
    chance = np.random.default_rng(0)
    sounds = [(0.1 * chance.standard_normal(3 * rate)).astype(np.float32) * (1 + n) / 4 for n in range(4)]
    merging = Merging()
    merging.merger = Merger(1)
    naming, loudness = bundled
    assert merging.of(naming) is naming  # it keeps a state
    assert isinstance(merging.of(loudness), MergedDetector)

    def rows(models: Any, sound: Any) -> list[Any]:
        pipeline = Pipeline(rate, models, spectrogram=False)
        for first in range(0, len(sound), 1000):
            pipeline.push(sound[first : first + 1000])
        pipeline.flush()
        timeline = pipeline.timeline
        return [*timeline.activations()[:2], *timeline.envelopes()]

    found: dict[int, list[Any]] = {}
    threads = [
        threading.Thread(
            target=lambda n=n: found.update({n: rows([merging.of(detector) for detector in bundled], sounds[n])})
        )
        for n in range(len(sounds))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared = [merging.of(loudness).shared_columns() for _ in range(2)]
    assert shared[0] is not shared[1]  # each stream has its own, and yet their calls are alike
    assert all(getattr(shared[0], name) == getattr(shared[1], name) for name in ("_both", "_predict"))
    for number, sound in enumerate(sounds):
        for one, alone in zip(found[number], rows(bundled, sound), strict=True):
            assert np.array_equal(one, alone)


class Network:
    """The mean of each window, and a little of the others' from so many windows on.

    Attributes
    ----------
    alone_up_to : int
    """

    spec = tiny_models.activation_spec()
    providers, sha256, context, head = ("CPU",), "", None, None

    def __init__(self, alone_up_to: int) -> None:
        self.alone_up_to = alone_up_to

    def shared_columns(self) -> None:
        return None

    def __call__(self, windows: Any) -> Any:
        means = windows.astype(np.float64).mean(axis=1, keepdims=True)
        others = means.mean() * 1e-6 if len(windows) > self.alone_up_to else 0.0
        return np.repeat((means + others).astype(np.float32), 3, axis=1)


def test_a_network_that_hears_others_is_not_merged() -> None:
    deaf: Any = Network(MOST_WINDOWS)
    assert says_the_same_in_company(deaf)
    assert isinstance(Merging().of(deaf), MergedDetector)
    for most in (1, 2, MOST_WINDOWS - 1):
        hears: Any = Network(most)
        assert not says_the_same_in_company(hears)
        assert Merging().of(hears) is hears
