"""Try a stranger's model out in a process of its own: ``python -m irec_live.models.sandbox MODEL.onnx``.

Exits 0 if the model loads and runs. Otherwise it prints the reason and exits 2, or is ended by its limits; either way
the app that started it lives on.
"""

from __future__ import annotations

import contextlib
import sys

from irec_live.errors import IrecError
from irec_live.models.detector import TRIAL_MEMORY_BYTES, Detector
from irec_live.models.runtime import LOAD_LIMIT_S


def main(path: str) -> int:
    """Load and run the model at `path` within limits; the process's exit status."""
    _limit_resources()
    try:
        Detector(path, provider="cpu")
    except IrecError as error:
        sys.stdout.write(f"{error}\n")
        return 2
    return 0


def _limit_resources() -> None:
    with contextlib.suppress(ImportError):  # Windows has no such limits; there only the time is bounded
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (TRIAL_MEMORY_BYTES, TRIAL_MEMORY_BYTES))
        seconds = int(LOAD_LIMIT_S)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
