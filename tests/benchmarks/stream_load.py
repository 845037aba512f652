"""Live streams that one processor core serves: many clients of ``/v1/stream`` at once, on a server of its own.

    python tests/benchmarks/stream_load.py [--streams 1 8 16] [--seconds 25]

Each client sends the bundled recording as fast as it is taken, so that the server is as full as it gets; its processor
time for each second of sound tells how many streams one core serves at the pace of sound. Processor time hardly
depends on what else the machine does. Below half a minute a stream has no pace of its own. Each number of streams is
measured with their windows merged into common calls of the networks, and apart.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import threading
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from service_load import running
from websockets.sync.client import connect

_BLOCK = 4096
_PROGRAMS = {
    "merged": ("-m", "irec_live"),
    "apart": (
        "-c",
        "from irec_live.web import merging; merging.says_the_same_in_company = lambda _: False; "
        "from irec_live.cli import main; main()",
    ),
}


def sound(seconds: float) -> tuple[Any, int]:
    """So much of the bundled recording, (n, 2) float32."""
    with as_file(files("irec_assets") / "audio" / "demo.ogg") as path:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    count = round(seconds * rate)
    return np.tile(samples, (1 + count // len(samples), 1))[:count], rate


def listen(port: int, samples: Any, rate: int) -> tuple[str, dict[str, Any]]:
    """Send everything: a hash of all results, and the server's counters."""
    results: list[str] = []
    stats: dict[str, Any] = {}
    with connect(f"ws://127.0.0.1:{port}/v1/stream", max_size=None, ping_interval=None) as stream:
        stream.send(json.dumps({"type": "start", "rate": rate, "channels": samples.shape[1]}))
        stream.recv()

        def send() -> None:
            for first in range(0, len(samples), _BLOCK):
                stream.send(samples[first : first + _BLOCK].tobytes())
            stream.send(json.dumps({"type": "end"}))

        sending = threading.Thread(target=send)
        sending.start()
        for text in stream:
            said = json.loads(text)
            if said["type"] == "stats":
                stats = said
            elif said["type"] in ("activations", "envelopes", "event"):
                results.append(str(text))
        sending.join()
    # In which order the two networks' rows are sent is the machine's affair.
    return hashlib.sha256("".join(sorted(results)).encode()).hexdigest(), stats


def processor_s(pid: int) -> float:
    """Processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(count: int, samples: Any, rate: int, how: str) -> dict[str, Any]:
    """So many streams at once."""
    with running("--most-streams", str(count), program=_PROGRAMS[how]) as server:
        listen(server.port, samples[: 2 * rate], rate)  # warm
        began = processor_s(server.process.pid)
        found: list[tuple[str, dict[str, Any]]] = []
        clients = [
            threading.Thread(target=lambda: found.append(listen(server.port, samples, rate))) for _ in range(count)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        used_s = processor_s(server.process.pid) - began
        server.end()
    each_s = used_s / (count * len(samples) / rate)
    return {
        "streams": count,
        "windows": how,
        "processor_ms_a_second": round(1000 * each_s, 2),
        "streams_a_core": round(1 / each_s, 1),
        "skipped_windows": sum(stats["skipped_windows"] for _, stats in found),
        "different_results": len({digest for digest, _ in found}),
        "digest": found[0][0][:12],
    }


def main() -> None:
    """Measure and print a line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 16])
    parser.add_argument("--seconds", type=float, default=25.0)
    asked = parser.parse_args()
    samples, rate = sound(asked.seconds)
    for count in asked.streams:
        for how in _PROGRAMS:
            print(json.dumps(measure(count, samples, rate, how)), flush=True)


if __name__ == "__main__":
    main()
