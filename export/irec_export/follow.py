"""A head in a file of envelopes, by which it follows a network that keeps a state over a stream.

The head is the part of another exported network behind the maps of its trunk (``tutti-stream-envelope``). To the file's
own output it is nothing, so other programs get what they got before; the app runs it in place of the file's network
wherever that trunk runs (`irec_live.models.envelope_head`).
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper

from irec_live.errors import ExportError
from irec_live.files import write_atomically
from irec_live.models.columns import COLUMNS_KEY, ColumnsSpec
from irec_live.models.detector import Detector
from irec_live.models.onnx_file import read_model_bytes
from irec_live.models.spec import CARD_KEY
from irec_live.models.state import StatefulNetwork
from irec_live.models.subgraph import Tensor, cut_out
from irec_live.models.trunk import FOLLOWED, MAPS, TRUNK_KEY, TrunkSpec, trunk_spec

_PREFIX = "follow."
_LARGEST_DIFFERENCE = 1e-3
"""Of a head behind the trunk's maps from its own network: rounding is not."""
_TITLE, _NEXT = "## Beside another network\n", ("## Decisions\n", "## Recordings\n")


def put_head(envelopes: Path, head: Path, trunk: Path, out: Path) -> None:
    """Write a file of envelopes that follows.

    Parameters
    ----------
    envelopes, head, trunk : Path
        Exported files: of the network that is to follow, of one on that trunk, and of the network that has the trunk.
    out : Path

    Raises
    ------
    ModelError
        A file is unusable.
    ExportError
        They do not go together; nothing was written.
    """
    data = with_head(*(read_model_bytes(path) for path in (envelopes, head, trunk)))
    write_atomically(out, data)


def with_head(content: bytes, head: bytes, trunk: bytes) -> bytes:
    """The content of a file of envelopes with a head in the place of any that it had; as `put_head`."""
    own, other, followed = (Detector(data, provider="cpu") for data in (content, head, trunk))
    said = _metadata(onnx.load_model_from_string(head))
    network, told = followed.stateful, trunk_spec(said)
    if network is None or network.trunk is None:
        raise ExportError(f"{followed.spec.name} has no trunk that another network could follow")
    if told is None or told.maps != network.trunk.maps or other.spec.kind != "envelope":
        raise ExportError(f"{other.spec.name} reads no maps such as {followed.spec.name} makes")
    if any(
        getattr(own.spec, name) != getattr(other.spec, name)
        for name in ("kind", "labels", "sample_rate", "frames", "frame_hop")
    ):
        raise ExportError(f"{other.spec.name} and {own.spec.name} have other labels or frames")
    columns = ColumnsSpec.model_validate_json(said[COLUMNS_KEY])
    steps = -(-columns.frames(other.spec.window_length) // network.step)
    ends = [Tensor(other.spec.kind, ("batch", len(other.spec.labels), other.spec.frames))]
    part = onnx.load_model_from_string(cut_out(head, told.tensors(steps), ends))
    model = onnx.load_model_from_string(content)
    if [*model.opset_import] != [*part.opset_import]:
        raise ExportError(f"{other.spec.name} and {own.spec.name} are of other versions of ONNX's operators")
    _remove(model.graph)
    _append(model.graph, part, told, steps)
    kept = _metadata(model)
    kept[TRUNK_KEY] = TrunkSpec(maps=told.maps, of=network.trunk_print, steps=steps).model_dump_json()
    kept[CARD_KEY] = _card(own.card, other, followed)
    del model.metadata_props[:]
    for key, value in sorted(kept.items()):
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model, full_check=True)
    made = bytes(model.SerializeToString(deterministic=True))
    _check(Detector(made, provider="cpu"), other, columns, network, steps)
    return made


def _metadata(model: onnx.ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def _remove(graph: onnx.GraphProto) -> None:
    """Take a head out that is there already."""
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in graph.node]
    weights = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in graph.initializer]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(node for node in nodes if not node.name.startswith(_PREFIX))
    graph.initializer.extend(tensor for tensor in weights if not tensor.name.startswith(_PREFIX))


def _append(graph: onnx.GraphProto, part: onnx.ModelProto, trunk: TrunkSpec, steps: int) -> None:
    """Add a head behind maps of zeros: what a trunk would give is not there."""
    ends = {tensor.name: tensor.name for tensor in part.graph.input} | {part.graph.output[0].name: FOLLOWED}
    part = compose.add_prefix(part, _PREFIX)
    for number, shape in enumerate(trunk.maps):
        sizes, maps = f"{_PREFIX}{MAPS}{number}.shape", f"{MAPS}{number}"
        whole = np.array([1, *shape[:-1], steps * shape[-1]], np.int64)
        graph.initializer.append(numpy_helper.from_array(whole, sizes))
        graph.node.append(helper.make_node("ConstantOfShape", [sizes], [maps], f"{_PREFIX}{maps}"))
    names = {_PREFIX + name: other for name, other in ends.items()}
    for number, node in enumerate(part.graph.node):
        node.name = f"{_PREFIX}{number}"
        for tensors in (node.input, node.output):
            tensors[:] = [names.get(name, name) for name in tensors]
    graph.node.extend(part.graph.node)
    graph.initializer.extend(part.graph.initializer)


def _card(card: str, head: Detector, followed: Detector) -> str:
    """A card with a section on the head, before those on decisions and recordings."""
    name = followed.spec.name
    data = head.spec.training_data.removesuffix("; see the card")
    told = textwrap.fill(
        f"Beside `{name}`, envelopes are told by a head that reads what that network computes of the stream, "
        f"{head.spec.hop_s:g} s at a time, and this network does not run. The head is what lies behind the trunk of "
        f"`{name}` in a network of its own, `{head.spec.name}`: {data}. "
        "Scores here are of the network without it.",
        110,
    )
    place = next((at for title in _NEXT if (at := card.find(title)) >= 0), len(card))
    before, _, _ = card[:place].partition(_TITLE)
    return f"{before.rstrip()}\n\n{_TITLE}\n{told}\n\n{card[place:]}"


def _check(made: Detector, head: Detector, columns: ColumnsSpec, network: StatefulNetwork, steps: int) -> None:
    """See that the head says behind the trunk's maps what its own network says, on noise that swells.

    Raises
    ------
    ExportError
        It does not, or does not follow at all.
    """
    if made.head is None or not made.head.follows(network):
        raise ExportError(f"{head.spec.name} does not follow: its windows are no whole number of the trunk's steps")
    length = head.spec.window_length
    noise = np.linspace(0.0, 0.3, length) * np.random.default_rng(0).standard_normal(length) + 0.01
    window = noise.astype(np.float32)[None]
    framed = np.lib.stride_tricks.sliding_window_view(window[0, columns.offset :], columns.frame_length)
    heard = network.columns(np.ascontiguousarray(framed[:: columns.frame_hop]))
    # Where a window ends before its last step does, its last column stands for those that are missing.
    heard = np.concatenate([heard, np.repeat(heard[-1:], steps * network.step - len(heard), axis=0)])
    _, _, maps = network.advance_with_maps(heard, network.begin())
    if not float(np.abs(made.head(maps) - head(window)).max()) <= _LARGEST_DIFFERENCE:
        raise ExportError(f"{head.spec.name} was trained behind another trunk")
