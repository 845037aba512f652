"""The process: ``irec-live``, also as ``python -m irec_live``."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

from irec_live import native_lines
from irec_live.cli import main


def start() -> None:
    """Run the command line, then leave whatever its threads are doing.

    A thread that hangs in a sound server or is inside an inference is a daemon, waited for only so long. Python would
    end it by unwinding C++ frames that must not be unwound, and the process would abort with all its work done.
    """
    native_lines.ours = True
    # Of other packages; to look for them, pydantic would read the entry points of all that is installed, at each start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if getattr(sys, "frozen", False):  # the app as one folder: its worker processes are this program, too
        import multiprocessing

        multiprocessing.freeze_support()
    status: object = 0
    try:
        main(prog_name="irec-live")
    except SystemExit as leaving:
        status = leaving.code
    if any(thread.daemon and thread.name.startswith("irec-") for thread in threading.enumerate()):
        with contextlib.suppress(OSError):  # whoever read us may be gone
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0 if status is None else 1)
    sys.exit(status)  # type: ignore[arg-type]


if __name__ == "__main__":
    start()
