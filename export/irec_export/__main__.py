"""The process: ``irec-export``, also as ``python -m irec_export``."""

from __future__ import annotations

from irec_live.interrupts import ended_by_interrupts


def start() -> None:
    """Run the command line; Ctrl-C while it is loaded ends it without a word."""
    with ended_by_interrupts():
        from irec_export.cli import main
    main(prog_name="irec-export")


if __name__ == "__main__":
    start()
