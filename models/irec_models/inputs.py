"""Input checks: whether the files and folders that a command was given are there, told before PyTorch is imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from irec_live.errors import CheckpointError, DataError, MissingExtraError, ModelError, OutputError, RecipeError
from irec_live.files import look

MANIFEST = "manifest.csv"
NEEDED = ("file", "labels", "source", "split")
"""Name of a data folder's table, and the columns that it cannot do without."""

LAST, BEST, UNFINISHED = "last.pt", "best.pt", "unfinished"
"""Files of a run, to resume from and to publish; and where one that is not trained by gradient keeps what it has."""


def check_extra(extra: str) -> None:
    """Check that PyTorch is installed: before anybody looks for files that could not be used without it.

    Raises
    ------
    MissingExtraError
        It is not; the extra brings it.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("torch", extra)


def check_data_folder(folder: Path) -> None:
    """Check that a data folder is there and has a manifest.

    Raises
    ------
    DataError
        It has none, or does not exist.
    """
    if look(folder, DataError) != "folder":
        raise DataError(f"data folder {folder} does not exist; give the folder that holds {MANIFEST}")
    if not look(folder / MANIFEST, DataError):
        raise DataError(
            f"{folder} has no {MANIFEST}; expected a table with columns {', '.join(NEEDED)} (for a public data set, "
            f"irec-train data check NAME --dir {folder} writes it)"
        )


def check_checkpoint(path: Path) -> None:
    """Check that a checkpoint's file is there.

    Raises
    ------
    CheckpointError
        It is not, or is no plain file.
    """
    what = look(path, CheckpointError)
    if not what:
        raise CheckpointError(f"there is no checkpoint {path}")
    if what != "file":
        raise CheckpointError(f"{path} is not a plain file, so it is no checkpoint")


def check_model_name(path: Path) -> None:
    """Check that the app would take a file for a model.

    Raises
    ------
    OutputError
        Its name does not end in ``.onnx``.
    """
    if path.suffix.lower() != ".onnx":
        raise OutputError(f"{path} does not end in .onnx, so the app would not take it for a model")


def check_run(folder: Path) -> None:
    """Check that a run that is to be published is there.

    Raises
    ------
    RecipeError, CheckpointError
        It has no recipe, or no best weights.
    """
    if not look(folder / "recipe.toml", RecipeError):
        raise RecipeError(f"there is no recipe {folder / 'recipe.toml'}")
    check_checkpoint(folder / BEST)


def check_new_run(folder: Path, *, resume: bool) -> None:
    """Check that no earlier run would be overwritten.

    Raises
    ------
    RecipeError
        There is already a run in the folder, and `resume` is False.
    """
    if not resume and any(look(folder / name, RecipeError) for name in (LAST, UNFINISHED)):
        raise RecipeError(f"{folder} already holds a run; add --resume to continue it, or give another --out")


def check_teacher(path: Path) -> None:
    """Check that a teacher's file is there.

    Raises
    ------
    DataError
        It is not.
    """
    if look(path, DataError) != "file":
        raise DataError(
            f"there is no teacher {path}; give YAMNet's published yamnet.tflite ([distill]) or an exported network of "
            "windows ([sequences])"
        )


def check_there(path: Path) -> None:
    """Check that there is anything at a path: a file with scores, a list of sources, what was corrected.

    Raises
    ------
    DataError
        There is nothing.
    """
    if not look(path, DataError):
        raise DataError(f"there is no file or folder {path}")


def check_model(given: Path) -> None:
    """Check that a model is there: an ``.onnx`` file, a checkpoint, or an installed model that a bare word names.

    Raises
    ------
    ModelError, CheckpointError
        It is not.
    """
    from irec_live.models.catalog import find_model  # needs more than --help has time for

    what = look(given, ModelError)
    if not what and given.name == str(given) and not given.suffix:
        find_model(given.name)
    elif given.suffix.lower() == ".onnx":
        find_model(given)
    else:
        check_checkpoint(given)
