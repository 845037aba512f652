"""Model catalogue: bundled models, those in the user's folder, and files given by path."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import irec_assets
from irec_live.errors import ModelError
from irec_live.files import look
from irec_live.models.onnx_file import inspect_model, printable, read_metadata, read_model_bytes
from irec_live.models.spec import ModelSpec

MODELS_DIR_VARIABLE = "IREC_MODELS_DIR"
"""Environment variable that names another folder for the user's models."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be loaded by name.

    Attributes
    ----------
    name : str
        What ``load_model`` and ``--model`` take: the spec's, or the file's where another model has that.
    path : Path
    spec : ModelSpec
    bundled : bool
        Whether it came with the app, rather than from the user's models folder.
    """

    name: str
    path: Path
    spec: ModelSpec
    bundled: bool

    def to_dict(self) -> dict[str, object]:
        """The model as plain values, for JSON."""
        spec = self.spec
        return {
            "name": self.name,
            "title": spec.title,
            "kind": spec.kind,
            "path": str(self.path),
            "available": True,
            "bundled": self.bundled,
            "labels": list(spec.labels),
            "sample_rate": spec.sample_rate,
            "window_s": spec.window_s,
            "hop_s": spec.hop_s,
            "parameters": spec.parameters,
            "precision": spec.precision,
            "licence": spec.licence,
            "training_data": spec.training_data,
            "scores": spec.scores,
            "reference": spec.reference,
            "sources": [source.model_dump() for source in spec.sources],
        }


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file in the user's models folder that is no model.

    Attributes
    ----------
    path : Path
    reason : str
        One sentence.
    """

    path: Path
    reason: str


def bundled_models() -> tuple[ModelInfo, ...]:
    """Models that came with the app, by name."""
    return _models_in(irec_assets.models_folder(), bundled=True)


def user_models() -> tuple[ModelInfo, ...]:
    """Models in the user's folder, by name; files there that are not models are `left_out_models`.

    Of several with one name, the file that is called so keeps it, else the first; the others have their files' names.
    """
    found = _models_in(user_models_folder(), bundled=False)
    named = sorted(found, key=lambda model: model.path.stem != model.name)
    keepers = {model.name: model.path for model in reversed(named)}
    taken = set(keepers)
    apart = []
    for model in found:
        name = model.name
        if keepers[name] != model.path:
            name = model.path.stem if model.path.stem not in taken else str(model.path)
            taken.add(name)
        apart.append(replace(model, name=name))
    return tuple(apart)


def left_out_models() -> tuple[LeftOut, ...]:
    """Files in the user's folder that look like models and are none, and why."""
    entries = [(path, _spec(path, False, *stat)) for path, stat in _files_in(user_models_folder())]
    return tuple(LeftOut(path, reason) for path, reason in entries if isinstance(reason, str))


def list_models() -> tuple[ModelInfo, ...]:
    """All models that have a name: the bundled ones, then the user's."""
    bundled = bundled_models()
    names = {model.name for model in bundled}
    return (*bundled, *(model for model in user_models() if model.name not in names))


def hidden_models() -> tuple[ModelInfo, ...]:
    """The user's models that have a bundled one's name: `find_model` knows them by their files' names, or as paths."""
    names = {model.name for model in bundled_models()}
    return tuple(model for model in user_models() if model.name in names)


def user_models_folder() -> Path:
    """Where the user's own models are looked for; it need not exist."""
    import platformdirs

    chosen = os.environ.get(MODELS_DIR_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_data_path("irec-live") / "models"


def find_model(name_or_path: str | os.PathLike[str]) -> Path:
    """The file behind a model's name or path.

    Anything that ends in ``.onnx`` or names a folder on the way is a path; the rest are names, or the names of files in
    the user's folder that are hidden by bundled ones.

    Raises
    ------
    ModelError
        There is no such model or file.
    """
    text = os.fspath(name_or_path)
    if isinstance(name_or_path, Path) or text.lower().endswith(".onnx") or os.sep in text or "/" in text:
        path = Path(os.path.expanduser(text))  # noqa: PTH111 - which leaves the name of a user who is not known as it is
        if not look(path, ModelError):
            raise ModelError(f"no model file at {path}")
        return path
    models = list_models()
    for model in models:
        if model.name == text:
            return model.path
    for model in hidden_models():
        if model.path.stem == text:
            return model.path
    for left_out in left_out_models():
        if left_out.path.stem == text:
            raise ModelError(left_out.reason)
    known = ", ".join(model.name for model in models) or "none is installed"
    raise ModelError(
        f"no model is called '{text}'; known: {known}; or give the path of an .onnx file "
        "(irec-train recipes lists what can be trained)"
    )


def _models_in(folder: Path, *, bundled: bool) -> tuple[ModelInfo, ...]:
    entries = [(path, _spec(path, bundled, *stat)) for path, stat in _files_in(folder)]
    return tuple(ModelInfo(spec.name, path, spec, bundled) for path, spec in entries if isinstance(spec, ModelSpec))


def _files_in(folder: Path) -> list[tuple[Path, tuple[int, int]]]:
    """What is called a model there, with what tells that it changed."""
    found = []
    with suppress(OSError):
        for path in sorted(folder.glob("*.onnx")):
            try:
                stat = path.stat()
            except OSError:  # a link to nothing, which hides no other model
                found.append((path, (0, 0)))
            else:
                found.append((path, (stat.st_mtime_ns, stat.st_size)))
    return found


@lru_cache(maxsize=256)
def _spec(path: Path, bundled: bool, modified_ns: int, size: int) -> ModelSpec | str:
    """Spec of a model file, or why it is none; the extra arguments make the cache see that a file changed.

    A bundled one is taken at its word here: it came with the app, and is looked through all the same when it is loaded.
    """
    name = printable(path.name)
    try:
        metadata = read_metadata(path) if bundled else inspect_model(read_model_bytes(path), name).metadata
        return ModelSpec.from_metadata(metadata, name)
    except ModelError as error:
        return str(error)
