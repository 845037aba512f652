"""``python -m irec_live`` is ``irec-live``."""

from irec_live.cli import main

if __name__ == "__main__":
    main(prog_name="irec-live")
