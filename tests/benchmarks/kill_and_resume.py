"""A folder analysed in one go, and killed and resumed: rate, and whether the results are the same bytes.

    python tests/benchmarks/kill_and_resume.py FOLDER --files 300 --kills 3

Both runs hear the same files; the second one is ended by SIGKILL, with its workers, several times on the way.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from irec_live.batch.journal import NAME
from irec_live.batch.paths import files_below


def command(folder: Path, out: Path, jobs: int | None, *more: str) -> list[str]:
    jobs_option = [] if jobs is None else ["--jobs", str(jobs)]
    return [sys.executable, "-m", "irec_live", "analyze", str(folder), "-r", "--out", str(out), *jobs_option, *more]


def lines_of(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def kill_at(arguments: list[str], journal: Path, count: int) -> None:
    """Run until so many files are done, then end the whole process group at once."""
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        while process.poll() is None and lines_of(journal) < count:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)


def results(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--jobs", type=int)
    asked = parser.parse_args()
    chance = random.Random(0)
    files = list(files_below(asked.folder))
    files = sorted(chance.sample(files, min(asked.files, len(files))))
    with tempfile.TemporaryDirectory() as scratch:
        clips, whole, broken = (Path(scratch, name) for name in ("clips", "whole", "broken"))
        for file in files:
            target = clips / file.relative_to(asked.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        print("in one go:", flush=True)
        subprocess.run(command(clips, whole, asked.jobs), check=False)
        marks = sorted(chance.sample(range(1, len(files)), asked.kills))
        for number, mark in enumerate(marks):
            kill_at(command(clips, broken, asked.jobs, *(["--resume"] if number else [])), broken / NAME, mark)
            print(f"killed with {lines_of(broken / NAME)} of {len(files)} files done", flush=True)
        subprocess.run(command(clips, broken, asked.jobs, "--resume"), check=False)
        left = [path.name for path in broken.rglob(".*") if path.name != NAME]
        same = results(whole) == results(broken)
        print(f"{len(results(whole))} results; the same bytes: {same}; left over: {left or 'nothing'}")
        sys.exit(int(not same or bool(left)))


if __name__ == "__main__":
    main()
