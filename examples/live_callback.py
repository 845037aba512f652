"""Which instruments play right now: from the microphone, or from a file played to nobody.

python examples/live_callback.py [song.flac]
"""

import sys
import time

from irec_live.errors import IrecError
from irec_live.session import open_live, open_stream
from irec_live.source import FileSource
from irec_live.streaming.pipeline import PipelineStep


def on_step(step: PipelineStep) -> None:
    """Called on the engine's thread for every hop of sound: copy what you need and return."""
    for event in step.events:
        print(f"{event.label}: {event.onset_s:.1f} to {event.offset_s:.1f} s")
    if step.activations:
        time_s, _ = step.activations[-1]
        print(f"{time_s:6.1f} s  {', '.join(step.detected) or '-'}")


try:
    if len(sys.argv) > 1:
        session = open_stream(FileSource(sys.argv[1]), listener=on_step)
    else:
        session = open_live(listener=on_step)
except IrecError as error:  # no microphone, no such file: one clear sentence
    sys.exit(str(error))
try:
    while session.state in ("starting", "running"):
        time.sleep(0.1)
except KeyboardInterrupt:
    pass
finally:
    session.close()
