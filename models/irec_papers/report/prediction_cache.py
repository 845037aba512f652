"""Prediction cache on disk: a long evaluation that was interrupted continues where it stopped.

An answer is found by the window's own samples, so nothing else has to be the same: another data folder, split, hop or
order of clips asks about other windows or about known ones, and is right either way. Each model has a file of its own,
named by its sha256.

Shapes: B batch, T samples in a window, K labels, N frames.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import platformdirs

from irec_live.errors import OutputError
from irec_models.measuring.predictors import Array, Predictor

_COMMIT_EVERY = 256
_AT_ONCE = 200  # keys in one question; SQLite allows 999 values at least


def default_folder() -> Path:
    """Default cache folder."""
    return platformdirs.user_cache_path("irec-live") / "evaluations"


class PredictionCache:
    """Predictions of one model, keyed by window, in an SQLite file.

    Parameters
    ----------
    path : Path
        SQLite file; made with its folder where it is missing.

    Raises
    ------
    OutputError
        It cannot be written, or is something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unsaved = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=30.0)
            self._database.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise self._failure(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Predictions that are in the cache."""
        found: dict[bytes, bytes] = {}
        try:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                found.update(self._database.execute(f"SELECT key, value FROM answers WHERE key IN ({marks})", some))
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return found

    def keep(self, answers: dict[bytes, bytes]) -> None:
        """Add predictions; they are committed to disk every few hundred."""
        try:
            self._database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", answers.items())
            self._unsaved += len(answers)
            if self._unsaved >= _COMMIT_EVERY:
                self._database.commit()
                self._unsaved = 0
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Commit and close; may be called twice."""
        try:
            self._database.commit()
        except sqlite3.ProgrammingError:
            return
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            self._database.close()

    def _failure(self, error: Exception) -> OutputError:
        return OutputError(f"cannot store predictions in {self._path}: {error}; name another folder with --cache")


class CachingPredictor:
    """A predictor with a cache: each window is predicted only once.

    Attributes
    ----------
    asked : int
        Windows that the model itself had to predict.
    """

    def __init__(self, predictor: Predictor, memory: PredictionCache) -> None:
        self.spec = predictor.spec
        self.asked = 0
        self._predictor = predictor
        self._memory = memory
        labels = len(self.spec.labels)
        self._shape = (labels,) if self.spec.kind == "activation" else (labels, self.spec.frames)

    def __call__(self, windows: npt.NDArray[np.floating[Any]]) -> Array:
        """(B, T) float32 to (B, K) or (B, K, N) float32."""
        windows = np.ascontiguousarray(windows, np.float32)
        keys = [hashlib.blake2b(window.tobytes(), digest_size=16).digest() for window in windows]
        known = self._memory.find(keys)
        size = 4 * int(np.prod(self._shape))
        known = {key: value for key, value in known.items() if len(value) == size}
        new = {key: row for row, key in enumerate(keys) if key not in known}
        if new:
            rows = self._predictor(windows[list(new.values())])
            fresh = {key: np.ascontiguousarray(row, "<f4").tobytes() for key, row in zip(new, rows, strict=True)}
            self._memory.keep(fresh)
            known |= fresh
            self.asked += len(new)
        answers = [np.frombuffer(known[key], "<f4").reshape(self._shape) for key in keys]
        return np.stack(answers).astype(np.float32) if answers else np.zeros((0, *self._shape), np.float32)
