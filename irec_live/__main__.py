"""The process: ``irec-live``, also as ``python -m irec_live``."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading

from irec_live import native_lines
from irec_live.interrupts import ended_by_interrupts


def start() -> None:
    """Run the command line, then leave whatever its threads are doing.

    A thread that hangs in a sound server or is inside an inference is a daemon, waited for only so long. Python would
    end it by unwinding C++ frames that must not be unwound, and the process would abort with all its work done. Where
    there is none, other threads are waited for and what others registered is run, but Python's memory is not taken
    apart object by object: it goes with the process, a tenth of a second earlier.
    """
    with ended_by_interrupts():
        from irec_live.cli import main
    native_lines.ours = True
    if getattr(sys, "frozen", False):  # the app as one folder: its worker processes are this program, too
        import multiprocessing

        multiprocessing.freeze_support()
    # Of other packages; to look for them, pydantic would read the entry points of all that is installed, at each start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # NumPy's BLAS would begin a thread a processor, which spin for a while, and nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    ended: list[object] = []
    atexit.register(lambda: _leave(*ended) if ended else None)  # the first to be registered is the last to be run
    status: object = 0
    try:
        main(prog_name="irec-live")
    except SystemExit as leaving:
        status = leaving.code
    if any(thread.daemon and thread.name.startswith("irec-") for thread in threading.enumerate()):
        _leave(status)
    ended.append(status)
    sys.exit(status)  # type: ignore[arg-type]


def _leave(status: object) -> None:
    for stream in (sys.stdout, sys.stderr):
        # Whoever read us may be gone, or never was there.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status if isinstance(status, int) else 0 if status is None else 1)


if __name__ == "__main__":
    start()
