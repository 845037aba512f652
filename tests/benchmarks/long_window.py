"""The window over half an hour of live input, everything visible: frames, engine, memory.

    python tests/benchmarks/long_window.py --minutes 30

A private PulseAudio has a virtual microphone into which the demo clip is played over and over; Xvfb is the screen, of
1280 x 720. The window is the app's own, in this process, and listens as for anybody. Printed, as JSON:

    frames_a_second, frame_ms_p50, frame_ms_p99    between two pictures of the lanes (33 ms are asked for)
    frame_processor_ms_p50, _p99                   processor time of the GUI's thread for one
    load, overflows, skipped_windows               of the engine
    memory_mb                                      resident, at each minute

Needs pulseaudio, pulseaudio-utils, ALSA's pulse plug-in and xvfb.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from array import array
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from soak import memory_mb
from virtual_sound import VirtualSound, missing_programs
from x_server import XServer, missing_x_programs

SIZE = (1280, 720)
READY_S = 60.0


class Watch:
    """Notes when each picture of the window was ready, and what the window's thread had computed by then."""

    def __init__(self) -> None:
        # Bare numbers: objects of Python would be most of what the memory grows by.
        self.times = array("d")
        self.processor = array("d")

    def note(self, _snapshot: object) -> None:
        """One picture."""
        self.times.append(time.perf_counter())
        self.processor.append(time.thread_time())

    def report(self) -> dict[str, Any]:
        """Figures over all pictures."""
        between, worked = 1000 * np.diff(self.times), 1000 * np.diff(self.processor)
        seconds = self.times[-1] - self.times[0]
        document: dict[str, Any] = {"frames_a_second": round((len(self.times) - 1) / seconds, 2)}
        for name, values in (("frame_ms", between), ("frame_processor_ms", worked)):
            document |= {f"{name}_p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 99)}
        return document


def main() -> int:
    """Measure; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    lacking = ", ".join(filter(None, [missing_programs(), missing_x_programs()]))
    if lacking:
        print(f"this needs programs that are not installed: {lacking}", file=sys.stderr)
        return 1
    sound, screen = VirtualSound(), XServer(SIZE)
    try:
        sound.start()
        os.environ.update(sound.variables, DISPLAY=screen.display, QT_QPA_PLATFORM="xcb")
        with tempfile.TemporaryDirectory() as folder:
            sound.play(_music(Path(folder), minutes))
            document = _listen(minutes)
    finally:
        sound.close()
        screen.close()
    print(json.dumps({"schema": "irec.long-window/1", "load_average": os.getloadavg()[0], **document}, indent=1))
    return 1 if document["overflows"] or document["skipped_windows"] else 0


def _music(folder: Path, minutes: float) -> Path:
    """The demo clip, repeated for longer than is listened."""
    with (files("irec_assets") / "audio" / "demo.ogg").open("rb") as file:
        clip, rate = soundfile.read(file, dtype="float32")
    path = folder / "music.wav"
    with soundfile.SoundFile(path, "w", rate, 1 if clip.ndim == 1 else clip.shape[1]) as out:
        for _ in range(int((60 * minutes + READY_S) * rate / len(clip)) + 1):
            out.write(clip)
    return path


def _listen(minutes: float) -> dict[str, Any]:
    """Show the window for so long, and what was seen."""
    from PySide6.QtCore import QTimer

    from irec_live.gui.app import application, compose
    from irec_live.gui.backend import AppBackend
    from irec_live.gui.preferences import Preferences
    from irec_live.gui.requests import SourceRequest
    from irec_live.input_kind import InputKind

    app = application()
    parts = compose(AppBackend(), Preferences())
    watch = Watch()
    memory: dict[str, float] = {}
    parts.manager.failed.connect(lambda text: print(text, file=sys.stderr))
    parts.window.resize(*SIZE)
    parts.window.show()
    parts.window.open(SourceRequest(InputKind.MIC))
    began = time.monotonic()

    def minute() -> None:
        memory[f"{(time.monotonic() - began) / 60:.0f}"] = round(memory_mb("VmRSS"), 1)
        print(f"  {(time.monotonic() - began) / 60:4.0f} min {memory_mb('VmRSS'):8.1f} MB", file=sys.stderr)

    # The first seconds open devices and load networks, and are not what is measured here.
    QTimer.singleShot(5000, parts.window, lambda: parts.window.bridge.snapshot_ready.connect(watch.note))
    clock = QTimer(parts.window)
    clock.timeout.connect(minute)
    clock.start(60_000)
    QTimer.singleShot(
        round(60_000 * minutes) + 2000, lambda: app.exit(0)
    )  # `quit` would close the window and its session
    app.exec()
    session = parts.manager.session
    if session is None:
        raise SystemExit("nothing was listened to")
    stats = session.snapshot(1.0).stats
    document = watch.report() | {
        "minutes": round(session.time_s / 60, 2),
        "load": round(stats.load, 3),
        "windows": stats.windows,
        "overflows": stats.overflows,
        "skipped_windows": stats.skipped_windows,
        "memory_mb": memory,
    }
    parts.dispose()
    return document


if __name__ == "__main__":
    sys.exit(main())
