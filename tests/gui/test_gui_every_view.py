"""Views on a small screen with a window manager: nothing is cut, too small or off-screen; see `all_views`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from x_server import missing_x_programs

_MISSING = missing_x_programs("openbox", "xdotool")
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"needs {_MISSING}")

SUPPORT = Path(__file__).parents[1] / "support"
VIEWS = ("first-page", "live", "models", "decisions", "events", "library", "help")


def test_every_view_fits_a_screen_of_1366_by_768_at_150_percent(tmp_path: Path) -> None:
    command = [sys.executable, SUPPORT / "all_views.py", tmp_path, "--screen", "1366x768@150", "--theme", "dark"]
    done = subprocess.run([*command, "--view", *VIEWS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {f"1366x768@150_dark_{view}.png" for view in VIEWS} <= {path.name for path in tmp_path.iterdir()}
