"""Cut a part out of an ``.onnx`` file: from some tensors of its graph to some others, as a file of its own.

Nothing is understood that need not be: nodes and weights are carried over byte by byte, and only the graph's inputs,
outputs and the list of what is kept are written anew. ``onnx`` does not have to be installed.

References
----------
ONNX, *onnx.proto* (field numbers).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from irec_live.models.onnx_file import FLOAT, MAX_FIELDS
from irec_live.models.protobuf import MalformedError, Span, WireReader, message

_MODEL_GRAPH, _MODEL_OPSETS = 7, 8
_NODE, _NAME, _INITIALIZER, _INPUT, _OUTPUT = 1, 2, 5, 11, 12  # of GraphProto


@dataclass(frozen=True, slots=True)
class Tensor:
    """A float32 tensor where a part begins or ends.

    Attributes
    ----------
    name : str
    shape : tuple of int or str
        Sizes, or names of free ones.
    """

    name: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class _Node:
    span: Span
    inputs: frozenset[str]
    outputs: frozenset[str]


def cut_out(data: bytes, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bytes:
    """The part of a model that computes `outputs` from `inputs`.

    Parameters
    ----------
    data : bytes
        A model that `irec_live.models.onnx_file.inspect_model` has passed.
    inputs, outputs : sequence of Tensor

    Raises
    ------
    MalformedError
        The outputs need more than these inputs and the weights, or are not there.
    """
    wire = WireReader(data, MAX_FIELDS)
    parts: list[bytes] = []
    for number, value, span in wire.fields((0, len(data))):
        if number == _MODEL_GRAPH:
            parts.append(_field(number, _graph(data, wire, message(span), inputs, outputs)))
        elif span is not None:
            parts.append(_field(number, data[span[0] : span[1]]))
        elif value is not None:
            parts.append(_varint(number << 3) + _varint(value))
    return b"".join(parts)


def fingerprint(part: bytes) -> str:
    """The operators, attributes and weights of a part, whatever its tensors are called, in hexadecimal.

    Two parts with the same compute the same.

    Parameters
    ----------
    part : bytes
        Of `cut_out`.

    Raises
    ------
    MalformedError
        A weight has a field of fixed width, which it has no use for.
    """
    wire = WireReader(part, MAX_FIELDS)
    digest = hashlib.sha256()
    (graph,) = (message(span) for number, _, span in wire.fields((0, len(part))) if number == _MODEL_GRAPH)
    for number, _, span in wire.fields((0, len(part))):
        if number == _MODEL_OPSETS and span is not None:
            digest.update(part[span[0] : span[1]])
    called: dict[str, str] = {"": ""}  # what each tensor is called here: by its contents, or by its turn
    for number, _, span in wire.fields(graph):
        if number == _INITIALIZER:
            name, contents = _weight(part, wire, message(span))
            called[name] = contents
    for number, _, span in wire.fields(graph):
        if number == _NODE:
            for kind, _, at in wire.fields(message(span)):
                if kind in (1, 2):  # inputs, outputs
                    text = called.setdefault(wire.text(message(at)), str(len(called))).encode()
                elif kind in (4, 5, 7):  # operator, attributes, domain
                    text = part[slice(*message(at))]
                else:
                    continue
                digest.update(b"%d %d " % (kind, len(text)) + text)
            digest.update(b"\n")
        elif number in (_INPUT, _OUTPUT):
            digest.update(part[slice(*message(span))])
    return digest.hexdigest()


def _weight(part: bytes, wire: WireReader, span: Span) -> tuple[str, str]:
    """Name of a weight, and a digest of the rest of it."""
    name, digest = "", hashlib.sha256()
    for number, value, at in wire.fields(span):
        if number == 8:
            name = wire.text(message(at))
        elif value is None and at is None:
            raise MalformedError("a weight has a field of fixed width")
        else:
            contents = part[slice(*at)] if at is not None else b""
            digest.update(b"%d %d %d " % (number, value or 0, len(contents)) + contents)
    return name, digest.hexdigest()


def outputs_of(data: bytes, operator: str) -> tuple[str, ...]:
    """Names of the tensors that nodes of one operator make, in the graph's order."""
    wire = WireReader(data, MAX_FIELDS)
    found: list[str] = []
    for number, _, span in wire.fields((0, len(data))):
        if number != _MODEL_GRAPH:
            continue
        for kind, _, part in wire.fields(message(span)):
            if kind == _NODE:
                # NodeProto: 2 is an output, 4 the operator's type.
                texts = [(of, wire.text(message(at))) for of, _, at in wire.fields(message(part)) if of in (2, 4)]
                if (4, operator) in texts:
                    found += [text for of, text in texts if of == 2]
    return tuple(found)


def _graph(data: bytes, wire: WireReader, span: Span, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bytes:
    nodes: list[_Node] = []
    weights: dict[str, Span] = {}
    name = b"part"
    for number, _, part in wire.fields(span):
        if number == _NODE:
            nodes.append(_node(wire, message(part)))
        elif number == _INITIALIZER:
            # TensorProto: 8 is the name.
            texts = [wire.text(message(text)) for kind, _, text in wire.fields(message(part)) if kind == 8]
            weights[texts[0] if texts else ""] = message(part)
        elif number == _NAME:
            start, end = message(part)
            name = data[start:end]
    kept, used = _needed(nodes, {tensor.name for tensor in inputs}, {tensor.name for tensor in outputs}, set(weights))
    written = [_field(_NODE, data[node.span[0] : node.span[1]]) for node in kept]
    written.append(_field(_NAME, name))
    # A weight of the same name would be an input's default value, and that input would count as a constant.
    used -= {tensor.name for tensor in inputs}
    written += [_field(_INITIALIZER, data[at[0] : at[1]]) for key, at in weights.items() if key in used]
    written += [_field(_INPUT, _value_info(tensor)) for tensor in inputs]
    written += [_field(_OUTPUT, _value_info(tensor)) for tensor in outputs]
    return b"".join(written)


def _needed(
    nodes: Sequence[_Node], given: set[str], wanted: set[str], weights: set[str]
) -> tuple[list[_Node], set[str]]:
    """Nodes on the way from `given` to `wanted`, in their order, and every tensor that they read."""
    missing = wanted - given
    used: set[str] = set()
    kept: list[_Node] = []
    for node in reversed(nodes):  # the format wants every tensor to be made before it is read
        if missing & node.outputs:
            kept.append(node)
            used |= node.inputs
            missing = (missing - node.outputs) | (node.inputs - given - weights - {""})  # no name: an input left out
    if missing:
        raise MalformedError(f"the part needs {', '.join(sorted(missing)[:3])}, which it is not given")
    return kept[::-1], used


def _node(wire: WireReader, span: Span) -> _Node:
    inputs: set[str] = set()
    outputs: set[str] = set()
    for number, _, part in wire.fields(span):
        if number in (1, 2):  # inputs, outputs
            (inputs if number == 1 else outputs).add(wire.text(message(part)))
        # An attribute that is a graph, or graphs: what they read of the outer one is listed nowhere.
        elif number == 5 and any(kind in (6, 11) for kind, _, _ in wire.fields(message(part))):
            raise MalformedError("a node with a graph inside may read any tensor")
    return _Node(span, frozenset(inputs), frozenset(outputs))


def _value_info(tensor: Tensor) -> bytes:
    # ValueInfoProto: name, type; TypeProto: tensor_type; of that elem_type and shape, whose dims are a value or a name.
    dimensions = b"".join(
        _field(1, _varint(1 << 3) + _varint(size) if isinstance(size, int) else _field(2, size.encode()))
        for size in tensor.shape
    )
    kind = _field(1, _varint(1 << 3) + _varint(FLOAT) + _field(2, dimensions))
    return _field(1, tensor.name.encode()) + _field(2, kind)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content  # wire type 2: a length, then so many bytes


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
