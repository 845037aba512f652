"""Query language: what to look for among analysed recordings, from text.

::

    query    = [ clause { "," clause } ]
    clause   = has | lacks | length | name | order | "top" NUMBER
    has      = group [ "together" [ "without" either ] ] { bound }
    lacks    = ( "no" | "without" | "not" ) label { ( "or" | "and" ) label }
    group    = either { ( "and" | "+" ) either }
    either   = label { "or" label }
    bound    = [ "for" ] compare NUMBER ( "s" | "min" | "h" | "%" ) [ "at a stretch" ]
             | ( "louder" | "quieter" ) "than" NUMBER "dB"
             | ( "before" | "after" ) time
    compare  = "at least" | "at most" | "more than" | "less than" | ">=" | "<=" | ">" | "<"
    length   = ( "longer" | "shorter" ) "than" time
    name     = "named" TEXT
    order    = ( "loudest" | "most" | "earliest" ) either | "longest" | "shortest" | "by name"
    time     = M:SS | H:MM:SS | NUMBER ( "s" | "min" | "h" )
    label    = name of an instrument or of a family of them, also in double quotes

Upper and lower case are alike. Clauses all hold. A time of a group without ``together`` is each one's own, and a time
is all in all unless it is ``at a stretch``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

from irec_live.errors import QueryError
from irec_live.instruments import INSTRUMENTS
from irec_live.library.clauses import Bound, Comparison, Has, Lacks, Length, Named, Order, Query

EXAMPLES = (
    "saxophone and piano together for at least 10 s, no voice",
    "violin at least 50 %",
    "loudest trumpet, top 20",
    "voice before 0:30, longer than 3 min",
    "guitar or piano for at least 1 min at a stretch",
)
"""Queries to show what can be asked."""

MOST_CHARACTERS = 1000
"""Of a query: DuckDB refuses thousands of clauses, and takes seconds for hundreds."""


def parse(text: str, labels: Collection[str] = ()) -> Query:
    """A query from text.

    Parameters
    ----------
    text : str
        Of `MOST_CHARACTERS` at most.
    labels : collection of str
        Labels that are known beside those of `irec_live.instruments`.

    Raises
    ------
    QueryError
        It is none, or too long; the error tells where.

    Examples
    --------
    >>> parse("saxophone and piano together for at least 10 s, no voice").lacks
    (Lacks(labels=('voice',)),)
    """
    if len(text) > MOST_CHARACTERS:
        raise QueryError(f"the query has more than {MOST_CHARACTERS} characters; ask for less at once", MOST_CHARACTERS)
    return _Parser(text, {*INSTRUMENTS, *labels}).query()


_TOKEN = re.compile(
    r'\s*(?:("[^"]*"?)|(\d+(?::\d\d){1,2}(?:\.\d+)?)|(-?\d+(?:\.\d+)?)|([<>]=?)|([,;+%])|([^\W\d][\w\'/-]*)|(\S))'
)
_KINDS = ("quoted", "clock", "number", "compare", "sign", "word", "odd")
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes", "m"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
}
_WORDS: dict[tuple[str, str], Comparison] = {
    ("at", "least"): ">=",
    ("at", "most"): "<=",
    ("more", "than"): ">",
    ("less", "than"): "<",
}
_RESERVED = {
    "and", "or", "no", "not", "without", "together", "for", "at", "more", "less", "louder", "quieter", "before",
    "after", "longer", "shorter", "named", "loudest", "most", "earliest", "longest", "shortest", "by", "top",
}  # fmt: skip
_FAMILY_NAMES = {"guitar": "guitars", "string": "strings", "woodwind": "woodwinds", "keyboards": "keys"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    def __init__(self, text: str, labels: Collection[str]) -> None:
        self._asked = text
        self._labels = {_plain(label): label for label in labels}
        self._tokens = []
        for found in _TOKEN.finditer(text):
            kind = found.lastindex or 1
            self._tokens.append(_Token(_KINDS[kind - 1], found[kind], found.start(kind)))
        self._end = _Token("end", "", len(text.rstrip()))
        self._at = 0

    def query(self) -> Query:
        clauses: list[Has | Lacks | Length | Named] = []
        order: Order | None = None
        top: int | None = None
        while True:
            while self._sign(",", ";"):
                pass
            if self._token.kind == "end":
                return Query(
                    tuple(one for one in clauses if isinstance(one, Has)),
                    tuple(one for one in clauses if isinstance(one, Lacks)),
                    tuple(one for one in clauses if isinstance(one, Length)),
                    tuple(one for one in clauses if isinstance(one, Named)),
                    order,
                    top,
                )
            start = self._token
            clause = self._clause()
            if isinstance(clause, int):
                top = clause
            elif not isinstance(clause, Order):
                clauses.append(clause)
            elif order is None:
                order = clause
            else:
                raise self._wrong("there can be one order only", start)
            if self._token.kind != "end" and not self._sign(",", ";"):
                raise self._wrong(f"a comma is expected before {self._token.text!r}")

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else self._end

    def _next(self) -> _Token:
        token = self._token
        self._at += 1
        return token

    def _wrong(self, reason: str, token: _Token | None = None) -> QueryError:
        position = (token or self._token).position
        return QueryError(f"{reason} (character {position + 1} of the query)", position)

    def _is(self, *words: str) -> bool:
        return self._token.kind == "word" and self._token.text.casefold() in words

    def _word(self, *words: str) -> str:
        """Take the next word if it is one of these; else empty."""
        return self._next().text.casefold() if self._is(*words) else ""

    def _sign(self, *signs: str) -> bool:
        if self._token.kind == "sign" and self._token.text in signs:
            self._at += 1
            return True
        return False

    def _expect(self, *words: str) -> None:
        if not self._word(*words):
            raise self._wrong(f"{words[0]!r} is expected here")

    def _clause(self) -> Has | Lacks | Length | Named | Order | int:
        if self._word("no", "not", "without"):
            labels = list(self._label())
            while self._word("or", "and") or self._sign("+"):
                labels += self._label()
            return Lacks(tuple(dict.fromkeys(labels)))
        for word, comparison in (("longer", ">"), ("shorter", "<")):
            if self._word(word):
                self._expect("than")
                return Length(comparison, self._time())  # type: ignore[arg-type]
        if self._word("named"):
            return Named(self._text())
        if self._is("top"):
            return self._top()
        by = self._word("loudest", "most", "earliest")
        if by:
            return Order(by, self._either())
        by = self._word("longest", "shortest")
        if by:
            return Order(by)
        if self._word("by"):
            self._expect("name")
            return Order("name")
        return self._has()

    def _has(self) -> Has:
        group = [self._either()]
        while self._word("and") or self._sign("+"):
            group.append(self._either())
        together = bool(self._word("together"))
        without = self._either() if together and self._word("without") else ()
        bounds: list[Bound] = []
        while (bound := self._bound(together)) is not None:
            bounds.append(bound)
        return Has(tuple(group), together, without, tuple(bounds))

    def _bound(self, together: bool) -> Bound | None:
        start = self._token
        for word, louder in (("louder", ">"), ("quieter", "<")):
            if self._word(word):
                if together:
                    raise self._wrong("a level is that of one instrument; ask for it without 'together'", start)
                self._expect("than")
                value = self._number()
                self._expect("db")
                return Bound("level_db", louder, value)  # type: ignore[arg-type]
        if self._word("before"):
            return Bound("first_s", "<", self._time())
        if self._word("after"):
            return Bound("first_s", ">", self._time())
        told = bool(self._word("for"))
        comparison = self._comparison()
        if comparison is None:
            if told:
                raise self._wrong("a time is expected here, such as at least 10 s")
            return None
        if self._token.kind == "number" and self._peek("%"):
            value = self._number() / 100
            self._sign("%")
            return Bound("stretch_share" if self._stretch() else "share", comparison, value)
        value = self._time("a time or a share, such as 10 s or 50 %,", "s, min, h or %")
        return Bound("stretch_s" if self._stretch() else "seconds", comparison, value)

    def _peek(self, sign: str) -> bool:
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else self._end
        return following.text == sign

    def _stretch(self) -> bool:
        if not self._word("at"):
            return False
        self._expect("a")
        self._expect("stretch")
        return True

    def _comparison(self) -> Comparison | None:
        if self._token.kind == "compare":
            return self._next().text  # type: ignore[return-value]
        for (first, second), comparison in _WORDS.items():
            following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else self._end
            if self._is(first) and following.text.casefold() == second:
                self._at += 2
                return comparison
        return None

    def _number(self) -> float:
        if self._token.kind != "number":
            raise self._wrong("a number is expected here")
        return float(self._next().text)

    def _time(self, what: str = "a time, such as 10 s or 1:30,", units: str = "s, min or h") -> float:
        if self._token.kind == "clock":
            seconds = 0.0
            for part in self._next().text.split(":"):
                seconds = 60 * seconds + float(part)
            return seconds
        if self._token.kind != "number":
            raise self._wrong(f"{what} is expected here")
        value = self._number()
        unit = self._word(*_UNITS)
        if not unit:
            raise self._wrong(f"a unit is expected here: {units}")
        return value * _UNITS[unit]

    def _top(self) -> int:
        self._next()
        token = self._token
        value = self._number()
        if value != int(value) or not 1 <= value <= 1_000_000:
            raise self._wrong("a whole number from 1 on is expected after 'top'", token)
        return int(value)

    def _text(self) -> str:
        """The rest up to the next comma, or what stands in quotes."""
        if self._token.kind == "quoted":
            return self._quoted()
        start = self._token.position
        while self._token.kind != "end" and self._token.text not in (",", ";"):
            self._at += 1
        text = self._asked[start : self._token.position].rstrip()
        if not text:
            raise self._wrong("a part of the name is expected here")
        return text

    def _quoted(self) -> str:
        token = self._next()
        if len(token.text) < 3 or not token.text.endswith('"'):
            raise self._wrong("text between two quotation marks is expected here", token)
        return token.text[1:-1]

    def _either(self) -> tuple[str, ...]:
        labels = list(self._label())
        while self._word("or"):
            labels += self._label()
        return tuple(dict.fromkeys(labels))

    def _label(self) -> tuple[str, ...]:
        """A label, or the labels of a family."""
        start = self._token
        if start.kind == "quoted":
            name = self._quoted()
        else:
            words = []
            while self._token.kind == "word" and self._token.text.casefold() not in _RESERVED:
                words.append(self._next().text)
            name = " ".join(words)
        if not name:
            there = f", not {start.text!r}" if start.text else ""
            raise self._wrong(f"the name of an instrument is expected here{there}", start)
        plain = _plain(name)
        for form in (plain, plain.removesuffix("s")):
            if form in self._labels:
                return (self._labels[form],)
        family = _FAMILY_NAMES.get(plain, plain)
        members = tuple(label for label, one in INSTRUMENTS.items() if one.family == family)
        if members:
            return members
        near = difflib.get_close_matches(plain, self._labels, n=1)
        hint = f"; is {self._labels[near[0]]} meant?" if near else ""
        raise self._wrong(f"no instrument is called {name!r}{hint}", start)


def _plain(label: str) -> str:
    return " ".join(label.casefold().replace("_", " ").split())
