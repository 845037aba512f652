"""Turns: pieces of work run one after the other, and what waits holds no thread."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

import pytest

from irec_live.streaming.turns import Turns


def test_pieces_run_in_their_order_and_never_two_at_once() -> None:
    done: list[int] = []
    running = threading.Lock()

    def piece(number: int) -> None:
        assert running.acquire(blocking=False)
        done.append(number)
        running.release()

    with ThreadPoolExecutor(4) as executor:
        turns = Turns(executor)
        futures = [turns.submit(lambda number=number: piece(number)) for number in range(200)]
        for future in futures:
            future.result()
    assert done == list(range(200))


def test_what_waits_leaves_the_threads_to_others() -> None:
    go_on, other = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as executor:
        turns = Turns(executor)
        futures = [turns.submit(go_on.wait), turns.submit(go_on.wait), turns.submit(go_on.wait)]  # type: ignore[arg-type]
        executor.submit(other.set)
        assert other.wait(60)
        assert not any(future.done() for future in futures)
        go_on.set()


def test_a_failure_is_told_and_the_next_goes_on() -> None:
    def fail() -> None:
        raise ValueError("no")

    with ThreadPoolExecutor(1) as executor:
        turns = Turns(executor)
        failed, after = turns.submit(fail), turns.submit(lambda: None)
        with pytest.raises(ValueError, match="no"):
            failed.result()
        assert after.result() is None


def test_what_the_executor_gives_up_is_cancelled_with_all_behind_it() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        go_on.wait()

    executor = ThreadPoolExecutor(1)
    executor.submit(first)
    begun.wait()
    turns = Turns(executor)
    waiting: list[Future[None]] = [turns.submit(lambda: None), turns.submit(lambda: None)]
    executor.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in waiting)
    late = turns.submit(lambda: None)
    assert late.cancelled()
    with pytest.raises(CancelledError):
        late.result()
    go_on.set()
    executor.shutdown()


def test_what_runs_when_the_executor_ends_is_the_last() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        go_on.wait()

    executor = ThreadPoolExecutor(1)
    turns = Turns(executor)
    running, behind = turns.submit(first), turns.submit(lambda: None)
    begun.wait()
    executor.shutdown(wait=False)
    go_on.set()
    running.result()
    with pytest.raises(CancelledError):
        behind.result()
