"""Reading the tables that data sets come with."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from irec_live.errors import DataError


def rows_of(path: Path, needed: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows of a CSV file that has a header.

    Raises
    ------
    DataError
        It is missing, no UTF-8 table, or lacks a needed column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise DataError(f"{path} lacks column {missing[0]}; is it the table that was published?")
            for number, row in enumerate(reader, start=2):
                if any(row[name] is None for name in needed):
                    raise DataError(f"{path}, line {number} is cut short; download it again")
                yield row
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; download it or unpack the archive again") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a UTF-8 table: {error}") from error


def lines_of(path: Path) -> list[str]:
    """Lines of a text file that are not empty.

    Raises
    ------
    DataError
        It is missing or not UTF-8.
    """
    try:
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; unpack the archive again") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def object_of(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises
    ------
    DataError
        It is missing, or is something else.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; unpack the archive again") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}; unpack the archive again") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no JSON object; is it the file that was published?")
    return content


def first_missing(files: Sequence[Path], listing: Path) -> None:
    """Check that files are there; one listing of each folder rather than a question for each file.

    Parameters
    ----------
    files : sequence of Path
    listing : Path
        What says that they should be.

    Raises
    ------
    DataError
        Names the first one that is not, and how many are not.
    """
    there = {path for parent in {file.parent for file in files} if parent.is_dir() for path in parent.iterdir()}
    gone = [file for file in files if file not in there]
    if gone:
        more = f" and {len(gone) - 1:,} more are" if len(gone) > 1 else " is"
        raise DataError(f"{gone[0]}{more} missing, though {listing} lists them; unpack the archive again")
