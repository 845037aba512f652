"""The scale of the whole window: chosen in a menu, kept for the next start, never more than fits a screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_session import FakeBackend

from irec_live.gui import scale_control
from irec_live.gui import settings_schema as schema
from irec_live.gui.app import Composition
from irec_live.gui.preferences import Preferences

_SHOW = """
import os, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from irec_live.gui.preferences import Preferences
from irec_live.gui.scale_control import largest_scale, use_scale

use_scale(Preferences.in_file(Path(sys.argv[1])))
application = QApplication([])
print(os.environ.get("QT_SCALE_FACTOR", "none"), application.primaryScreen().devicePixelRatio(), largest_scale())
"""


def scale_at_start(folder: Path, chosen: float, *screens: tuple[int, int], **environment: str) -> list[str]:
    """The factor that a new process sets, the one it gets, and the largest that it would offer."""
    preferences = Preferences.in_file(folder / "settings.ini")
    preferences.put(schema.UI_SCALE, chosen)
    preferences.save()
    sizes = [{"name": f"{n}", "x": 0, "y": 0, "width": w, "height": h} for n, (w, h) in enumerate(screens)]
    (folder / "screens.json").write_text(json.dumps({"screens": sizes}), "utf-8")
    known = {name: value for name, value in os.environ.items() if name != "QT_SCALE_FACTOR"} | environment
    known["QT_QPA_PLATFORM"] = f"offscreen:configfile={folder / 'screens.json'}"
    command = [sys.executable, "-c", _SHOW, str(folder / "settings.ini")]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=known).stdout.split()


def test_a_scale_is_used_as_far_as_the_window_fits_a_screen(tmp_path: Path) -> None:
    assert scale_at_start(tmp_path, 2.0, (3840, 2160)) == ["2", "2.0", "4.69"]
    assert scale_at_start(tmp_path, 2.0, (1024, 600)) == ["1.25", "1.25", "1.25"]
    assert scale_at_start(tmp_path, 2.0, (1024, 600), (1920, 1080)) == ["2", "2.0", "2.34"]
    assert scale_at_start(tmp_path, 2.0, (800, 480)) == ["1", "1.0", "1.0"]
    assert scale_at_start(tmp_path, 0.8, (800, 480))[0] == "0.8"
    assert scale_at_start(tmp_path, 2.0, (1024, 600), QT_SCALE_FACTOR="1.5")[0] == "1.5"


def test_what_is_offered_fits_a_screen_and_what_was_chosen_stays_ticked(
    build: Callable[..., Composition], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferences = Preferences.in_file(tmp_path / "settings.ini")
    control = build(FakeBackend(), preferences).window.scale

    def offered(largest: float) -> dict[str, bool]:
        monkeypatch.setattr(scale_control, "largest_scale", lambda: largest)
        control.menu.aboutToShow.emit()
        return {action.text().split("\u2009")[0]: action.isChecked() for action in control.menu.actions()}

    assert offered(1.24) == {"80": False, "100": True}
    assert list(offered(4.0)) == ["80", "100", "125", "150", "200"]
    control.choose(2.0)
    assert offered(1.25) == {"80": False, "100": False, "125": False, "200": True}


def test_the_scale_is_kept_for_the_next_start(parts: Composition) -> None:
    parts.window.scale.choose(1.5)
    assert "from the next start on" in parts.window.messages.text
