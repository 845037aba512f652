"""Export formats: one module each, and the table of all.

Terminal, window and server loop over `FORMATS`, so that each offers every format of the table. To add one, write a
module with a `Format` and list it below.

No module here imports NumPy: the terminal needs the names for ``--help``, which must be fast.
"""

from __future__ import annotations

from irec_live.formats import audacity, csv, jams, json, midi
from irec_live.formats.contract import Format

FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        json.FORMAT,
        csv.FORMAT,
        audacity.FORMAT,
        jams.FORMAT,
        midi.FORMAT,
    )
}
"""By name, in the order of menus and help texts."""

DEFAULT_FORMAT = json.FORMAT.name
"""Used when none is chosen; it holds everything."""

__all__ = ["DEFAULT_FORMAT", "FORMATS", "Format"]
