"""The library with many recordings: time to add them, time of queries, size of the file.

    python tests/benchmarks/library_size.py --recordings 100000

Recordings are made up: three to six minutes with two to six instruments, each of which comes and goes some ten times.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from irec_live.instruments import MAIN_LABELS
from irec_live.library import EXAMPLES, Library, Recording, Span

QUERIES = (*EXAMPLES, "piano", "no voice", "cello and violin and flute together", "named 4711", "most drums, top 10")


def made_up(index: int, chance: random.Random) -> Recording:
    duration_s = round(chance.uniform(180.0, 360.0), 2)
    spans = []
    for label in chance.sample(MAIN_LABELS, k=chance.randint(2, 6)):
        marks = sorted(round(chance.uniform(0.0, duration_s), 2) for _ in range(2 * chance.randint(4, 16)))
        spans += [
            Span(label, start, end, round(chance.uniform(0.3, 1.0), 5), round(chance.uniform(-45.0, -8.0), 2))
            for start, end in zip(marks[::2], marks[1::2], strict=True)
        ]
    return Recording(
        path=f"/music/artist {index // 100}/album {index // 10 % 10}/{index:07}.flac",
        name=f"{index:07}.flac",
        sha256=f"{chance.getrandbits(256):064x}",
        size_bytes=chance.randrange(10_000_000, 40_000_000),
        duration_s=duration_s,
        settings="0123456789abcdef",
        models=("tutti-1s@" + "0" * 64, "tutti-348ms@" + "1" * 64),
        labels=MAIN_LABELS,
        detected=tuple(dict.fromkeys(span.label for span in spans)),
        warnings=(),
        spans=tuple(sorted(spans, key=lambda span: span.start_s)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=2_000)
    asked = parser.parse_args()
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "library.duckdb")
        spans, wall_s, cpu_s = 0, 0.0, 0.0
        for first in range(0, asked.recordings, asked.at_once):
            some = [made_up(index, chance) for index in range(first, min(first + asked.at_once, asked.recordings))]
            spans += sum(len(one.spans) for one in some)
            began = time.perf_counter(), time.process_time()
            library.put(some)
            wall_s += time.perf_counter() - began[0]
            cpu_s += time.process_time() - began[1]
        size = library.path.stat().st_size
        print(f"{asked.recordings} recordings with {spans} spans, {asked.at_once} a transaction")
        print(f"added in {wall_s:.1f} s ({cpu_s:.1f} s of processor time); the file has {size / 1e6:.1f} MB")
        for query in QUERIES:
            times = []
            for _ in range(3):
                began = time.perf_counter(), time.process_time()
                results = library.search(query)
                times.append((time.perf_counter() - began[0], time.process_time() - began[1]))
            best, cpu = min(times)
            print(f"| `{query}` | {results.total} | {1000 * best:.0f} ms | {1000 * cpu:.0f} ms |")


if __name__ == "__main__":
    main()
