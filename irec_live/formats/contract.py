"""The export format contract. Each module of this package defines one format, as ``FORMAT``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from irec_live.models.spec import Kind
    from irec_live.report import Analysis


@dataclass(frozen=True, slots=True)
class Format:
    """An export format: how to write an `Analysis`, and what terminal, window and server need to offer it.

    Attributes
    ----------
    name : str
        Value of the option ``--format`` and of the query parameter ``format=``.
    title : str
        Name in menus.
    suffix : str
        File name extension, with the dot.
    media_type : str
        MIME type, for HTTP.
    holds : str
        What it contains, for help texts: follows "csv holds".
    needs : frozenset of {"activation", "envelope"}
        Kinds of model without which the file would be empty.
    render : callable
        The whole content of a file, for `irec_live.files.write_atomically`: text, or bytes of a format that is none.
    parts : callable, optional
        The same, a piece at a time, for what is too long to be held as a whole.
    has_events : bool
        Whether it contains events, which depend on the thresholds.
    one_line : bool
        Whether a document is one line that names its file, so that several may be printed one after another.
    binary : bool
        Whether it is bytes, which no terminal should show.
    """

    name: str
    title: str
    suffix: str
    media_type: str
    holds: str
    needs: frozenset[Kind]
    render: Callable[[Analysis], str] | Callable[[Analysis], bytes]
    parts: Callable[[Analysis], Iterable[str]] | None = None
    has_events: bool = True
    one_line: bool = False
    binary: bool = False

    def pieces(self, analysis: Analysis) -> Iterable[str | bytes]:
        """The content of a file, in as many pieces as the format has."""
        return [self.render(analysis)] if self.parts is None else self.parts(analysis)

    def content(self, analysis: Analysis) -> bytes:
        """The content of a file as bytes; text is UTF-8."""
        return b"".join(
            piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape")
            for piece in self.pieces(analysis)
        )

    def lacks(self, kinds: Collection[str]) -> str:
        """What models of these kinds lack for this format, as the beginning of a sentence; empty if nothing.

        Examples
        --------
        >>> toy = Format("toy", "Toy", ".toy", "text/plain", "events", frozenset({"activation"}), str)
        >>> toy.lacks({"envelope"}), toy.lacks({"activation"})
        ('the toy format needs an activation model', '')
        """
        missing = sorted(self.needs.difference(kinds))
        if not missing:
            return ""
        return f"the {self.name} format needs {' and '.join(f'an {kind} model' for kind in missing)}"
