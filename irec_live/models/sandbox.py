"""Sandbox: try an untrusted model in a process of its own, ``python -m irec_live.models.sandbox MODEL.onnx``.

Exits 0 if the model loads and runs, and prints its sha256 and the numbers of windows that it ran on in one call.
Otherwise it prints the reason and exits 2, or is ended by its limits; either way the app that started it is unaffected.

Loading may take `LOAD_MEMORY_BYTES` and some times the file's size, and hold no more than a window may take beside
those of the file: ONNX Runtime computes what follows from constants while it loads, and keeps it. Then every call may
take `WINDOW_MEMORY_BYTES` a window and no more than `CALL_MEMORY_BYTES` beyond what the loaded model holds. Shapes in a
model that got here follow from the number of windows alone (`irec_live.models.operators`), so that what is found holds
for later calls, too.
"""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

from irec_live.errors import IrecError, ModelError
from irec_live.models.detector import TRIED_BATCHES, Detector
from irec_live.models.onnx_file import printable
from irec_live.models.runtime import LOAD_LIMIT_S
from irec_live.onnx_runtime import load_onnx_runtime

LOAD_MEMORY_BYTES = 2**30
"""Address space for loading a model, beside `_COPIES` of its file: ONNX Runtime and the first two runs."""
WINDOW_MEMORY_BYTES = 256 * 2**20
"""Beyond the loaded model, a window. The bundled networks need under 16 MiB."""
CALL_MEMORY_BYTES = 2**30

_COPIES = 5  # of a file, while its weights are read, folded and laid out anew
_QUICK_S = 3.0


def main(path: str) -> int:
    """Load and run the model at `path` within limits; the process's exit status."""
    try:
        size = Path(path).stat().st_size
    except OSError:
        size = 0  # loading it says what is wrong
    # Beyond what Python holds: numpy's threads alone reserve gigabytes where there are many processors.
    _limit_memory(_address_space() + LOAD_MEMORY_BYTES + _COPIES * size)
    _limit_time()
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
                window_s = detector.try_batch(batch) / batch
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


def _limit_time() -> None:
    with contextlib.suppress(ImportError):
        import resource

        seconds = int(LOAD_LIMIT_S)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
