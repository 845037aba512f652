"""From a click in a microphone to a pixel on the screen, through everything in between.

    python tests/benchmarks/click_to_pixel.py --clicks 50

A private PulseAudio has a virtual microphone, Xvfb is the screen, and ``irec-live gui`` runs between the two as for
anybody. Short bursts of noise are played into the microphone; a second program records it too, and tells when each
burst could be heard there. The screen is read as often as it goes, and the burst is seen when the newest columns of
the spectrogram change. Printed, as JSON, are the 50th and 95th percentile of

    heard_to_pixel_ms    from the burst in the other recorder to the picture (what is asked of the app)
    played_to_pixel_ms   from the moment that the player was given the burst (more than the app: the player's buffer)

A column of the spectrogram is complete half its length after its middle (23 ms at 44.1 kHz), and that is in both.
Needs pulseaudio, pulseaudio-utils, ALSA's pulse plug-in, xvfb and libx11-6.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from virtual_sound import SINK, VirtualSound, missing_programs
from x_pixels import Screen
from x_server import XServer, missing_x_programs

RATE = 44_100
CHUNK = RATE // 200  # 5 ms
BURST_CHUNKS = 4
SIZE = (1280, 720)
READY_S = 60.0
LATE_S = 2.0
STRIP = 12
"""Pixels at the right edge of the spectrogram: newer than 200 ms at 15 s a picture."""


class Player:
    """Silence without end into the virtual microphone, and bursts when asked. Own thread."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = ["pacat", "--raw", "--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=10"]
        self._process = subprocess.Popen([*command, f"--device={SINK}"], env=environment, stdin=subprocess.PIPE)
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, BURST_CHUNKS * CHUNK)
        self._burst = (noise * 32767).astype("<i2")
        self._left = 0
        self.played_at = 0.0
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def burst(self, chunks: int = BURST_CHUNKS) -> None:
        """Play noise from the next chunk on."""
        self._left = chunks

    def _run(self) -> None:
        pipe: IO[bytes] | None = self._process.stdin
        silence = np.zeros(CHUNK, "<i2").tobytes()
        place = 0
        began, written = time.monotonic(), 0
        while not self._ended and pipe is not None:
            left = self._left
            if left:
                if place == 0:
                    self.played_at = time.monotonic()
                piece = self._burst[place % BURST_CHUNKS * CHUNK :][:CHUNK].tobytes()
                place, self._left = place + 1, left - 1
            else:
                piece, place = silence, 0
            try:
                pipe.write(piece)
                pipe.flush()
            except OSError:
                return
            written += 1
            time.sleep(max(0.0, began + written * CHUNK / RATE - time.monotonic() - 0.02))

    def close(self) -> None:
        self._ended = True
        self._thread.join(2)
        self._process.kill()
        self._process.wait(10)


class Recorder:
    """Another program that hears the virtual microphone, and when. Own thread."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = ["parec", "--raw", "--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=5"]
        self._process = subprocess.Popen(
            [*command, f"--device={SINK}.monitor"], env=environment, stdout=subprocess.PIPE, bufsize=0
        )
        self.heard_at = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        pipe = self._process.stdout
        quiet = True
        while pipe is not None and (data := pipe.read(2 * CHUNK)):
            now = time.monotonic()
            samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
            loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 1000)
            if loud.size and quiet:
                self.heard_at = now - (samples.size - int(loud[0])) / RATE
            quiet = not loud.size

    def close(self) -> None:
        self._process.kill()
        self._process.wait(10)
        self._thread.join(2)


def main() -> int:
    """Measure; the exit status."""
    options = _options()
    lacking = ", ".join(filter(None, [missing_programs(), missing_x_programs()]))
    if lacking:
        print(f"this needs programs that are not installed: {lacking}", file=sys.stderr)
        return 1
    sound = VirtualSound(RATE)
    server = XServer(SIZE)
    app: subprocess.Popen[bytes] | None = None
    player = recorder = None
    try:
        sound.start()
        player, recorder = Player(sound.environment), Recorder(sound.environment)
        environment = {**server.environment, **sound.variables}
        settings = sound.folder / "irec-live" / "irec-live.ini"
        settings.parent.mkdir()
        settings.write_text("[source]\nkind=mic\n")  # the first run would ask for the source
        app = subprocess.Popen([sys.executable, "-m", "irec_live", "gui"], env=environment)
        screen = Screen(server.display)
        strip = _find_strip(screen, player, app)
        print(f"the newest columns are at {strip}", file=sys.stderr)
        rows = [_one(screen, strip, player, recorder, pause) for pause in _pauses(options.clicks)]
        screen.close()
    finally:
        for part in (player, recorder):
            if part is not None:
                part.close()
        if app is not None:
            app.terminate()
            app.wait(20)
        server.close()
        sound.close()
    seen = [row for row in rows if row is not None]
    document: dict[str, Any] = {
        "schema": "irec.click-to-pixel/1",
        "clicks": len(rows),
        "seen": len(seen),
        "load": round(os.getloadavg()[0], 2),
    }
    for index, name in enumerate(("heard_to_pixel_ms", "played_to_pixel_ms", "picture_to_picture_ms")):
        values = [row[index] for row in seen]
        if values:
            document[name] = {f"p{share}": round(float(np.percentile(values, share)), 1) for share in (50, 95)}
    print(json.dumps(document, indent=1))
    return 0 if len(seen) == len(rows) else 1


def _find_strip(screen: Screen, player: Player, app: subprocess.Popen[bytes]) -> tuple[int, int, int, int]:
    """Where the newest columns are drawn: x, y, width, height.

    Noise is played until a block of the screen is full of colours that were not there in silence; it ends where the
    newest sound is drawn.
    """
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if app.poll() is not None:
            raise SystemExit(f"the window closed by itself, with status {app.returncode}")
        time.sleep(2.0)
        silent = screen.pixels(0, 0, *SIZE).astype(np.int16)
        player.burst(300)
        time.sleep(1.4)
        loud = screen.pixels(0, 0, *SIZE).astype(np.int16)
        time.sleep(2.0)
        changed = np.abs(loud - silent).max(axis=2) > 40
        columns = changed[SIZE[1] // 2 :].mean(axis=0)
        full = np.flatnonzero(columns > 0.15)
        if full.size < STRIP:
            continue
        right = int(full[-1]) + 1
        rows = np.flatnonzero(changed[:, right - STRIP : right].mean(axis=1) > 0.8)
        rows = rows[rows > SIZE[1] // 3]
        longest = max(np.split(rows, np.flatnonzero(np.diff(rows) > 2) + 1), key=len)
        if len(longest) > 20:
            return right - STRIP, int(longest[0]), STRIP, len(longest)
    raise SystemExit("no spectrogram was found on the screen")


def _one(
    screen: Screen, strip: tuple[int, int, int, int], player: Player, recorder: Recorder, pause_s: float
) -> tuple[float, float, float] | None:
    """One burst; milliseconds from heard and played to the pixel and between looks, or None if it was not seen."""
    time.sleep(pause_s)
    before = screen.pixels(*strip).astype(np.int16)
    asked = time.monotonic()
    player.burst()
    last = asked
    longest_look = 0.0
    while (now := time.monotonic()) - asked < LATE_S:
        picture = screen.pixels(*strip).astype(np.int16)
        seen = time.monotonic()
        longest_look = max(longest_look, seen - last)
        last = seen
        columns = (np.abs(picture - before).max(axis=2) > 40).mean(axis=0)
        if columns.max() > 0.5:
            time.sleep(0.1)  # the recorder may be a little late
            if player.played_at < asked or recorder.heard_at < asked:
                return None
            return 1e3 * (seen - recorder.heard_at), 1e3 * (seen - player.played_at), 1e3 * longest_look
        time.sleep(max(0.0, 0.002 - (time.monotonic() - now)))
    return None


def _pauses(count: int) -> npt.NDArray[np.float64]:
    """Seconds of silence before each burst, so that bursts fall anywhere between two pictures and columns."""
    return np.random.default_rng(1).uniform(0.8, 1.1, count)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=50)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
