"""What an export format is. Each module of this room holds one, as ``FORMAT``."""

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
    """One way to write an `Analysis` for other programs, and all that a terminal, a window or a server asks of it.

    Attributes
    ----------
    name : str
        What ``--format`` and ``format=`` take.
    title : str
        What a menu calls it.
    suffix : str
        How names of its files end, with the dot.
    media_type : str
        For HTTP.
    holds : str
        What it tells, for help texts: follows "csv holds".
    needs : frozenset of {"activation", "envelope"}
        Kinds of model without which there would be nothing to write.
    render : callable
        The whole content of a file, for `irec_live.files.write_atomically`.
    parts : callable, optional
        The same, a piece at a time, for what is too long to be held as a whole.
    has_events : bool
        Whether it depends on the thresholds.
    one_line : bool
        Whether a document is one line that names its file, so that several may be printed one after another.
    """

    name: str
    title: str
    suffix: str
    media_type: str
    holds: str
    needs: frozenset[Kind]
    render: Callable[[Analysis], str]
    parts: Callable[[Analysis], Iterable[str]] | None = None
    has_events: bool = True
    one_line: bool = False

    def pieces(self, analysis: Analysis) -> Iterable[str]:
        """The content of a file, in as many pieces as the format has."""
        return [self.render(analysis)] if self.parts is None else self.parts(analysis)

    def lacks(self, kinds: Collection[str]) -> str:
        """What is missing from models of these kinds, as the beginning of a sentence; empty if nothing is.

        Examples
        --------
        >>> toy = Format("toy", "Toy", ".toy", "text/plain", "events", frozenset({"activation"}), str)
        >>> toy.lacks({"envelope"}), toy.lacks({"activation"})
        ('what toy holds is told by a model of activations', '')
        """
        missing = sorted(self.needs.difference(kinds))
        if not missing:
            return ""
        return f"what {self.name} holds is told by a model of {' and '.join(kind + 's' for kind in missing)}"
