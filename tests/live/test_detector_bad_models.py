"""A model from a stranger can be refused, in one sentence, and nothing worse."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tiny_models
from irec_live.errors import ModelError
from irec_live.models import detector as detector_module
from irec_live.models import onnx_file, sandbox
from irec_live.models.detector import Detector, load_model
from irec_live.models.onnx_file import inspect_model
from irec_live.models.operators import SIZES
from irec_live.models.spec import CARD_KEY, SPEC_KEY


def refusal(model: bytes | Path) -> str:
    """The message with which a model is refused; one line, whatever the model."""
    with pytest.raises(ModelError) as caught:
        Detector(model)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert len(message) < 500
    return message


def changed(change: object, data: bytes | None = None) -> bytes:
    """The tiny activation model after `change` edited its protobuf."""
    model = onnx.load_from_string(tiny_models.activation_model() if data is None else data)
    change(model)  # type: ignore[operator]
    return model.SerializeToString()


def slow_model(size: int, products: int) -> bytes:
    """A model that multiplies large matrices many times; the first one depends on the input, so nothing folds."""
    nodes = [
        helper.make_node("ReduceMean", ["audio"], ["level"], keepdims=0),
        helper.make_node("ConstantOfShape", ["square"], ["zeros"]),
        helper.make_node("Add", ["zeros", "level"], ["m0"]),
        *(helper.make_node("MatMul", [f"m{i}", f"m{i}"], [f"m{i + 1}"]) for i in range(products)),
        helper.make_node("ReduceMean", [f"m{products}"], ["mean"], keepdims=0),
        helper.make_node("Slice", ["audio", "from", "to", "axis"], ["three"]),
        helper.make_node("Add", ["three", "mean"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["activation"]),
    ]
    constants = {
        "square": np.array([size, size], np.int64),
        "from": np.array([0], np.int64),
        "to": np.array([3], np.int64),
        "axis": np.array([1], np.int64),
    }
    return tiny_models.model_bytes(tiny_models.activation_spec(), nodes, constants)


def test_a_missing_file(tmp_path: Path) -> None:
    assert "no model file at" in refusal(tmp_path / "none.onnx")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    assert refusal(path) == "empty.onnx is empty (0 bytes)"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "pipe.onnx"
    os.mkfifo(path)
    assert "not a plain file" in refusal(path)


@pytest.mark.parametrize(
    "data",
    [b"hello, world\n", b"\x89PNG\r\n\x1a\n" + bytes(100), b"RIFF\x24\x00\x00\x00WAVEfmt ", bytes(1000), b"\xff" * 99],
    ids=["text", "png", "wav", "zeros", "ones"],
)
def test_files_that_are_something_else(data: bytes) -> None:
    assert "not an ONNX model" in refusal(data)


def test_a_file_cut_short_anywhere() -> None:
    data = tiny_models.activation_model()
    for length in range(1, len(data), 61):
        refusal(data[:length])


def test_random_damage_is_refused_or_read_but_never_anything_else() -> None:
    rng = np.random.default_rng(7)
    data = tiny_models.activation_model()
    for _ in range(1500):
        damaged = bytearray(data)
        for position in rng.integers(0, len(data), rng.integers(1, 4)):
            damaged[position] = int(rng.integers(256))
        try:
            inspect_model(bytes(damaged))
        except ModelError:
            continue


def test_a_file_too_large(monkeypatch: pytest.MonkeyPatch, tiny_activation_path: Path) -> None:
    monkeypatch.setattr(onnx_file, "MAX_FILE_BYTES", 1000)
    assert "MiB" in refusal(tiny_activation_path)
    assert "MiB" in refusal(tiny_activation_path.read_bytes())


def test_valid_onnx_without_metadata_names_the_tool_that_adds_it() -> None:
    message = refusal(changed(lambda model: model.ClearField("metadata_props")))
    assert SPEC_KEY in message
    assert "irec-export" in message


@pytest.mark.parametrize("text", ["{", "[]", "null", "{}", '{"schema":"other/1"}', "[" * 100_000])
def test_metadata_that_makes_no_sense(text: str) -> None:
    data = changed(lambda model: helper.set_model_props(model, {SPEC_KEY: text}))
    assert f"'{SPEC_KEY}' metadata" in refusal(data)


def test_metadata_without_end() -> None:
    spec = tiny_models.activation_spec().to_metadata()
    data = changed(lambda model: helper.set_model_props(model, {**spec, CARD_KEY: "x" * (5 * 2**20)}))
    assert "more than 4 MiB of metadata" in refusal(data)


@pytest.mark.parametrize(
    ("shape", "text"),
    [(["batch", 4], r"shape (batch, 3)"), ([1, 3], r"shape (1, 3)"), (["batch", 3, 1], "(batch, 3, 1)")],
)
def test_an_output_that_does_not_fit_the_labels(shape: list[object], text: str) -> None:
    def reshape(model: onnx.ModelProto) -> None:
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info("activation", TensorProto.FLOAT, shape))

    message = refusal(changed(reshape))
    assert text in message
    assert "output 'activation'" in message


def test_an_input_of_another_length_or_type() -> None:
    def retype(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT16

    def shorten(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 4000

    assert "data type" in refusal(changed(retype))
    assert "(batch, 4000)" in refusal(changed(shorten))


def test_an_input_or_output_of_another_name() -> None:
    def rename(model: onnx.ModelProto) -> None:
        model.graph.input[0].name = "waveform"
        model.graph.node[0].input[0] = "waveform"

    assert "exactly one input, named 'audio'; it has: waveform" in refusal(changed(rename))
    envelope_spec = tiny_models.envelope_spec().to_metadata()
    wrong_kind = changed(lambda model: helper.set_model_props(model, envelope_spec))
    assert "metadata promises" in refusal(wrong_kind)


def test_two_outputs() -> None:
    def add(model: onnx.ModelProto) -> None:
        model.graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3]))

    assert "exactly one output" in refusal(changed(add))


def test_a_graph_that_lies_about_its_shape() -> None:
    nodes = [
        helper.make_node("Slice", ["audio", "from", "to", "axis"], ["five"]),
        helper.make_node("Sigmoid", ["five"], ["activation"]),
    ]
    constants = {name: np.array([value], np.int64) for name, value in (("from", 0), ("to", 5), ("axis", 1))}
    data = tiny_models.model_bytes(tiny_models.activation_spec(), nodes, constants, output_shape=["batch", "anything"])
    assert "returned float32 (1, 5)" in refusal(data)


def test_a_network_without_its_last_sigmoid() -> None:
    def unscale(model: onnx.ModelProto) -> None:
        model.graph.node[-1].op_type = "Identity"

    assert "0 to 1 is expected" in refusal(changed(unscale))


def test_weights_in_other_files() -> None:
    def move_out(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[1]
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../../etc/passwd")
        tensor.ClearField("raw_data")

    assert "weights in other files" in refusal(changed(move_out))


def test_weights_in_other_files_hidden_in_an_attribute() -> None:
    def hide(model: onnx.ModelProto) -> None:
        tensor = numpy_helper.from_array(np.zeros(3, np.float32), "hidden")
        tensor.ClearField("raw_data")
        tensor.external_data.add(key="location", value="/etc/passwd")
        model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))

    assert "weights in other files" in refusal(changed(hide))


def test_operators_that_are_not_built_in() -> None:
    def replace(model: onnx.ModelProto) -> None:
        model.graph.node[-1].domain = "evil.example"
        model.opset_import.add(domain="evil.example", version=1)

    assert "needs the operator evil.example.Sigmoid" in refusal(changed(replace))


def test_operators_that_no_version_knows() -> None:
    assert "uses the operator Sigmoyd" in refusal(tiny_models.activation_model().replace(b"Sigmoid", b"Sigmoyd"))


@pytest.mark.parametrize("operator", ["Loop", "EPContext"])
@pytest.mark.parametrize("where", ["graph", "subgraph", "function"])
def test_refused_operators_are_found_wherever_they_hide(operator: str, where: str) -> None:
    node = helper.make_node(operator, ["a"], ["b"])

    def add(model: onnx.ModelProto) -> None:
        if where == "graph":
            model.graph.node.append(node)
        elif where == "subgraph":
            inner = helper.make_graph([node], "inner", [], [])
            model.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner))
        else:
            function = helper.make_function("own", "F", ["a"], ["b"], [node], [helper.make_opsetid("", 17)])
            model.functions.append(function)

    assert f"uses the operator {operator}" in refusal(changed(add))


def test_graphs_nested_without_end() -> None:
    def nest(model: onnx.ModelProto) -> None:
        graph = helper.make_graph([], "core", [], [])
        for _ in range(18):  # protobuf itself stops at about 25
            graph = helper.make_graph([helper.make_node("If", ["c"], ["d"], then_branch=graph)], "g", [], [])
        model.graph.node.append(helper.make_node("If", ["c"], ["d"], then_branch=graph))

    assert "nests graphs" in refusal(changed(nest))


def test_parts_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "MAX_FIELDS", 100)
    assert "more than 100 parts" in refusal(tiny_models.activation_model())


def test_a_second_graph_cannot_smuggle_operators_past() -> None:
    data = tiny_models.activation_model()
    smuggled = helper.make_model(helper.make_graph([helper.make_node("Loop", [], ["x"])], "g", [], []))
    assert "two graphs" in refusal(smuggled.SerializeToString() + data)


def test_an_old_file_that_lists_weights_among_its_inputs() -> None:
    def list_weights(model: onnx.ModelProto) -> None:
        model.ir_version = 3
        for tensor in model.graph.initializer:
            value = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            model.graph.input.append(value)

    loaded = Detector(changed(list_weights))
    np.testing.assert_allclose(
        loaded(tiny_models.tone("bass", 1.0)[None]),
        Detector(tiny_models.activation_model())(tiny_models.tone("bass", 1.0)[None]),
    )


def sized_by(nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray] | None = None) -> bytes:
    """The tiny activation model, and beside it `nodes`, of whose last output the largest value is added as nothing.

    They may use ``level``, an int64 (1,) that the sound decides, and ``length``, an int64 (1,) of its window's length.
    """
    spec = tiny_models.activation_spec()
    model = onnx.load_from_string(tiny_models.activation_model(spec))
    graph = model.graph
    graph.node[-1].output[0] = "sound"
    before = [
        helper.make_node("ReduceMax", ["audio"], ["peak"], keepdims=0),
        helper.make_node("Mul", ["peak", "million"], ["scaled"]),
        helper.make_node("Cast", ["scaled"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["whole", "one"], ["level"]),
        helper.make_node("Shape", ["audio"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["length"]),
    ]
    after = [
        helper.make_node("Cast", [nodes[-1].output[0]], ["number"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["number"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "nothing"], ["none"]),
        helper.make_node("Add", ["sound", "none"], ["activation"]),
    ]
    own = {
        "million": np.array(1e6, np.float32),
        "nothing": np.array(0, np.float32),
        "one": np.array([1], np.int64),
        "zero": np.array(0, np.int64),
        "step": np.array(1, np.int64),
        "row": np.zeros((1, 1), np.float32),
        "yes_no": np.array([0, 1], np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in (own | (constants or {})).items())
    graph.node.extend([*before, *nodes, *after])
    return model.SerializeToString()


def scalar(name: str) -> onnx.NodeProto:
    return helper.make_node("Squeeze", [name], [f"{name}_alone"])


def range_to(name: str) -> list[onnx.NodeProto]:
    return [scalar(name), helper.make_node("Range", ["zero", f"{name}_alone", "step"], ["made"])]


SIZED = {
    "Range": range_to,
    "ConstantOfShape": lambda name: [helper.make_node("ConstantOfShape", [name], ["made"])],
    "Expand": lambda name: [helper.make_node("Expand", ["one", name], ["made"])],
    "Tile": lambda name: [helper.make_node("Tile", ["one", name], ["made"])],
    "OneHot": lambda name: [helper.make_node("OneHot", ["one", name, "yes_no"], ["made"])],
    "Pad": lambda name: [
        helper.make_node("Concat", ["one", name], ["ends"], axis=0),
        helper.make_node("Pad", ["one", "ends"], ["made"]),
    ],
    "Resize": lambda name: [
        helper.make_node("Concat", ["one", name], ["sizes"], axis=0),
        helper.make_node("Resize", ["row", "", "", "sizes"], ["made"]),
    ],
    "HannWindow": lambda name: [scalar(name), helper.make_node("HannWindow", [f"{name}_alone"], ["made"])],
}


@pytest.mark.parametrize("operator", SIZED)
def test_what_is_heard_cannot_decide_how_much_memory_is_taken(operator: str) -> None:
    message = refusal(sized_by(SIZED[operator]("level")))
    assert f"lets the sound decide how much memory its operator {operator} takes" in message


@pytest.mark.parametrize("operator", SIZED)
def test_the_window_s_length_can(operator: str) -> None:
    """It is the same whatever is heard; exported networks are full of it."""
    data = sized_by(SIZED[operator]("length"))
    np.testing.assert_allclose(
        Detector(data)(tiny_models.tone("bass", 1.0)[None]),
        Detector(tiny_models.activation_model())(tiny_models.tone("bass", 1.0)[None]),
    )


def test_every_input_that_is_named_for_a_size_is_known_as_one() -> None:
    words = "shape|size|axes|^axis$|length|pads|repeats|^tiles|^scales|depth|^k$|^num|split|start|end|limit"
    named = re.compile(words, re.IGNORECASE)
    harmless = {("CumSum", "axis"), ("CumProd", "axis"), ("Trilu", "k"), ("Attention", "K")}  # say where, or are data
    for schema in onnx.defs.get_all_schemas_with_history():
        sizes = SIZES.get((schema.domain, schema.name))
        for at, given in enumerate(schema.inputs if sizes is not None else ()):
            if named.search(given.name) and (schema.name, given.name) not in harmless:
                assert at in sizes, (schema.name, schema.since_version, given.name)  # type: ignore[operator]


@pytest.mark.parametrize("way", ["function", "branch", "condition", "unsorted", "overridden", "chance"])
def test_no_way_around_hides_what_sizes_come_from(way: str) -> None:
    make = helper.make_node
    nodes = range_to("level")
    model = onnx.load_from_string(sized_by(range_to("length")))
    opset = [helper.make_opsetid("", tiny_models.OPSET)]
    if way == "function":
        body = [make("Identity", ["x"], ["y"])]
        model.functions.append(helper.make_function("own", "Same", ["x"], ["y"], body, opset))
        model.opset_import.add(domain="own", version=1)
        nodes = [make("Same", ["level"], ["passed"], domain="own"), *range_to("passed")]
    elif way == "branch":
        inner = helper.make_graph(range_to("level"), "inner", [], [onnx.ValueInfoProto(name="made")])
        nodes = [make("If", ["true"], ["out"], then_branch=inner, else_branch=inner)]
    elif way == "condition":
        inner = helper.make_graph([make("Identity", ["one"], ["made"])], "inner", [], [])
        nodes = [make("Cast", ["level"], ["loud"], to=TensorProto.BOOL)]
        nodes += [make("If", ["loud"], ["out"], then_branch=inner, else_branch=inner)]
    elif way == "unsorted":
        nodes = [*range_to("later"), make("Identity", ["level"], ["later"])]
    elif way == "overridden":  # a shape's teller by name alone
        model.functions.append(helper.make_function("", "Shape", ["x"], ["y"], [make("Identity", ["x"], ["y"])], opset))
        nodes = [make("Shape", ["level"], ["told"]), *range_to("told")]
    else:
        nodes = [make("Dropout", ["million", "half", "true"], ["by_chance"])]
        nodes += [make("Cast", ["by_chance"], ["made_up"], to=TensorProto.INT64), *range_to("made_up")]
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "true"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "half"))
    model.graph.node.extend(nodes)
    assert "lets the sound decide" in refusal(model.SerializeToString())


@pytest.mark.parametrize("operator", ["RandomNormal", "NonMaxSuppression", "SequenceConstruct", "StringNormalizer"])
def test_operators_whose_memory_is_not_known_are_refused(operator: str) -> None:
    node = helper.make_node(operator, [], ["x"])
    assert f"uses the operator {operator}, which is refused" in refusal(
        changed(lambda model: model.graph.node.append(node))
    )


@pytest.mark.skipif(sys.platform == "win32", reason="memory of a process cannot be limited there")
@pytest.mark.parametrize("threads", ["1", "4"])
def test_memory_that_no_sound_decides_is_met_in_the_test_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", threads)  # each reserves address space
    path = tmp_path / "huge.onnx"
    path.write_bytes(sized_by(range_to("many"), {"many": np.array([10**9], np.int64)}))
    with pytest.raises(ModelError, match=r"huge\.onnx failed while it ran: it asks for more memory than it may have"):
        load_model(path)
    # 400 MB fit into what loading may take, but not into what a window may.
    path.write_bytes(sized_by(range_to("many"), {"many": np.array([5 * 10**7], np.int64)}))
    with pytest.raises(ModelError, match="more memory than it may have"):
        load_model(path)


def test_a_stranger_s_model_runs_on_no_more_windows_than_were_tried(tmp_path: Path) -> None:
    path = tmp_path / "stranger.onnx"
    path.write_bytes(tiny_models.activation_model(card="stranger"))
    stranger = load_model(path)
    sizes: list[int] = []
    run = stranger._run
    stranger._run = lambda windows: sizes.append(len(windows)) or run(windows)  # type: ignore[method-assign]
    windows = np.stack([tiny_models.tone(label, 1.0) for label in tiny_models.LABELS] * 7)
    answers = stranger(windows)
    assert sizes == [16, 2, 2, 1]
    np.testing.assert_allclose(answers, Detector(path)(windows), atol=1e-6)


def test_a_model_that_changes_while_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "two-faced.onnx"
    path.write_bytes(tiny_models.activation_model(card="first"))
    load_model(path)
    real = detector_module._try_in_own_process

    def swap(path: Path) -> str:
        digest = real(path)
        path.write_bytes(tiny_models.activation_model(card="second"))
        return digest

    monkeypatch.setattr(detector_module, "_try_in_own_process", swap)
    with pytest.raises(ModelError, match="changed while it was loaded"):
        load_model(path)


def test_versions_that_are_too_new_are_told_with_the_newest_that_runs() -> None:
    def renew(model: onnx.ModelProto) -> None:
        model.ir_version = 99

    message = refusal(changed(renew))
    assert "the model is in ONNX IR version 99, and the newest that runs here is " in message
    assert "/" not in message
    message = refusal(changed(lambda model: setattr(model.opset_import[0], "version", 99)))
    assert "the model uses opset 99 of ai.onnx, and the newest that runs here is " in message


def test_reasons_are_not_cut_at_a_colon() -> None:
    def add(model: onnx.ModelProto) -> None:
        model.graph.node[3].attribute.append(helper.make_attribute("foo", 3))

    message = refusal(changed(add))
    assert "Unrecognized attribute: foo" in message
    assert "ReduceMean" in message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frame_hop": 16}, "hop_length of 64 frames is longer than the window's 16"),
        ({"labels": [str(i) for i in range(1024)], "frames": 60_000}, "up to 1048576 are taken"),
        ({"labels": [str(i) for i in range(100_000)]}, "labels"),
    ],
)
def test_specs_that_promise_what_cannot_be(changes: dict[str, object], reason: str) -> None:
    text = json.dumps({**tiny_models.envelope_spec().model_dump(mode="json", by_alias=True), **changes})
    data = changed(lambda model: helper.set_model_props(model, {SPEC_KEY: text}), tiny_models.envelope_model())
    assert reason in refusal(data)


@pytest.mark.skipif(sys.platform == "win32", reason="memory of a process cannot be limited there")
def test_a_model_that_wants_too_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "greedy.onnx"
    path.write_bytes(slow_model(size=60_000, products=1))  # 14 GB a matrix
    with pytest.raises(ModelError, match=r"greedy\.onnx"):
        load_model(path)


def test_a_model_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "slow.onnx"
    path.write_bytes(slow_model(size=4000, products=200))  # minutes of arithmetic
    monkeypatch.setattr(detector_module, "LOAD_LIMIT_S", 1.5)
    with pytest.raises(ModelError, match=r"slow\.onnx was given up"):
        load_model(path)


def test_a_test_run_ends_by_its_processor_time_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "slow.onnx"
    path.write_bytes(slow_model(size=4000, products=200))
    script = f"""
import time
from irec_live.models import sandbox
sandbox.PROCESSOR_LIMIT_S = time.process_time() + 2.0
sandbox.main({str(path)!r})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.fullmatch(r"slow\.onnx was given up: it did not run within \d+ s of processor time\n", done.stdout)


def test_time_in_which_others_have_the_processor_does_not_count() -> None:
    used_s = iter([0.5] * 100_000 + [30.0])  # seven hours on a machine that does nearly all else first
    slept: list[float] = []
    sandbox.wait_for_processor_time(30.0, lambda: next(used_s), slept.append)
    assert sum(slept) == 25_000.0
    assert next(used_s, None) is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")
def test_a_model_that_crashes_its_test_run_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crash = tmp_path / "python"
    crash.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crash.chmod(0o755)
    path = tmp_path / "crash.onnx"
    path.write_bytes(tiny_models.activation_model(card="crash"))
    monkeypatch.setattr(sys, "executable", str(crash))
    with pytest.raises(ModelError, match=r"crash\.onnx brought its test run down"):
        load_model(path)


def test_a_test_run_gives_the_same_reason_as_the_detector(tmp_path: Path) -> None:
    path = tmp_path / "unscaled.onnx"

    def unscale(model: onnx.ModelProto) -> None:
        model.graph.node[-1].op_type = "Identity"

    path.write_bytes(changed(unscale))
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert str(caught.value) == refusal(path)
