"""Which models can be loaded by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import irec_assets
import tiny_models
from irec_live.cli import main
from irec_live.errors import ModelError
from irec_live.models import catalog
from irec_live.models.names import DEFAULT_ACTIVATION, DEFAULT_ENVELOPE, OWN, by_origin
from irec_live.models.onnx_file import OnnxFile, inspect_model, read_metadata


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv("IREC_MODELS_DIR", str(folder))
    return folder


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for the bundled models."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    monkeypatch.setattr(irec_assets, "models_folder", lambda: folder)
    return folder


@pytest.mark.parametrize("path", ["~nobody-of-this-name/model.onnx", "~nobody-of-this-name.onnx"])
def test_a_path_may_begin_with_a_user_whom_nobody_knows(path: str) -> None:
    with pytest.raises(ModelError, match="no model file at ~nobody"):
        catalog.find_model(path)


@pytest.mark.skipif(sys.platform == "win32", reason="there a user is told by other variables")
@pytest.mark.parametrize(("command", "status"), [("models", 0), ("library search piano", 2)])
def test_a_user_without_a_home_has_no_models_or_library_and_no_traceback(command: str, status: int) -> None:
    as_nobody = (
        "import os, pwd, sys\n"
        "def unlisted(number): raise KeyError(number)\n"
        "pwd.getpwuid = unlisted\n"
        "from irec_live.__main__ import start\n"
        f"sys.argv = {['irec-live', *command.split()]}\n"
        "start()\n"
    )
    without = {name: value for name, value in os.environ.items() if not name.startswith(("HOME", "XDG_", "IREC_"))}
    run = subprocess.run([sys.executable, "-c", as_nobody], capture_output=True, text=True, env=without, check=False)
    assert (run.returncode, run.stderr.count("\n")) == (status, 0 if status == 0 else 1), run.stderr
    assert status == 0 or "/nonexistent" in run.stderr


def test_models_in_the_users_folder_have_names(user_folder: Path) -> None:
    path = tiny_models.write_activation_model(user_folder, "mine")
    (model,) = catalog.user_models()
    assert (model.name, model.path, model.bundled) == ("mine", path, False)
    assert model.spec == tiny_models.activation_spec(name="mine")
    assert catalog.find_model("mine") == path


def test_the_name_is_the_specs_not_the_files(user_folder: Path) -> None:
    path = tiny_models.write_activation_model(user_folder, "inside").rename(user_folder / "outside.onnx")
    assert catalog.find_model("inside") == path
    with pytest.raises(ModelError):
        catalog.find_model("outside")


def test_files_that_are_not_models_are_left_out(user_folder: Path) -> None:
    (user_folder / "text.onnx").write_text("no")
    (user_folder / "empty.onnx").touch()
    (user_folder / "folder.onnx").mkdir()
    (user_folder / "notes.txt").write_text("hello")
    assert catalog.user_models() == ()
    (user_folder / "gone.onnx").symlink_to(user_folder / "nothing")
    left_out = {entry.path.stem: entry.reason for entry in catalog.left_out_models()}
    assert sorted(left_out) == ["empty", "folder", "gone", "text"]
    assert left_out["empty"] == "empty.onnx is empty (0 bytes)"
    assert "is not an ONNX model" in left_out["text"]
    with pytest.raises(ModelError, match=r"^empty\.onnx is empty"):
        catalog.find_model("empty")


def test_a_broken_link_hides_no_model(user_folder: Path) -> None:
    tiny_models.write_activation_model(user_folder, "mine")
    (user_folder / "gone.onnx").symlink_to(user_folder / "nothing")
    assert [model.name for model in catalog.user_models()] == ["mine"]


def test_models_of_one_name_are_told_apart(user_folder: Path) -> None:
    first = tiny_models.write_activation_model(user_folder, "same").rename(user_folder / "a.onnx")
    second = tiny_models.write_envelope_model(user_folder, "same").rename(user_folder / "b.onnx")
    assert [(model.name, model.path) for model in catalog.user_models()] == [("same", first), ("b", second)]
    third = tiny_models.write_activation_model(user_folder, "same")
    names = {model.name: model.path for model in catalog.list_models() if not model.bundled}
    assert names == {"a": first, "b": second, "same": third}
    assert all(catalog.find_model(name) == path for name, path in names.items())
    fourth = user_folder / "c.onnx"
    fourth.write_bytes(tiny_models.activation_model(tiny_models.activation_spec(name="a")))
    names = {model.name: model.path for model in catalog.user_models()}
    assert names == {"a": fourth, str(first): first, "b": second, "same": third}


def test_the_list_says_what_is_left_out_and_why(user_folder: Path) -> None:
    (user_folder / "empty.onnx").touch()
    tiny_models.write_activation_model(user_folder, "same").rename(user_folder / "a.onnx")
    tiny_models.write_activation_model(user_folder, "same").rename(user_folder / "b.onnx")
    result = CliRunner().invoke(main, ["models", "--json"])
    assert result.exit_code == 0
    assert "irec-live: left out of the models: empty.onnx is empty (0 bytes)\n" in result.stderr
    assert "b.onnx has the name of another model, same; it is listed as b\n" in result.stderr
    assert [entry["name"] for entry in json.loads(result.stdout)].count("same") == 1


def test_a_folder_that_does_not_exist_has_no_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IREC_MODELS_DIR", str(tmp_path / "none"))
    assert catalog.user_models() == ()


def test_without_the_variable_the_platforms_data_folder_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IREC_MODELS_DIR")
    assert catalog.user_models_folder().parts[-2:] == ("irec-live", "models")


def test_a_changed_file_is_read_again(user_folder: Path) -> None:
    path = tiny_models.write_activation_model(user_folder, "one")
    assert [model.name for model in catalog.user_models()] == ["one"]
    path.write_bytes(tiny_models.activation_model(tiny_models.activation_spec(name="another")))
    assert [model.name for model in catalog.user_models()] == ["another"]


def test_bundled_models_come_first_and_keep_their_names(bundle: Path, user_folder: Path) -> None:
    tiny_models.write_envelope_model(bundle, "b")
    tiny_models.write_activation_model(user_folder, "a")
    tiny_models.write_activation_model(user_folder, "b")
    assert [(model.name, model.bundled) for model in catalog.list_models()] == [("b", True), ("a", False)]
    assert catalog.find_model("b") == bundle / "b.onnx"


def test_models_that_a_bundled_name_hides_are_found_by_their_files(bundle: Path, user_folder: Path) -> None:
    tiny_models.write_activation_model(bundle, "b")
    own = tiny_models.write_activation_model(user_folder, "b").rename(user_folder / "better.onnx")
    (hidden,) = catalog.hidden_models()
    assert (hidden.name, hidden.path) == ("b", own)
    assert catalog.find_model("b") == bundle / "b.onnx"
    assert catalog.find_model("better") == own


@pytest.mark.parametrize("as_path", [str, Path])
def test_a_path_is_taken_as_it_is(tmp_path: Path, as_path: type) -> None:
    path = tiny_models.write_activation_model(tmp_path, "x")
    assert catalog.find_model(as_path(path)) == path


def test_the_home_folder_may_be_abbreviated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = tiny_models.write_activation_model(tmp_path, "x")
    assert catalog.find_model("~/x.onnx") == path


@pytest.mark.parametrize("missing", ["none.onnx", "NONE.ONNX", "folder/none", os.path.join("a", "b")])  # noqa: PTH118
def test_a_path_without_a_file(missing: str) -> None:
    with pytest.raises(ModelError, match="no model file at"):
        catalog.find_model(missing)


def test_an_unknown_name_lists_the_known_ones(bundle: Path, user_folder: Path) -> None:
    tiny_models.write_activation_model(bundle, "first")
    tiny_models.write_activation_model(user_folder, "second")
    with pytest.raises(ModelError, match="no model is called 'third'; known: first, second"):
        catalog.find_model("third")


def test_no_model_at_all_is_said_plainly(bundle: Path) -> None:
    assert bundle.is_dir()
    with pytest.raises(ModelError, match="none is installed"):
        catalog.find_model("mine")


def test_listing_models_does_not_load_the_runtime(user_folder: Path) -> None:
    tiny_models.write_activation_model(user_folder, "mine")
    script = (
        "import sys; from irec_live.models.catalog import list_models; "
        "assert 'mine' in [model.name for model in list_models()]; "
        "assert not {'onnxruntime', 'onnx', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)


def test_bundled_models_are_listed_without_a_look_at_their_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(data: bytes, origin: str = "the model") -> OnnxFile:
        raise AssertionError(f"{origin} is looked through, which takes as long as all the rest of a start")

    monkeypatch.setattr(catalog, "inspect_model", refuse)
    catalog._spec.cache_clear()
    models = catalog.bundled_models()
    assert {DEFAULT_ACTIVATION, DEFAULT_ENVELOPE} <= {model.name for model in models}
    for model in models:
        assert read_metadata(model.path) == inspect_model(model.path.read_bytes()).metadata


@pytest.mark.parametrize("contents", [b"", b"no model", None])
def test_a_bundled_file_that_is_no_model_is_not_listed(bundle: Path, contents: bytes | None) -> None:
    broken = bundle / "broken.onnx"
    if contents is not None:
        broken.write_bytes(contents)
    with pytest.raises(ModelError, match="broken"):
        read_metadata(broken)
    assert [model.path for model in catalog.bundled_models() if model.path == broken] == []


def test_bundled_models_tell_where_they_come_from_and_stay_small() -> None:
    models = catalog.bundled_models()
    assert {model.name for model in by_origin(models)[OWN]} == {
        DEFAULT_ACTIVATION,
        DEFAULT_ENVELOPE,
    }
    for model in models:
        spec = model.spec
        assert spec.hyperparameters["labels"] == len(spec.labels)
        assert spec.lineage is not None
        assert spec.lineage.recipe == model.name
        assert all(source.licence for source in spec.sources)
        assert spec.trained_on
        # The activation network was validated on the dev split, whose sources are no part of its training data at all.
        held_out = {source.name for source in spec.sources if source.held_out}
        assert bool(held_out) == (model.name != DEFAULT_ACTIVATION)
        assert spec.weights == "fp16"
        assert bool(spec.score_line)
    # What a wheel of all of them weighs is bounded by this; it is packed a little further.
    assert sum(model.path.stat().st_size for model in models) < 68e6
