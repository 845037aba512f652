"""Queries as SQL: each clause a common table expression, everything the user wrote a parameter.

A sweep over onsets and offsets finds where spans overlap: its running sum counts what plays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from irec_live.library.clauses import Bound, Has, Query

_MEASURES = {
    "seconds": "sum(end_s - start_s)",
    "share": "sum(end_s - start_s) / any_value(duration_s)",
    "stretch_s": "max(end_s - start_s)",
    "stretch_share": "max(end_s - start_s) / any_value(duration_s)",
    "first_s": "min(start_s)",
    # The mean of the power over time, not of decibels: as one would measure the spans joined together.
    "level_db": "10 * log10(sum(power * (end_s - start_s)) FILTER (power IS NOT NULL) "
    "/ sum(end_s - start_s) FILTER (power IS NOT NULL))",
}
_BY = {"loudest": "level_db DESC", "most": "seconds DESC", "earliest": "first_s"}


@dataclass(slots=True)
class Statement:
    """A query in SQL.

    Attributes
    ----------
    hits : str
        A row for each file: ``path``, ``recording``, ``sha256``, ``duration_s``, ``matched_s``, ``level_db``,
        ``total``.
    spans : str
        A row for each span that matches, of the recordings of the parameter ``ids``.
    parameters : dict
        By name, of both.
    """

    hits: str = ""
    spans: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def parameters_of(self, sql: str) -> dict[str, Any]:
        """Those that one of the two mentions: DuckDB takes no others."""
        return {name: self.parameters[name] for name in re.findall(r"\$(p\d+)", sql)}


def compile_query(query: Query, limit: int, offset: int) -> Statement:
    """SQL of a query.

    Parameters
    ----------
    query : Query
    limit, offset : int
        Which of the files that match.
    """
    return _Compiler().compile(query, limit, offset)


class _Compiler:
    def __init__(self) -> None:
        self._statement = Statement()
        self._tables: list[str] = []
        self._conditions: list[str] = []
        self._shown: list[str] = []  # selections of spans
        self._matched = ""  # table that tells matched_s

    def compile(self, query: Query, limit: int, offset: int) -> Statement:
        for index, has in enumerate(query.has):
            self._add_together(f"c{index}", has) if has.together else self._add_each(f"c{index}", has)
        for lacks in query.lacks:
            names = self._names(lacks.labels)
            # Where nobody looked for a label, nothing is known of its absence.
            self._conditions += [f"list_contains(r.labels, {name})" for name in names.split(", ")]
            self._conditions.append(f"r.id NOT IN (SELECT recording FROM spans WHERE label IN ({names}))")
        for length in query.lengths:
            self._conditions.append(f"r.duration_s {length.comparison} {self._parameter(length.value)}")
        for name in query.names:
            self._conditions.append(f"contains(lower(f.path), lower({self._parameter(name.text)}))")
        order, level = self._order(query)
        most = limit if query.top is None else min(limit, max(0, query.top - offset))
        total = "count(*) OVER ()" if query.top is None else f"least(count(*) OVER (), {query.top})"
        matched = f"coalesce({self._matched}.seconds, r.duration_s)" if self._matched else "r.duration_s"
        joins = f"LEFT JOIN {self._matched} ON {self._matched}.recording = r.id " if self._matched else ""
        if level:
            joins += "JOIN ordered ON ordered.recording = r.id "
        where = f"WHERE {' AND '.join(self._conditions)} " if self._conditions else ""
        self._statement.hits = (
            f"{self._with()}SELECT f.path, r.id AS recording, r.sha256, r.duration_s, {matched} AS matched_s, "
            f"{'ordered.level_db' if level else 'CAST(NULL AS DOUBLE)'} AS level_db, {total} AS total "
            f"FROM files f JOIN recordings r ON r.id = f.recording {joins}{where}"
            f"ORDER BY {order}, f.path LIMIT {int(most)} OFFSET {int(offset)}"
        )
        shown = self._shown or [
            "SELECT id AS recording, '' AS label, 0::DOUBLE, duration_s, NULL, NULL FROM recordings"
        ]
        self._statement.spans = (
            f"SELECT DISTINCT * FROM ({' UNION ALL '.join(shown)}) "
            "AS shown(recording, label, start_s, end_s, activation, level_db) "
            "WHERE recording IN (SELECT unnest(CAST($ids AS BIGINT[]))) ORDER BY recording, start_s, label, end_s"
        )
        # The same tables twice: over all spans to find the files, over those of the files shown to show their spans.
        self._statement.hits = self._statement.hits.replace("FROM played ", "FROM spans ")
        ids = "SELECT unnest(CAST($ids AS BIGINT[]))"
        self._tables.insert(0, f"played AS (SELECT * FROM spans WHERE recording IN ({ids}))")
        self._statement.spans = f"{self._with()}{self._statement.spans}"
        return self._statement

    def _with(self) -> str:
        return f"WITH {', '.join(self._tables)} " if self._tables else ""

    def _parameter(self, value: Any) -> str:
        name = f"p{len(self._statement.parameters)}"
        self._statement.parameters[name] = value
        return f"${name}"

    def _add(self, name: str, select: str) -> None:
        self._tables.append(f"{name} AS ({select})")

    def _names(self, labels: Iterable[str]) -> str:
        return ", ".join(self._parameter(label) for label in labels)

    def _show(self, labels: Sequence[str], condition: str = "") -> None:
        self._shown.append(
            "SELECT recording, label, start_s, end_s, activation, level_db "
            f"FROM ({_with_duration('SELECT * FROM played')}) WHERE label IN ({self._names(labels)}){condition}"
        )

    def _add_each(self, name: str, has: Has) -> None:
        """Each of the group plays somewhere, and keeps to the bounds."""
        for place, labels in enumerate(has.group):
            one = f"{name}_{place}"
            if len(labels) == 1 and not any(bound.measure.startswith("stretch") for bound in has.bounds):
                stretches = _with_duration(self._merged(labels, ""))  # nothing has to be joined
            else:
                stretches = self._stretches(f"{one}_all", [labels], ())
            self._add(f"{one}_all", stretches)
            kept = self._keep(one, f"{one}_all", has.bounds, level_of=labels)
            # Of several labels, spans that are short by themselves can make a long stretch.
            self._show(labels, self._least_stretch(has.bounds) if len(labels) == 1 else "")
            self._conditions.append(f"r.id IN (SELECT recording FROM {kept})")
            self._matched = self._matched or kept

    def _add_together(self, name: str, has: Has) -> None:
        """All of the group play at the same time."""
        self._add(f"{name}_all", self._stretches(f"{name}_all", has.group, has.without))
        kept = self._keep(name, f"{name}_all", has.bounds)
        what = self._parameter(" + ".join(" or ".join(labels) for labels in has.group))
        self._shown.append(
            f"SELECT recording, {what}, start_s, end_s, NULL, NULL FROM {name}_all WHERE true"
            + self._least_stretch(has.bounds)
        )
        self._conditions.append(f"r.id IN (SELECT recording FROM {kept})")
        self._matched = self._matched or kept

    def _stretches(self, name: str, group: Sequence[Sequence[str]], without: Sequence[str]) -> str:
        """Where one of each of the group plays and none of the others; also adds what that is made of."""
        parts = [(labels, 1) for labels in group]
        if without:
            parts.append((without, len(group) + 1))  # so heavy that no sum with it is that of the group
        if len(group) > 1:
            # Most recordings lack one of them: no need to look when the others play there.
            both = " INTERSECT ".join(
                f"SELECT recording FROM played WHERE label IN ({self._names(labels)})" for labels in group
            )
            self._add(f"{name}_both", both)
        among = f" AND recording IN (SELECT recording FROM {name}_both)" if len(group) > 1 else ""
        edges = []
        for place, (labels, weight) in enumerate(parts):
            merged = f"{name}_m{place}"
            self._add(merged, self._merged(labels, among))
            edges.append(f"SELECT recording, start_s AS at_s, {weight} AS step FROM {merged}")
            edges.append(f"SELECT recording, end_s, {-weight} FROM {merged}")
        return _with_duration(_sweep(edges, f"depth = {len(group)}"))

    def _merged(self, labels: Sequence[str], among: str) -> str:
        """Where one of these plays, or several."""
        mine = f"FROM played WHERE label IN ({self._names(labels)}){among}"
        if len(labels) == 1:  # spans of one label do not overlap, and those that touch are joined by the sweep
            return f"SELECT recording, start_s, end_s {mine} AND end_s > start_s"
        return _sweep(
            [f"SELECT recording, start_s AS at_s, 1 AS step {mine}", f"SELECT recording, end_s, -1 {mine}"], "depth > 0"
        )

    def _keep(self, name: str, stretches: str, bounds: Iterable[Bound], level_of: Sequence[str] = ()) -> str:
        """Add the table of recordings whose stretches keep to the bounds, with their seconds; its name."""
        having = []
        for bound in bounds:
            limit = f"{bound.comparison} {self._parameter(bound.value)}"
            if bound.measure == "level_db":
                levels = f"SELECT recording FROM ({_powers(self._names(level_of))}) GROUP BY recording"
                self._conditions.append(f"r.id IN ({levels} HAVING {_MEASURES['level_db']} {limit})")
            else:
                having.append(f"{_MEASURES[bound.measure]} {limit}")
        clause = f" HAVING {' AND '.join(having)}" if having else ""
        self._add(
            name, f"SELECT recording, {_MEASURES['seconds']} AS seconds FROM {stretches} GROUP BY recording{clause}"
        )
        return name

    def _least_stretch(self, bounds: Iterable[Bound]) -> str:
        """Of spans, only those are shown that are long enough by themselves."""
        conditions = []
        for bound in bounds:
            if bound.comparison in (">=", ">") and bound.measure in ("stretch_s", "stretch_share"):
                share = " / duration_s" if bound.measure == "stretch_share" else ""
                conditions.append(f" AND (end_s - start_s){share} {bound.comparison} {self._parameter(bound.value)}")
        return "".join(conditions)

    def _order(self, query: Query) -> tuple[str, bool]:
        """What to sort by, and whether the table ``ordered`` is needed."""
        order = query.order
        if order is None:
            return ("matched_s DESC" if self._matched else "f.path"), False
        if not order.labels:
            return {"longest": "r.duration_s DESC", "shortest": "r.duration_s", "name": "f.path"}[order.by], False
        self._add(
            "ordered",
            f"SELECT recording, {_MEASURES['level_db']} AS level_db, {_MEASURES['seconds']} AS seconds, "
            f"{_MEASURES['first_s']} AS first_s FROM ({_powers(self._names(order.labels))}) GROUP BY recording",
        )
        self._show(order.labels)
        return f"ordered.{_BY[order.by]} NULLS LAST", True


def _sweep(edges: Sequence[str], condition: str) -> str:
    """Stretches in which the running sum of steps meets a condition; edges that cancel out part nothing."""
    return (
        "SELECT recording, at_s AS start_s, next_s AS end_s FROM ("
        "SELECT recording, at_s, sum(step) OVER (PARTITION BY recording ORDER BY at_s) AS depth, "
        "lead(at_s) OVER (PARTITION BY recording ORDER BY at_s) AS next_s "
        f"FROM (SELECT recording, at_s, sum(step) AS step FROM ({' UNION ALL '.join(edges)}) "
        f"GROUP BY recording, at_s HAVING sum(step) <> 0)) WHERE {condition} AND next_s IS NOT NULL"
    )


def _with_duration(stretches: str) -> str:
    return f"SELECT s.*, d.duration_s FROM ({stretches}) s JOIN recordings d ON d.id = s.recording"


def _powers(names: str) -> str:
    return f"SELECT recording, start_s, end_s, pow(10, level_db / 10) AS power FROM played WHERE label IN ({names})"
