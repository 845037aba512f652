"""A process that records a never-ending sound until it is killed, and says how much it has heard so far.

Run as ``python record_until_killed.py FOLDER``: prints the samples captured after each block, one number a line.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import fake_models
import numpy as np

from irec_live.recording import Recorder
from irec_live.streaming.pipeline import Pipeline

RATE = fake_models.RATE
BLOCK = 160
MOST_WAITING_S = 4.0
"""Sound that comes faster than the writer gets its turn waits for it, however busy the machine is."""


def main() -> None:
    """Record noise of two channels, eight times as fast as it would be played."""
    pipeline = Pipeline(RATE, [fake_models.FakeActivation()], keep_s=60.0)
    recorder = Recorder(pipeline, 2, lambda: "Noise")
    recorder.start(Path(sys.argv[1]))
    rng = np.random.default_rng(0)
    position = 0
    while True:
        block = (0.5 * rng.standard_normal((BLOCK, 2))).clip(-1, 1).astype(np.float32)
        recorder.take_block(block, RATE, position)
        recorder.take_step(pipeline.push(block))
        position += BLOCK
        sys.stdout.write(f"{position}\n")
        sys.stdout.flush()
        time.sleep(BLOCK / RATE / 8)
        while position / RATE - recorder.state.elapsed_s > MOST_WAITING_S:
            time.sleep(0.01)


if __name__ == "__main__":
    main()
