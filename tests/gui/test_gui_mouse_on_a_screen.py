"""The mouse on a real screen, through the X server: drags a threshold, zooms with the wheel, scrubs the timeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hands import Hands
from x_server import missing_x_programs, wait_for

import tiny_models

_MISSING = missing_x_programs("openbox", "xdotool")
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"needs {_MISSING}")

LENGTH_S = 600.0


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.flac"
    sound = np.concatenate([tiny_models.tone(label, LENGTH_S / 3) for label in tiny_models.LABELS])
    soundfile.write(path, sound, tiny_models.SAMPLE_RATE)
    return path


def test_a_threshold_line_follows_the_mouse_and_a_double_click_puts_it_back(hands: Hands) -> None:
    hands.start()
    hands.focus("Tones – irec-live")
    x, y = wait_for(lambda: hands.seen.get("lines", {}).get("violin"))
    by = round(0.2 * hands.seen["lane_height"])
    hands.drag((x, y), (x, y - by))
    wait_for(lambda: hands.seen["own"] == {"violin": pytest.approx(0.2, abs=0.08)})
    wait_for(lambda: hands.seen["lines"]["violin"] == [x, pytest.approx(y - by, abs=2)])
    hands.point(hands.seen["lines"]["violin"], "click", "--repeat", 2, "--delay", 30, 1)
    wait_for(lambda: not hands.seen["own"])


def test_the_wheel_zooms_and_the_timeline_is_scrubbed(hands: Hands, song: Path) -> None:
    hands.start(song)
    hands.focus("song.flac – irec-live")
    wait_for(lambda: hands.seen.get("lines"))
    hands.press("space")
    wait_for(lambda: hands.seen["playing"] is False)
    x, y = hands.seen["lines"]["flute"]
    before_s = hands.seen["span_s"]
    hands.point((x, y - 3), "click", "--repeat", 3, "--delay", 50, 5)
    wait_for(lambda: hands.seen["span_s"] == pytest.approx(2 * before_s))
    hands.do("click", "--repeat", 6, "--delay", 50, 4)
    wait_for(lambda: hands.seen["span_s"] == pytest.approx(before_s / 2))
    (left, top), (right, _) = hands.seen["overview"]

    def place_of(share: float) -> tuple[int, int]:
        return round(left + share * (right - left)), top

    hands.point(place_of(0.25), "click", 1)
    wait_for(lambda: hands.seen["position_s"] == pytest.approx(0.25 * LENGTH_S, abs=2.0))
    hands.drag(place_of(0.5), place_of(0.75))
    wait_for(lambda: hands.seen["position_s"] == pytest.approx(0.75 * LENGTH_S, abs=2.0))
