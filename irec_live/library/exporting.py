"""What a search found, as a playlist, a table, JSON, or clips of sound."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from irec_live.clips import save_clip
from irec_live.errors import IrecError, OutputError
from irec_live.files import look, make_folder
from irec_live.library.values import Match, Results
from irec_live.spool import path_of

FORMATS = ("m3u", "csv", "json")
"""Texts; clips are files."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def text_of(results: Results, form: str) -> str:
    """Matches as text.

    Parameters
    ----------
    results : Results
    form : {"m3u", "csv", "json"}
        ``m3u`` has an entry for each span, with VLC's marks of where it starts and stops; ``csv`` a row for each.
    """
    return {"m3u": _m3u, "csv": _csv, "json": _json}[form](results)


def write_clips(matches: Sequence[Match], folder: Path, *, margin_s: float = 0.0) -> Iterator[tuple[Path | None, str]]:
    """Cut each span out into a WAV file of 24 bits, named after its file, label and time.

    Parameters
    ----------
    matches : sequence of Match
    folder : Path
        Made if it is missing; a file that is there already stays.
    margin_s : float
        Seconds before and after each span.

    Yields
    ------
    (Path or None, str)
        What was written, or None and why not, a sentence.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    make_folder(folder)
    for match in matches:
        source = path_of(match.path)
        for span in match.spans:
            label = re.sub(r"[^\w+]+", "-", span.label) or "all"
            target = folder / f"{Path(match.path).stem[:80]}-{label}-{span.start_s:08.2f}.wav"
            try:
                if look(target, OutputError):
                    yield None, f"{target} is there already"
                    continue
                save_clip(source, span.start_s - margin_s, span.end_s + margin_s, target)
            except IrecError as error:
                yield None, str(error)
                continue
            yield target, ""


def _m3u(results: Results) -> str:
    lines = ["#EXTM3U"]
    for match in results.matches:
        for span in match.spans:
            title = f"{Path(match.path).stem}: {span.label}" if span.label else Path(match.path).stem
            lines.append(f"#EXTINF:{round(span.end_s - span.start_s)},{' '.join(_CONTROLS.sub(' ', title).split())}")
            if span.label:
                lines += [f"#EXTVLCOPT:start-time={span.start_s:.2f}", f"#EXTVLCOPT:stop-time={span.end_s:.2f}"]
            lines.append(_entry(match.path))
    return "\n".join(lines) + "\n"


def _entry(path: str) -> str:
    """A path as a playlist has it: a line, and a URI where the path is none."""
    if str(path_of(path)) != path:  # a name that is no text
        return path_of(path).as_uri()
    if path == path.strip() and not _CONTROLS.search(path):
        return path
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path, safe="/:")


def _csv(results: Results) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["path", "label", "start_s", "end_s", "activation", "level_db", "duration_s", "matched_s"])
    for match in results.matches:
        for span in match.spans:
            where = (match.path, span.label, span.start_s, span.end_s)
            writer.writerow([*where, span.activation, span.level_db, match.duration_s, match.matched_s])
    return text.getvalue()


def _json(results: Results) -> str:
    return json.dumps(results.to_dict(), ensure_ascii=False, allow_nan=False) + "\n"
