"""docs/five-minutes.md, followed to the letter on a real screen: a new user's first five minutes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hands import Hands
from x_server import missing_x_programs, wait_for

from irec_live.corrections.store import load_corrections

_MISSING = missing_x_programs("openbox", "xdotool")
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"needs {_MISSING}")

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "five-minutes.md").read_text("utf-8")
SPEED = 60.0
"""A minute of sound comes in a second, if the machine is up to it."""
AGO_S = 60.0
"""The page speaks of ten minutes, which take a slow machine as long; what is asked of the window is the same."""


def steps() -> dict[str, str]:
    """Title -> text of each step of the page."""
    found = re.findall(r"^\d\. \*\*(.+?)\.\*\* (.+?)(?=^\d\. |^More)", PAGE, re.DOTALL | re.MULTILINE)
    return {title: " ".join(text.split()) for title, text in found}


def keys_of(text: str) -> list[str]:
    """Keys that a step names, as xdotool calls them."""
    known = r"(?:Ctrl\+|Shift\+|Alt\+)*(?:[A-Z]|F\d|Return|Escape|Down|Up)"
    words = re.findall(rf"`({known})`", text)
    return [
        re.sub(r"\b[A-Z]$", lambda key: key[0].lower(), word.replace("Ctrl", "ctrl").replace("Shift", "shift"))
        for word in words
    ]


class NewUser:
    """Follows the page."""

    def __init__(self, hands: Hands, home: Path) -> None:
        self.hands, self.home = hands, home

    def install(self) -> None:
        readme = (PROJECT / "README.md").read_text("utf-8")
        for command in ("make run", "pipx install .", "irec-live"):
            assert f"\n{command}\n" in readme, "whose commands are tested"
        self.hands.start("--first", "--speed", str(SPEED))

    def hear(self) -> None:
        self.hands.focus("irec-live")
        self.hands.click("Start listening")
        self.hands.focus("Tones – irec-live")
        wait_for(lambda: self.hands.seen["now_s"] > 1.0)

    def keep(self) -> None:
        self.hands.press("ctrl+r")
        wait_for(lambda: self.hands.seen["recording"])
        wait_for(lambda: self.hands.seen["now_s"] > AGO_S + 20.0, 900.0)

    def find(self) -> None:
        self.hands.press("e")
        wait_for(lambda: self.hands.seen["rows"] > 100)
        self.hands.type("violin")
        wait_for(lambda: 0 < self.hands.seen["rows"] < 150)
        self.hands.press("Return")
        wait_for(lambda: self.hands.seen["focus"] == "Events")
        self.hands.press("Return")
        wait_for(lambda: not self.hands.seen["following"])
        seen = self.hands.seen
        assert seen["now_s"] - seen["end_s"] > AGO_S
        assert seen["recording"]
        self.hands.press("Escape")
        wait_for(lambda: self.hands.seen["rows"] == -1)
        self.hands.press("f")
        wait_for(lambda: self.hands.seen["following"])

    def open_recorded(self) -> None:
        self.hands.press("ctrl+r")
        wait_for(lambda: self.hands.seen["can_open_last"])
        self.hands.press("ctrl+shift+r")
        wait_for(lambda: (self.hands.seen["duration_s"] or 0.0) > AGO_S)

    def correct(self) -> None:
        self.hands.press("ctrl+k")
        wait_for(lambda: self.hands.seen["correcting"])
        (take,) = (self.home / "takes").iterdir()

        def corrections() -> int:
            path = take / "corrections.json"
            return len(load_corrections(path).entries) if path.exists() else 0

        def rename() -> None:
            self.hands.press("ctrl+Down")
            wait_for(lambda: self.hands.seen["held"])
            self.hands.press("F2", "Down", "Return")
            wait_for(lambda: corrections() == 1)

        rename()
        self.hands.press("ctrl+z")
        wait_for(lambda: corrections() == 0)
        rename()

    def export(self) -> None:
        self.hands.press("ctrl+a", "ctrl+shift+e")
        self.hands.focus("Save the selection")
        target = self.home / "taken.json"
        self.hands.type(str(target))
        self.hands.press("Return")
        wait_for(target.exists)
        events = json.loads(target.read_text("utf-8"))["events"]
        assert any(event.get("corrected") for event in events)


@pytest.mark.timeout(1800)
def test_a_new_user_who_does_what_the_page_says_gets_there(hands: Hands, tmp_path: Path) -> None:
    user = NewUser(hands, tmp_path)
    done: dict[str, Callable[[], None]] = {
        "Install it": user.install,
        "Hear your microphone": user.hear,
        "Keep it": user.keep,
        "Find the violin of ten minutes ago": user.find,
        "Open what was recorded": user.open_recorded,
        "Correct one label": user.correct,
        "Export it": user.export,
    }
    assert list(steps()) == list(done)
    for title, text in steps().items():
        hands.pressed.clear()
        done[title]()
        assert set(keys_of(text)) == set(hands.pressed), title
