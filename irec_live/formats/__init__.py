"""Write an `Analysis` for other programs: one module a format, and one table of them.

The terminal, the window and the server loop over `FORMATS`: a format that stands there is offered by all of them. To
add one, write a module with a `Format` of its own and name it below.

Nothing here loads an array library: the terminal asks for the names before it knows what it is to do.
"""

from __future__ import annotations

from irec_live.formats import audacity, csv, jams, json
from irec_live.formats.contract import Format

FORMATS: dict[str, Format] = {
    format_.name: format_
    for format_ in (
        json.FORMAT,
        csv.FORMAT,
        audacity.FORMAT,
        jams.FORMAT,
    )
}
"""By name, in the order in which they are offered."""

DEFAULT_FORMAT = json.FORMAT.name
"""Written where nobody chose; it holds everything."""

__all__ = ["DEFAULT_FORMAT", "FORMATS", "Format"]
