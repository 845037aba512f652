"""Requests by the hundred to `irec-live serve`, made by Schemathesis from what its OpenAPI page says of itself.

    python -m venv /tmp/schemathesis && /tmp/schemathesis/bin/pip install schemathesis
    python tests/support/fuzz_service.py --schemathesis /tmp/schemathesis/bin/schemathesis --max-examples 20 --seed 7

No answer may be an error of the server, or one that the page does not describe, and the server must end with nothing
said. What follows the program is handed to it. Not asked: whether every form is accepted, for the page cannot say which
bytes are sound.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile


def main(arguments: list[str] | None = None) -> int:
    """Serve, have it asked, and end it; the exit status, 0 without a mistake."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--schemathesis", default="schemathesis", help="the program, of an environment of its own")
    given, more = parser.parse_known_args(arguments)
    command = [sys.executable, "-m", "irec_live", "serve", "--port", "0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stderr is not None
            address = server.stderr.readline().partition("http://")[2].split("/")[0]
            # Its own Python has none of our packages, nor shall it find them.
            environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            checks = ["--exclude-checks", "positive_data_acceptance"]
            asked = subprocess.run(
                [given.schemathesis, "run", f"http://{address}/openapi.json", *checks, *more],
                cwd=folder,  # where it keeps what it found
                env=environment,
                check=False,
            )
        except FileNotFoundError:
            sys.exit(f"{given.schemathesis} is not installed; the beginning of this file says how")
        finally:
            server.send_signal(signal.SIGINT)
            said = server.communicate(timeout=60)[1]
    if said or server.returncode:
        sys.stderr.write(f"the server ended with status {server.returncode}, and said:\n{said}\n")
        return 1
    return asked.returncode


if __name__ == "__main__":
    sys.exit(main())
