"""The library: searches against a slow obvious oracle, several processes at once, files that move."""

from __future__ import annotations

import itertools
import math
import os
import random
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irec_live.errors import LibraryError, QueryError
from irec_live.files import lock_file
from irec_live.library import EXAMPLES, Library, Match, Recording, Span, parse, store
from irec_live.library.clauses import Bound, Has, Lacks, Length, Named, Order, Query
from irec_live.tables import connect, write_tables

LABELS = ("piano", "saxophone", "voice", "violin")
STEP_S = 0.25
"""All times are multiples of it, so that sums are exact."""


def recording(name: str, spans: Sequence[Span], duration_s: float = 20.0, labels: Sequence[str] = LABELS) -> Recording:
    return Recording(
        path=f"/music/{name}.wav",
        name=f"{name}.wav",
        sha256=f"hash of {name}",
        size_bytes=1000,
        duration_s=duration_s,
        settings="s",
        models=("tiny@1",),
        labels=tuple(labels),
        detected=("piano",),
        warnings=(),
        spans=tuple(sorted(spans, key=lambda span: (span.start_s, span.label, span.end_s))),
    )


def made_up(seed: int) -> list[Recording]:
    """Recordings in which spans of one label do not overlap, but may touch."""
    chance = random.Random(seed)
    found = []
    for index in range(chance.randrange(1, 9)):
        cells = chance.randrange(8, 80)
        spans = []
        for label in LABELS:
            marks = sorted(chance.sample(range(cells + 1), k=2 * chance.randrange(0, 4)))
            for start, end in zip(marks[::2], marks[1::2], strict=True):
                level = chance.choice([-40.0, -20.0, -10.0, None])
                spans.append(Span(label, start * STEP_S, end * STEP_S, 0.5, level))
        known = LABELS if chance.random() < 0.8 else LABELS[:-1]
        kept = [span for span in spans if span.label in known]
        found.append(recording(f"{index}", kept, cells * STEP_S, known))
    return found


bounds = st.lists(
    st.one_of(
        st.builds(
            Bound,
            st.sampled_from(["seconds", "stretch_s", "first_s"]),
            st.sampled_from([">=", "<=", ">", "<"]),
            st.integers(0, 24).map(lambda cells: cells * STEP_S),
        ),
        st.builds(
            Bound,
            st.sampled_from(["share", "stretch_share"]),
            st.sampled_from([">=", "<"]),
            st.sampled_from([0.1, 0.33]),
        ),
    ),
    max_size=2,
).map(tuple)
either = st.lists(st.sampled_from(LABELS), min_size=1, max_size=2, unique=True).map(tuple)
has = st.builds(
    Has,
    st.lists(either, min_size=1, max_size=2).map(tuple),
    st.just(True),
    st.one_of(st.just(()), either),
    bounds,
) | st.builds(Has, st.lists(either, min_size=1, max_size=2).map(tuple), st.just(False), st.just(()), bounds)
queries = st.builds(
    Query,
    st.lists(has, max_size=2).map(tuple),
    st.lists(st.builds(Lacks, either), max_size=1).map(tuple),
    st.lists(st.builds(Length, st.sampled_from([">", "<"]), st.just(10.0)), max_size=1).map(tuple),
    order=st.one_of(st.none(), st.builds(Order, st.sampled_from(["loudest", "most", "earliest"]), either)),
)

COMPARE = {">=": float.__ge__, "<=": float.__le__, ">": float.__gt__, "<": float.__lt__}


def runs(cells: Sequence[bool]) -> list[tuple[float, float]]:
    """Stretches of cells that are true, seconds."""
    found, at = [], 0
    for value, group in itertools.groupby(cells):
        count = len(list(group))
        if value:
            found.append((at * STEP_S, (at + count) * STEP_S))
        at += count
    return found


def plays(one: Recording, labels: Sequence[str]) -> list[bool]:
    cells = [False] * round(one.duration_s / STEP_S)
    for span in one.spans:
        if span.label in labels:
            for cell in range(round(span.start_s / STEP_S), round(span.end_s / STEP_S)):
                cells[cell] = True
    return cells


def kept(one: Recording, stretches: list[tuple[float, float]], limits: Sequence[Bound]) -> bool:
    if not stretches:
        return False
    lengths = [end_s - start_s for start_s, end_s in stretches]
    measured = {
        "seconds": sum(lengths),
        "share": sum(lengths) / one.duration_s,
        "stretch_s": max(lengths),
        "stretch_share": max(lengths) / one.duration_s,
        "first_s": stretches[0][0],
    }
    return all(COMPARE[limit.comparison](float(measured[limit.measure]), float(limit.value)) for limit in limits)


def stretches_of(one: Recording, clause: Has) -> list[list[tuple[float, float]]]:
    """Of what is together one list, else one of each of the group."""
    parts = [plays(one, labels) for labels in clause.group]
    if not clause.together:
        return [runs(part) for part in parts]
    without = plays(one, clause.without)
    return [runs([all(cells) and not no for *cells, no in zip(*parts, without, strict=True)])]


def brute_force(recordings: Sequence[Recording], query: Query) -> dict[str, float]:
    """Paths that match, and the seconds of the first clause."""
    found = {}
    for one in recordings:
        sets = [stretches_of(one, clause) for clause in query.has]
        right = all(
            kept(one, stretches, clause.bounds)
            for clause, several in zip(query.has, sets, strict=True)
            for stretches in several
        )
        for lacks in query.lacks:
            right &= all(label in one.labels for label in lacks.labels) and not any(plays(one, lacks.labels))
        right &= all(COMPARE[length.comparison](one.duration_s, length.value) for length in query.lengths)
        if query.order is not None:
            right &= any(span.label in query.order.labels for span in one.spans)
        if right:
            first = sets[0][0] if sets else [(0.0, one.duration_s)]
            found[one.path] = sum(end_s - start_s for start_s, end_s in first)
    return found


def level(one: Recording, labels: Sequence[str]) -> float | None:
    spans = [(s.end_s - s.start_s, s.level_db) for s in one.spans if s.label in labels and s.level_db is not None]
    total = sum(seconds for seconds, _ in spans)
    return 10 * math.log10(sum(s * 10 ** (db / 10) for s, db in spans) / total) if total else None


@settings(max_examples=9, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), asked=st.lists(queries, min_size=10, max_size=10))
def test_a_search_finds_what_going_through_everything_finds(tmp_path: Path, seed: int, asked: list[Query]) -> None:
    recordings = made_up(seed)
    path = tmp_path / "library.duckdb"
    path.unlink(missing_ok=True)
    library = Library(path)
    library.put(recordings)
    for query in asked:
        results = library.search(query)
        expected = brute_force(recordings, query)
        assert {match.path: match.matched_s for match in results.matches} == expected
        assert results.total == len(expected)
        by_path = {one.path: one for one in recordings}
        for match in results.matches:
            check_spans(by_path[match.path], query, match)
        if query.order is not None and query.order.by == "loudest":
            check_order(results.matches, by_path, query.order.labels)


def check_spans(one: Recording, query: Query, match: Match) -> None:
    """What is shown of instruments together is where they are; of others, their spans."""
    for clause in query.has:
        name = " + ".join(" or ".join(labels) for labels in clause.group)
        least = [b for b in clause.bounds if b.measure.startswith("stretch") and b.comparison in (">=", ">")]
        if clause.together and not least and [c.group for c in query.has].count(clause.group) == 1:
            shown = [(span.start_s, span.end_s) for span in match.spans if span.label == name]
            if clause.group != ((name,),):
                assert shown == stretches_of(one, clause)[0]
    if not query.has and query.order is None:
        assert [(span.label, span.start_s, span.end_s) for span in match.spans] == [("", 0.0, one.duration_s)]


def check_order(matches: Sequence[Match], by_path: dict[str, Recording], labels: Sequence[str]) -> None:
    expected = [level(by_path[match.path], labels) for match in matches]
    assert [match.level_db for match in matches] == [None if x is None else pytest.approx(x) for x in expected]
    heard = [x for x in expected if x is not None]
    assert heard == sorted(heard, reverse=True) == expected[: len(heard)]


def test_the_question_of_the_docs_in_words(tmp_path: Path) -> None:
    library = Library(tmp_path / "library.duckdb")
    duet = [Span("saxophone", 5.0, 18.0, 0.9, -12.0), Span("piano", 0.0, 16.0, 0.9, -20.0)]
    library.put(
        [
            recording("duet", duet),
            recording("sung", [*duet, Span("voice", 1.0, 2.0, 0.9, -20.0)]),
            recording("short", [Span("saxophone", 5.0, 18.0, 0.9, None), Span("piano", 9.0, 12.0, 0.9, None)]),
            recording("never asked about voice", duet, labels=("piano", "saxophone")),
        ]
    )
    (match,) = library.search(EXAMPLES[0]).matches
    assert match.path == "/music/duet.wav"
    assert match.spans == (Span("saxophone + piano", 5.0, 16.0, None, None),)
    assert library.search("loudest saxophone, named D").matches[0].path == "/music/duet.wav"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("piano louder than -15 dB", "b"),
        ("piano quieter than -15 dB", "ac"),
        ("piano after 0:05", "bc"),
        ("piano before 5 s", "a"),
        ("piano > 25 %", "a"),
        ("piano at most 5 s at a stretch", "bc"),
        ("longer than 0.5 min", "c"),
        ("shortest", "bac"),
        ("longest", "cab"),
        ("by name", "abc"),
        ("earliest piano", "abc"),
        ("loudest piano, top 1", "b"),
        ("keys, no voice or violin", "abc"),
    ],
)
def test_what_is_asked_for_in_words_is_what_is_found(tmp_path: Path, text: str, found: str) -> None:
    library = Library(tmp_path / "library.duckdb")
    library.put(
        [
            recording("a", [Span("piano", 0.0, 10.0, 0.5, -20.0)], 20.0),
            recording("b", [Span("piano", 6.0, 8.0, 0.5, -10.0)], 10.0),
            recording("c", [Span("piano", 20.0, 25.0, 0.5, -30.0)], 40.0),
        ]
    )
    paths = [match.path for match in library.search(text).matches]
    names = "".join(Path(path).stem for path in paths)
    in_order = text.split()[0] in ("shortest", "longest", "by", "earliest", "loudest")
    assert (names if in_order else "".join(sorted(names))) == found


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_understood(example: str) -> None:
    assert parse(example) != Query()


@pytest.mark.parametrize("name", ["50%", "take-2.flac", "a + b (live)", "top 20", "Señor #1"])
def test_a_name_is_looked_for_as_it_is_written_up_to_the_comma(name: str) -> None:
    for text in (f"piano, named {name}, top 3", f"named  {name} ; piano, top 3", f'piano, named "{name}", top 3'):
        assert parse(text) == Query(has=(Has((("piano",),)),), names=(Named(name),), top=3)


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("named , piano", "a part of the name is expected", 6),
        ("pianp", "is piano meant?", 0),
        ("by length", "'name' is expected", 3),
        ("piano louder than loud", "a number is expected", 18),
        ("piano at least 3 dogs", "a unit is expected", 17),
        ("piano, violn at least 3 s", "is violin meant?", 7),
        ("piano at least", "a time or a share", 14),
        ("piano at least 10", "a unit is expected", 17),
        ("piano for", "a time is expected", 9),
        ("piano 3", "a comma is expected", 6),
        ("top 0", "a whole number", 4),
        ("piano and, voice", "the name of an instrument", 9),
        ('"piano', "quotation marks", 0),
        ("piano together louder than -3 dB", "without 'together'", 15),
        ("most piano, most voice", "one order only", 12),
        ("piano; drop table files", "no instrument is called 'drop table files'", 7),
    ],
)
def test_what_is_not_understood_is_one_sentence_with_its_place(text: str, reason: str, position: int) -> None:
    with pytest.raises(QueryError, match=reason) as caught:
        parse(text)
    assert caught.value.position == position
    assert f"(character {position + 1} of the query)" in str(caught.value)


def test_what_is_known_of_a_content_or_a_path_is_replaced(tmp_path: Path) -> None:
    library = Library(tmp_path / "library.duckdb")
    one = recording("a", [Span("piano", 0.0, 1.0, 0.5, None)])
    library.put([one, recording("b", [])])
    library.put([one])
    library.put_files([("/elsewhere/a.wav", one.sha256, 1000, 7)])
    assert library.search("piano").total == 2
    assert library.stats().spans == 1
    assert library.remove_files(["/music/a.wav", "/elsewhere/a.wav", "/never/there.wav"]) == 2
    assert library.stats().without_file == 1
    library.put_files([("/back/a.wav", one.sha256, 1000, 7)])
    assert library.search("piano").matches[0].path == "/back/a.wav"
    assert library.show("a.wav").spans == one.spans
    library.remove_files(["/back/a.wav"])
    assert library.prune() == 1
    assert library.stats().recordings == 1


def test_tables_that_are_imported_are_as_if_they_were_put(tmp_path: Path) -> None:
    recordings = [*made_up(3), recording("none", [])]
    write_tables(recordings, tmp_path / "tables")
    imported, put = Library(tmp_path / "imported.duckdb"), Library(tmp_path / "put.duckdb")
    for _ in range(2):
        assert imported.import_tables(tmp_path / "tables") == len(recordings)
    put.put(recordings)
    for query in ("", "piano", "no voice", "piano and voice together"):
        assert imported.search(query) == put.search(query)
    assert imported.stats().spans == put.stats().spans


def test_readers_of_several_processes_and_a_writer_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "library.duckdb"
    library = Library(path, wait_s=60.0)
    library.put([recording("first", [])])
    reader = (
        "import sys; from irec_live.library import Library\n"
        "for _ in range(6): assert Library(sys.argv[1], wait_s=60.0).search('').total >= 1"
    )
    problems: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(6):
                assert library.search("").total >= 1
        except BaseException as error:  # noqa: BLE001 -- told to the test
            problems.append(error)

    processes = [subprocess.Popen([sys.executable, "-c", reader, str(path)]) for _ in range(2)]
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for index in range(12):
        library.put([recording(f"{index}", [Span("piano", 0.0, 1.0, 0.5, None)])])
    for thread in threads:
        thread.join()
    assert [process.wait(120) for process in processes] == [0, 0]
    assert problems == []
    assert library.search("piano").total == 12


def test_a_library_that_is_held_is_one_sentence_and_a_killed_writer_leaves_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "library.duckdb"
    library = Library(path, wait_s=0.2)
    library.put([recording("kept", [Span("piano", 0.0, 1.0, 0.5, None)])])
    holder = (
        "import sys, time, duckdb; c = duckdb.connect(sys.argv[1]); c.execute('BEGIN; DELETE FROM files');"
        "print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", holder, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for work in (lambda: library.search("piano"), lambda: library.put([recording("new", [])])):
            with pytest.raises(LibraryError, match="by another program; try again in a moment"):
                work()
        process.kill()
    assert Library(path).search("piano").total == 1


def test_the_library_is_locked_before_duckdb_opens_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB reads where things are before it takes its own lock: who writes in between would be overwritten."""
    path = tmp_path / "library.duckdb"
    seen = []

    def watched(path: Path | str = ":memory:", *, read_only: bool = False, **options: Any) -> object:
        with (tmp_path / "library.duckdb.lock").open("rb") as lock:
            seen.append((read_only, lock_file(lock, shared=True)))
        with (tmp_path / "library.duckdb.lock").open("rb") as lock:
            assert not lock_file(lock)
        return connect(path, read_only=read_only, **options)

    monkeypatch.setattr(store, "connect", watched)
    library = Library(path)
    library.put([recording("a", [])])
    assert library.search("").total == 1
    shared = sys.platform != "win32"
    assert set(seen) == {(False, False), (True, shared)}


def test_who_comes_while_another_program_writes_waits_and_then_is_told(tmp_path: Path) -> None:
    library = Library(tmp_path / "library.duckdb", wait_s=0.05)
    library.put([recording("a", [])])
    with (tmp_path / "library.duckdb.lock").open("rb") as lock:
        assert lock_file(lock)
        for work in (lambda: library.search(""), lambda: library.put([recording("new", [])])):
            with pytest.raises(LibraryError, match="by another program; try again in a moment"):
                work()
    assert library.search("").total == 1


def test_a_library_where_nobody_can_write_a_lock_is_read_all_the_same(tmp_path: Path) -> None:
    library = Library(tmp_path / "library.duckdb")
    library.put([recording("a", [])])
    (tmp_path / "library.duckdb.lock").unlink()
    (tmp_path / "library.duckdb.lock").mkdir()
    assert library.search("").total == 1


def test_what_is_no_library_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="irec-live library add FOLDER makes one"):
        Library(tmp_path / "none.duckdb").search("")
    (tmp_path / "notes.duckdb").write_text("lyrics" * 2000)
    # Its path has a word in it that DuckDB uses when another program has the file.
    notes = tmp_path / "blocks"
    notes.mkdir()
    (notes / "lock.duckdb").write_text("lyrics" * 2000)
    with pytest.raises(LibraryError, match=r"no library that can be opened: .*; move it away"):
        Library(notes / "lock.duckdb", wait_s=0.0).search("")
    with connect(tmp_path / "other.duckdb") as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
    with pytest.raises(LibraryError, match="database of something else"):
        Library(tmp_path / "other.duckdb").put([recording("a", [])])
    about = "CREATE TABLE about (key VARCHAR, value VARCHAR)"
    for name, tables, reason in (
        (
            "older",
            "CREATE TABLE about (key VARCHAR, value VARCHAR); INSERT INTO about VALUES ('version', '0')",
            "another version",
        ),
        ("half", f"{about}; INSERT INTO about VALUES ('version', '1')", "lacks"),
        ("about", "CREATE TABLE about (x INTEGER)", "database of something else"),
    ):
        with connect(tmp_path / name) as connection:
            connection.execute(tables)
        with pytest.raises(LibraryError, match=f"{reason}.*; move it away"):
            Library(tmp_path / name).search("")


def test_a_library_that_may_not_be_opened_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "library.duckdb")
    library.put([recording("a", [])])
    access = os.access
    for refused in ((library.path, os.R_OK), (library.path, os.W_OK), (tmp_path, os.W_OK)):

        def asked(path: Path, mode: int, *, refused: tuple[Path, int] = refused, **how: Any) -> bool:
            return (path, mode) != refused and access(path, mode, **how)

        monkeypatch.setattr(os, "access", asked)  # the tests may run as root, whom no permission stops
        work = (lambda: library.search("")) if refused[1] == os.R_OK else (lambda: library.put([recording("b", [])]))
        with pytest.raises(LibraryError, match=r"cannot (read|write) .*: permission denied; see who may"):
            work()


def test_an_empty_file_is_no_library_yet_and_becomes_one(tmp_path: Path) -> None:
    library = Library(tmp_path / "library.duckdb")
    library.path.touch()
    assert not library.exists()
    with pytest.raises(LibraryError, match="there is no library"):
        library.search("")
    library.put([recording("a", [])])
    assert library.search("").total == 1


def test_a_writer_that_is_interrupted_while_it_waits_leaves_readers_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "library.duckdb")
    library.put([recording("a", [])])
    turns = store._turns_of(library.path)

    def interrupted(_: object) -> bool:
        raise KeyboardInterrupt

    with turns.reading():
        with monkeypatch.context() as patch:
            patch.setattr(turns._changed, "wait_for", interrupted)
            with pytest.raises(KeyboardInterrupt):
                library.put([recording("b", [])])
        assert library.search("").total == 1
