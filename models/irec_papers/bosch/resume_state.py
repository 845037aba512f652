"""Resume state: intermediate results of an unfinished run on disk, to continue after an interruption."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from irec_live.errors import CheckpointError, RecipeError
from irec_live.files import make_folder, write_atomically

Arrays = dict[str, npt.NDArray[np.generic]]


class ResumeState:
    """Named groups of arrays in a folder; each group is written atomically.

    Parameters
    ----------
    folder : Path
        Is made with the first group.
    key : str
        Tells what the arrays were made of: those of another key are refused.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self._key = key

    def put(self, name: str, arrays: Arrays) -> None:
        """Write a group, replacing an earlier one.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        content = io.BytesIO()
        np.savez(content, _key=np.array(self._key), **arrays)  # type: ignore[arg-type]  # its flags are no arrays
        make_folder(self.folder)
        write_atomically(self._path(name), content.getbuffer())

    def get(self, name: str) -> Arrays | None:
        """A group, or None if it was not written.

        Raises
        ------
        RecipeError
            It was made of something else.
        CheckpointError
            It is damaged.
        """
        path = self._path(name)
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as content:
                arrays = dict(content)
            key = str(arrays.pop("_key"))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"{path} is damaged; delete it to make it again") from error
        if key != self._key:
            raise RecipeError(
                f"{self.folder} holds features of another recipe, other settings or other data; give another --out"
            )
        return arrays

    def clear(self) -> None:
        """Delete all groups."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
