"""Look into an ``.onnx`` file without running it, and refuse what no instrument model needs.

ONNX Runtime parses, optimises and allocates in one go, so a hostile or broken file is best turned away before it gets
there. This module reads the protobuf wire format just far enough to list the metadata, the inputs and outputs, and
what the graph is made of; weights are skipped, not read, so it takes milliseconds and neither ``onnx`` nor
``onnxruntime`` has to be imported.

References
----------
ONNX, *onnx.proto* (field numbers) and *Open Neural Network Exchange Intermediate Representation*.
Protocol Buffers, *Encoding* (wire types).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from irec_live.errors import ModelError

MAX_FILE_BYTES = 512 * 2**20
MAX_METADATA_BYTES = 4 * 2**20
MAX_FIELDS = 2_000_000
"""Protobuf fields visited before a file counts as a bomb; the published models have a few thousand."""
MAX_DEPTH = 16
"""Of graphs inside nodes inside graphs."""

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operator sets that ONNX Runtime has built in; any other needs a shared library, which is code."""

REFUSED_OPERATORS = {
    "Loop": "it may never end",
    "EPContext": "it loads a compiled program from elsewhere",
}

FLOAT = 1
"""``TensorProto.FLOAT``."""

Dimension = int | str | None
"""A fixed size, a name for a free one, or nothing said."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of the graph.

    Attributes
    ----------
    name : str
    element_type : int
        ``TensorProto.DataType``; 0 if it is not a tensor.
    shape : tuple of int, str or None
        One entry a dimension; None as a whole if the file says nothing.
    """

    name: str
    element_type: int
    shape: tuple[Dimension, ...] | None


@dataclass(slots=True)
class OnnxFile:
    """What a file says about itself.

    Attributes
    ----------
    opset : int
        Version of the standard operator set; 0 if it imports none.
    inputs, outputs : tuple of Port
        The graph's, without inputs that are really weights.
    metadata : dict of str to str
    n_nodes : int
        Operators in the graph, subgraphs and functions counted.
    """

    opset: int = 0
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    n_nodes: int = 0


def read_model_bytes(path: Path) -> bytes:
    """Read a model file whole.

    Raises
    ------
    ModelError
        It is missing, a folder, empty, unreadable or too large to be an instrument model.
    """
    try:
        if path.is_dir():
            raise ModelError(f"{path} is a folder; give the .onnx file itself")
        if not path.is_file():
            # A pipe or a device could block for ever, so only plain files are opened.
            raise ModelError(f"no model file at {path}" if not path.exists() else f"{path} is not a plain file")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            limit = MAX_FILE_BYTES // 2**20
            raise ModelError(f"{path} has {size / 2**20:.0f} MiB; models of up to {limit} MiB are opened")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(f"cannot read the model {path}: {reason}") from error


def inspect_model(data: bytes, origin: str = "the model") -> OnnxFile:
    """Read what a model says about itself and check that it is made of harmless parts.

    Parameters
    ----------
    data : bytes
        The whole file.
    origin : str
        What to call the file in an error.

    Raises
    ------
    ModelError
        Not an ONNX model, cut short, made of operators that are not built in, or with weights in other files.
    """
    if not data:
        raise ModelError(f"{origin} is empty (0 bytes)")
    if len(data) > MAX_FILE_BYTES:
        raise ModelError(f"{origin} has {len(data) / 2**20:.0f} MiB; up to {MAX_FILE_BYTES // 2**20} MiB are opened")
    try:
        return _Inspector(data, origin).model()
    except (_MalformedError, UnicodeDecodeError) as error:
        raise ModelError(f"{origin} is not an ONNX model, or is cut short ({error})") from error


class _MalformedError(Exception):
    """The bytes are not what the protobuf wire format allows."""


Span = tuple[int, int]


class _Inspector:
    """Walks one file; `budget` bounds the walk whatever the file says."""

    def __init__(self, data: bytes, origin: str) -> None:
        self._data = data
        self._origin = origin
        self._budget = MAX_FIELDS
        self._file = OnnxFile()
        self._domains: set[str] = set()
        self._function_domains: set[str] = set()

    def model(self) -> OnnxFile:
        graph: Span | None = None
        functions: list[Span] = []
        metadata_bytes = 0
        for number, value, span in self._fields((0, len(self._data))):
            if number == 7:
                if graph is not None:
                    # Readers merge a message that stands twice; then this walk would not see what runs.
                    raise _MalformedError("there are two graphs in it")
                graph = self._must(span)
            elif number == 8:
                self._operator_set(self._must(span))
            elif number == 14:
                start, end = self._must(span)
                metadata_bytes += end - start
                if metadata_bytes > MAX_METADATA_BYTES:
                    raise ModelError(f"{self._origin} carries more than {MAX_METADATA_BYTES // 2**20} MiB of metadata")
                key, text = self._texts((start, end), 1, 2)
                self._file.metadata[key] = text
            elif number == 25:
                functions.append(self._must(span))
            elif number == 1 and value is None:
                raise _MalformedError("the format version is not a number")
        if graph is None:
            raise _MalformedError("there is no graph in it")
        self._function_domains = {self._texts(span, 10)[0] for span in functions}
        self._graph(graph, depth=0, top=True)
        for span in functions:
            for number, _, node in self._fields(span):
                if number == 7:
                    self._node(self._must(node), depth=0)
        return self._file

    def _graph(self, span: Span, depth: int, top: bool = False) -> None:
        if depth > MAX_DEPTH:
            raise ModelError(f"{self._origin} nests graphs more than {MAX_DEPTH} deep")
        inputs: list[Port] = []
        outputs: list[Port] = []
        weights: set[str] = set()
        for number, _, part in self._fields(span):
            if number == 1:
                self._node(self._must(part), depth)
            elif number == 5:
                weights.add(self._tensor(self._must(part)))
            elif number == 11 and top:
                inputs.append(self._port(self._must(part)))
            elif number == 12 and top:
                outputs.append(self._port(self._must(part)))
            elif number == 15:
                self._sparse_tensor(self._must(part))
        if top:
            # Old files (IR 3) list every weight among the inputs.
            self._file.inputs = tuple(port for port in inputs if port.name not in weights)
            self._file.outputs = tuple(outputs)

    def _node(self, span: Span, depth: int) -> None:
        self._file.n_nodes += 1
        operator, domain = self._texts(span, 4, 7)
        if domain not in STANDARD_DOMAINS and domain not in self._function_domains:
            raise ModelError(
                f"{self._origin} needs the operator {domain}.{operator}, which ONNX Runtime has not built in"
            )
        if operator in REFUSED_OPERATORS and domain in STANDARD_DOMAINS:
            raise ModelError(
                f"{self._origin} uses the operator {operator}, which is refused: {REFUSED_OPERATORS[operator]}"
            )
        for number, _, attribute in self._fields(span):
            if number != 5:
                continue
            for kind, _, part in self._fields(self._must(attribute)):
                if kind in (6, 11):  # a graph, graphs
                    self._graph(self._must(part), depth + 1)
                elif kind in (5, 10):  # a tensor, tensors
                    self._tensor(self._must(part))
                elif kind in (22, 23):
                    self._sparse_tensor(self._must(part))

    def _tensor(self, span: Span) -> str:
        name = ""
        for number, value, part in self._fields(span):
            if number == 8:
                name = self._text(self._must(part))
            elif number == 13 or (number == 14 and value):
                raise ModelError(
                    f"{self._origin} keeps weights in other files; a model must be one self-contained file"
                )
        return name

    def _sparse_tensor(self, span: Span) -> None:
        for number, _, part in self._fields(span):
            if number in (1, 2):  # values, indices
                self._tensor(self._must(part))

    def _port(self, span: Span) -> Port:
        name, element_type, shape = "", 0, None
        for number, _, part in self._fields(span):
            if number == 1:
                name = self._text(self._must(part))
            elif number == 2:
                for kind, _, tensor in self._fields(self._must(part)):
                    if kind == 1:
                        element_type, shape = self._tensor_type(self._must(tensor))
        return Port(name, element_type, shape)

    def _tensor_type(self, span: Span) -> tuple[int, tuple[Dimension, ...] | None]:
        element_type = 0
        shape: tuple[Dimension, ...] | None = None
        for number, value, part in self._fields(span):
            if number == 1 and value is not None:
                element_type = value
            elif number == 2:
                dimensions = (self._must(d) for kind, _, d in self._fields(self._must(part)) if kind == 1)
                shape = tuple(self._dimension(d) for d in dimensions)
        return element_type, shape

    def _dimension(self, span: Span) -> Dimension:
        for number, value, part in self._fields(span):
            if number == 1 and value is not None:
                return value
            if number == 2:
                return self._text(self._must(part))
        return None

    def _operator_set(self, span: Span) -> None:
        domain, version = "", 0
        for number, value, part in self._fields(span):
            if number == 1:
                domain = self._text(self._must(part))
            elif number == 2 and value is not None:
                version = value
        if domain in ("", "ai.onnx"):
            self._file.opset = version

    def _texts(self, span: Span, *numbers: int) -> list[str]:
        """The string fields `numbers` of a message, empty where absent."""
        found = dict.fromkeys(numbers, "")
        for number, _, part in self._fields(span):
            if number in found:
                found[number] = self._text(self._must(part))
        return list(found.values())

    def _text(self, span: Span) -> str:
        return self._data[span[0] : span[1]].decode()

    @staticmethod
    def _must(span: Span | None) -> Span:
        if span is None:
            raise _MalformedError("a number stands where a message should")
        return span

    def _fields(self, span: Span) -> Iterator[tuple[int, int | None, Span | None]]:
        """Every field of a message: its number, and its value (varint) or its extent (length-delimited)."""
        position, end = span
        while position < end:
            self._budget -= 1
            if self._budget < 0:
                raise ModelError(f"{self._origin} has more than {MAX_FIELDS:,} parts, too many for an instrument model")
            key, position = self._varint(position, end)
            number, wire = key >> 3, key & 7
            if number == 0:
                raise _MalformedError("a field has no number")
            if wire == 0:
                value, position = self._varint(position, end)
                yield number, value, None
                continue
            if wire == 2:
                length, position = self._varint(position, end)
            elif wire in (1, 5):
                length = 8 if wire == 1 else 4
            else:
                raise _MalformedError(f"unknown wire type {wire}")
            if position + length > end:
                raise _MalformedError("a part is longer than the file")
            yield number, None, (position, position + length) if wire == 2 else None
            position += length

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if position >= end:
                raise _MalformedError("it ends in the middle of a number")
            byte = self._data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
        raise _MalformedError("a number has more than 10 bytes")
