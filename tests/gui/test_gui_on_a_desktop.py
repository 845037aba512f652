"""The app on a real screen with a window manager: another program's file is dragged over with the mouse and let go.

The drop goes through the X server as on anybody's desktop (XDND between two processes), and so do clicks and keys.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from waiting import PATIENCE_S
from x_server import XServer, missing_x_programs, wait_for

_MISSING = missing_x_programs("openbox", "xdotool")
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"needs {_MISSING}")

SIZE = (1280, 720)

# A file manager with one file, as far as a drag needs it.
SOURCE = """
import sys
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication, QLabel

class File(QLabel):
    def mousePressEvent(self, event):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(sys.argv[1])])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.actionChanged.connect(lambda action: self.setWindowTitle(action.name))
        self.setWindowTitle("drags")
        drag.exec(Qt.DropAction.CopyAction)

app = QApplication([])
file = File("a file")
file.setWindowTitle("file manager")
file.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
file.resize(200, 100)
file.show()
app.exec()
"""


class Desktop:
    """A screen with the app and its user's hands."""

    def __init__(self, server: XServer) -> None:
        self._environment = server.environment
        self.do, self.window = server.do, server.window
        self._programs: list[subprocess.Popen[bytes]] = []

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program on the screen."""
        self._programs.append(subprocess.Popen([sys.executable, *command], env=self._environment))
        return self._programs[-1]

    def title(self, window: int) -> str:
        """What the window is called now."""
        return self.do("getwindowname", window)

    def drag(self, source: int, from_: tuple[int, int], to: tuple[int, int]) -> None:
        """Press the left button on `SOURCE`, move in small steps as a hand does, and let go where it would be taken."""
        self.do("mousemove", *from_, "mousedown", 1)
        wait_for(lambda: self.title(source) == "drags")
        for step in range(1, 21):
            self.do("mousemove", *(round(a + (b - a) * step / 20) for a, b in zip(from_, to, strict=True)))
            time.sleep(0.02)
        wait_for(lambda: self.title(source) == "CopyAction")
        self.do("mouseup", 1)

    def close(self) -> None:
        """End every program."""
        for program in self._programs:
            program.terminate()
            program.wait(PATIENCE_S)


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    """An empty screen with a window manager."""
    server = XServer(SIZE, window_manager=True)
    made = Desktop(server)
    yield made
    made.close()
    server.close()


def test_a_file_that_the_mouse_drags_over_from_another_program_is_opened(desktop: Desktop, tmp_path: Path) -> None:
    clip = tmp_path / "dragged over.ogg"
    with (files("irec_assets") / "audio" / "demo.ogg").open("rb") as bundled, clip.open("wb") as file:
        shutil.copyfileobj(bundled, file)
    desktop.start("-m", "irec_live", "gui")
    app = desktop.window("irec-live")
    desktop.start("-c", SOURCE, str(clip))
    source = desktop.window("file manager")
    desktop.do("windowmove", "--sync", source, 20, 500)
    desktop.drag(source, (100, 560), (640, 300))
    wait_for(lambda: "dragged over" in desktop.title(app))
