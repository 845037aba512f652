"""Sandbox: try an untrusted model in a process of its own, ``python -m irec_live.models.sandbox MODEL.onnx``.

Exits 0 if the model loads and runs, and prints its sha256 and the numbers of windows that it ran on in one call.
Otherwise it prints the reason and exits 2, or is ended by its limits; either way the app that started it is unaffected.

All of it may take `PROCESSOR_LIMIT_S` of processor time, however long that is by the clock of a busy machine. Loading
may take `LOAD_MEMORY_BYTES` and some times the file's size, and hold no more than a window may take beside those of the
file: ONNX Runtime computes what follows from constants while it loads, and keeps it. Then every call may
take `WINDOW_MEMORY_BYTES` a window and no more than `CALL_MEMORY_BYTES` beyond what the loaded model holds. Shapes in a
model that got here follow from the number of windows alone (`irec_live.models.operators`), so that what is found holds
for later calls, too.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from irec_live.errors import IrecError, ModelError
from irec_live.models.detector import TRIED_BATCHES, Detector
from irec_live.models.onnx_file import printable
from irec_live.onnx_runtime import load_onnx_runtime

PROCESSOR_LIMIT_S = 30.0
"""Seconds of processor time. The bundled networks take under three, starting Python included."""
LOAD_MEMORY_BYTES = 2**30
"""Address space for loading a model, beside `_COPIES` of its file: ONNX Runtime and the first two runs."""
WINDOW_MEMORY_BYTES = 256 * 2**20
"""Beyond the loaded model, a window. The bundled networks need under 16 MiB."""
CALL_MEMORY_BYTES = 2**30

_COPIES = 5  # of a file, while its weights are read, folded and laid out anew
_QUICK_S = 3.0
_LOOK_EVERY_S = 0.25
_GRACE_S = 5  # of processor time, until the system ends what could not say so itself


def main(path: str) -> int:
    """Load and run the model at `path` within limits; the process's exit status."""
    try:
        size = Path(path).stat().st_size
    except OSError:
        size = 0  # loading it says what is wrong
    _limit_time(path)
    # Beyond what Python holds: numpy's threads alone reserve gigabytes where there are many processors.
    _limit_memory(_address_space() + LOAD_MEMORY_BYTES + _COPIES * size)
    try:
        load_onnx_runtime()
        empty = _address_space()
        detector = Detector(path, provider="cpu", share_columns=False)
        held = _address_space()
        if held - empty > WINDOW_MEMORY_BYTES + _COPIES * size:
            raise ModelError(f"{printable(Path(path).name)} asks for more memory than it may have")
        batches: list[int] = []
        window_s = 0.0
        for batch in TRIED_BATCHES:
            if batch * window_s > _QUICK_S:
                break
            if held:
                _limit_memory(held + min(batch * WINDOW_MEMORY_BYTES, CALL_MEMORY_BYTES))
            try:
                began_s = time.process_time()
                detector.try_batch(batch)
                window_s = (time.process_time() - began_s) / batch
            except IrecError:
                if batch <= 2:
                    raise
                break  # too much for one call, and not needed
            batches.append(batch)
    except IrecError as error:
        sys.stdout.write(f"{error}\n")
        return 2
    sys.stdout.write(" ".join([detector.sha256, *map(str, batches)]) + "\n")
    return 0


def _address_space() -> int:
    """Size of this process's address space in bytes; 0 where the system does not report it."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
        return 1024 * int(found[1]) if found else 0
    return 0


def _limit_memory(size: int) -> None:
    with contextlib.suppress(
        ImportError, ValueError, OSError
    ):  # Windows has no such limits; there only time is bounded
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _limit_time(path: str) -> None:
    threading.Thread(target=_give_up_late, args=(path,), daemon=True).start()
    with contextlib.suppress(ImportError):
        import resource

        seconds = int(PROCESSOR_LIMIT_S) + _GRACE_S
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _give_up_late(path: str) -> None:
    """End this process with a sentence once it has used up its processor time."""
    wait_for_processor_time(PROCESSOR_LIMIT_S)
    name = printable(Path(path).name)
    sys.stdout.write(f"{name} was given up: it did not run within {PROCESSOR_LIMIT_S:.0f} s of processor time\n")
    sys.stdout.flush()
    os._exit(2)  # a call of ONNX Runtime ends by nothing less


def wait_for_processor_time(
    limit_s: float, used_s: Callable[[], float] = time.process_time, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Return once this process has used so many seconds of processor time, all its threads together."""
    while used_s() < limit_s:
        sleep(_LOOK_EVERY_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
