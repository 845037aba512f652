"""Progress: tasks that open, advance and close, seen on a terminal alone."""

import pytest
from recorded_progress import RecordedProgress

from irec_models.progress import Bars, silent, tracked


def test_a_tracked_list_is_a_task_with_its_length_that_ends_with_the_last_item() -> None:
    recorded = RecordedProgress()
    assert list(tracked("abc", recorded, "letters")) == ["a", "b", "c"]
    assert recorded.done == {"letters": [1, 1, 1]}
    assert recorded.totals == {"letters": 3}


def test_an_item_counts_when_it_is_done_with() -> None:
    recorded = RecordedProgress()
    items = tracked(iter("ab"), recorded, "letters")
    next(items)
    assert recorded.done == {"letters": []}
    next(items)
    assert recorded.done == {"letters": [1]}
    assert recorded.totals == {}


def test_bars_are_on_a_terminals_error_stream_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take any stream for a terminal
    bars = Bars()
    with bars("downloading", 3_200_000_000, unit="B") as advance, bars("reading", None) as more:
        advance(1_600_000_000, note="nearly")
        more(1234)
        bars.console.print("said meanwhile")
        with bars("another", 1):  # draws all of them at once, not with the next tenth of a second
            pass
    out, err = capsys.readouterr()
    assert out == ""
    for part in ("downloading  nearly", "1.6 GB of 3.2 GB", "1,234", "said meanwhile"):
        assert part in err
    with bars("again", 1):  # the display was closed, and opens again
        pass
    assert "again" in capsys.readouterr().err


@pytest.mark.parametrize("progress", [Bars, lambda: silent])
def test_nothing_is_shown_where_nobody_looks(progress: type[Bars], capsys: pytest.CaptureFixture[str]) -> None:
    with progress()("work", 2) as advance:
        advance()
    assert capsys.readouterr() == ("", "")
