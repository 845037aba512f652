"""Static check of an ``.onnx`` file: read its metadata without running it, and refuse unsafe content.

ONNX Runtime parses, optimises and allocates in one go, so a hostile or broken file is best turned away before it gets
there. This module reads the protobuf wire format just far enough to list the metadata, the inputs and outputs, and
what the graph is made of; weights are skipped, not read, so it takes milliseconds and neither ``onnx`` nor
``onnxruntime`` has to be imported. What a graph may be made of, and why: `irec_live.models.operators`.

References
----------
ONNX, *onnx.proto* (field numbers) and *Open Neural Network Exchange Intermediate Representation*.
Protocol Buffers, *Encoding* (wire types).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path

from irec_live.errors import ModelError
from irec_live.models.operators import CHANCE, REFUSED_OPERATORS, SHAPE_TELLERS, SIZES, Values
from irec_live.models.protobuf import MalformedError, Span, WireReader, message

MAX_FILE_BYTES = 512 * 2**20
MAX_METADATA_BYTES = 4 * 2**20
MAX_FIELDS = 2_000_000
"""Parts visited before a file counts as a bomb; the published models have a few thousand."""
MAX_DEPTH = 16
"""Of graphs inside nodes inside graphs."""

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operator sets that ONNX Runtime has built in; any other needs a shared library, which is code."""

FLOAT = 1
"""``TensorProto.FLOAT``."""

_METADATA = 14  # ModelProto: metadata_props

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


def printable(text: str) -> str:
    """A name from a file as it can stand in a message: one line, no control characters, not endless.

    Examples
    --------
    >>> printable("two\\nlines")
    'two?lines'
    """
    shown = "".join(character if character.isprintable() else "?" for character in text[:81])
    return shown if len(text) <= 80 else shown[:77] + "..."


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
    except (MalformedError, UnicodeDecodeError) as error:
        raise ModelError(f"{origin} is not an ONNX model, or is cut short ({error})") from error


def read_metadata(path: Path) -> dict[str, str]:
    """Read the metadata of a model that came with the app: its graph is not looked at.

    Raises
    ------
    ModelError
        It is missing, unreadable or not an ONNX model.
    """
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return _Inspector(data, printable(path.name)).metadata()
    except (OSError, ValueError, MalformedError) as error:
        raise ModelError(f"cannot read the model {path}: {getattr(error, 'strerror', None) or error}") from error


class _Inspector:
    """Walks one file."""

    def __init__(self, data: bytes | mmap, origin: str) -> None:
        self._wire = WireReader(data, MAX_FIELDS)
        self._length = len(data)
        self._origin = origin
        self._file = OnnxFile()
        self._functions: dict[tuple[str, str], Span] = {}
        self._metadata_bytes = 0

    def metadata(self) -> dict[str, str]:
        for number, _, span in self._wire.fields((0, self._length)):
            if number == _METADATA:
                self._property(message(span))
        return self._file.metadata

    def model(self) -> OnnxFile:
        graph: Span | None = None
        functions: list[Span] = []
        for number, value, span in self._wire.fields((0, self._length)):
            if number == 7:  # graph
                if graph is not None:
                    # Readers merge a message that stands twice; then this walk would not see what runs.
                    raise MalformedError("there are two graphs in it")
                graph = message(span)
            elif number == 8:  # opset_import
                self._operator_set(message(span))
            elif number == _METADATA:
                self._property(message(span))
            elif number == 25:  # functions
                functions.append(message(span))
            elif number == 1 and value is None:  # ir_version
                raise MalformedError("the format version is not a number")
        if graph is None:
            raise MalformedError("there is no graph in it")
        for span in functions:
            name, domain = self._texts(span, 1, 10)  # FunctionProto: name, domain
            if (domain, name) in self._functions:
                raise MalformedError(f"there are two functions {printable(name)} in it")
            self._functions[domain, name] = span
        self._graph(graph, depth=0)
        for span in functions:  # those that nothing calls are not run, but looked at all the same
            names = self._all_texts(span, 4)
            self._function(span, [False] * len(names), depth=0)
        return self._file

    def _property(self, span: Span) -> None:
        self._metadata_bytes += span[1] - span[0]
        if self._metadata_bytes > MAX_METADATA_BYTES:
            raise ModelError(f"{self._origin} carries more than {MAX_METADATA_BYTES // 2**20} MiB of metadata")
        key, text = self._texts(span, 1, 2)
        self._file.metadata[key] = text

    def _graph(self, span: Span, depth: int, outer: Values | None = None) -> None:
        if depth > MAX_DEPTH:
            raise ModelError(f"{self._origin} nests graphs more than {MAX_DEPTH} deep")
        inputs: list[Port] = []
        outputs: list[Port] = []
        weights: set[str] = set()
        values = Values(outer)
        # Nodes stand before the weights and inputs that they use.
        for number, _, part in self._wire.fields(span):
            if number == 5:  # initializer
                weights.add(self._tensor(message(part)))
            elif number == 11:  # input
                inputs.append(self._port(message(part)))
            elif number == 12:  # output
                outputs.append(self._port(message(part)))
            elif number == 15:  # sparse_initializer
                weights.add(self._sparse_tensor(message(part)))
        for name in weights:
            values.add(name, varies=False)
        # Old files (IR 3) list every weight among the inputs.
        inputs = [port for port in inputs if port.name not in weights]
        for port in inputs:
            values.add(port.name, varies=True)
        if outer is None:
            self._file.inputs, self._file.outputs = tuple(inputs), tuple(outputs)
        for number, _, part in self._wire.fields(span):
            if number == 1:  # node
                self._node(message(part), depth, values)

    def _function(self, span: Span, given: list[bool], depth: int) -> list[bool]:
        """Walk a function; whether its outputs depend on the model's input, given that of its own inputs."""
        if depth > MAX_DEPTH:
            raise ModelError(f"{self._origin} calls functions in functions more than {MAX_DEPTH} deep")
        values = Values()
        for at, name in enumerate(self._all_texts(span, 4)):  # FunctionProto: input
            values.add(name, varies=given[at] if at < len(given) else False)
        for number, _, node in self._wire.fields(span):
            if number == 7:  # node
                self._node(message(node), depth, values)
        return [values.varies(name) for name in self._all_texts(span, 5)]  # output

    def _node(self, span: Span, depth: int, values: Values) -> None:
        self._file.n_nodes += 1
        operator = domain = ""
        varies: list[bool] = []
        names: list[str] = []
        attributes: list[Span] = []
        for number, _, part in self._wire.fields(span):
            if number == 1:  # input
                varies.append(values.varies(self._wire.text(message(part))))
            elif number == 2:  # output
                names.append(self._wire.text(message(part)))
            elif number == 4:  # op_type
                operator = self._wire.text(message(part))
            elif number == 5:  # attribute
                attributes.append(message(part))
            elif number == 7:  # domain
                domain = self._wire.text(message(part))
        inner = False
        for attribute in attributes:
            for kind, _, part in self._wire.fields(attribute):
                if kind in (6, 11):  # a graph, graphs
                    inner = True
                    self._graph(message(part), depth + 1, values)
                elif kind in (5, 10):  # a tensor, tensors
                    self._tensor(message(part))
                elif kind in (22, 23):  # a sparse tensor, sparse tensors
                    self._sparse_tensor(message(part))
        outputs = self._outputs(operator, "" if domain == "ai.onnx" else domain, varies, depth)
        for at, name in enumerate(names):
            # An inner graph may use values of the outer one that depend on the sound without listing them as inputs.
            values.add(name, varies=inner or not outputs or outputs[min(at, len(outputs) - 1)])

    def _outputs(self, operator: str, domain: str, varies: list[bool], depth: int) -> list[bool]:
        """Which outputs of an operator depend on the model's input, given that of its own; the last stands for more."""
        if operator in REFUSED_OPERATORS and domain in STANDARD_DOMAINS:
            raise ModelError(
                f"{self._origin} uses the operator {operator}, which is refused: {REFUSED_OPERATORS[operator]}"
            )
        function = self._functions.get((domain, operator))
        if function is not None:
            return self._function(function, varies, depth + 1)
        full_name = printable(f"{domain}.{operator}" if domain else operator)
        if domain not in STANDARD_DOMAINS:
            raise ModelError(f"{self._origin} needs the operator {full_name}, which ONNX Runtime has not built in")
        sizes = SIZES.get((domain, operator))
        if sizes is None:
            raise ModelError(
                f"{self._origin} uses the operator {full_name}, which is refused: it is not among those whose "
                "memory is known before they run"
            )
        if any(varies[at] for at in sizes if at < len(varies)):
            raise ModelError(
                f"{self._origin} lets the sound decide how much memory its operator {full_name} takes; sizes "
                "must follow from the length of the window"
            )
        return [operator not in SHAPE_TELLERS and (operator in CHANCE or any(varies))]

    def _tensor(self, span: Span) -> str:
        name = ""
        for number, value, part in self._wire.fields(span):
            if number == 8:  # name
                name = self._wire.text(message(part))
            elif number == 13 or (number == 14 and value):  # external_data, data_location other than DEFAULT
                raise ModelError(
                    f"{self._origin} keeps weights in other files; a model must be one self-contained file"
                )
        return name

    def _sparse_tensor(self, span: Span) -> str:
        name = ""
        for number, _, part in self._wire.fields(span):
            if number == 1:  # values, whose name is that of the whole
                name = self._tensor(message(part))
            elif number == 2:  # indices
                self._tensor(message(part))
        return name

    def _port(self, span: Span) -> Port:
        name, element_type, shape = "", 0, None
        for number, _, part in self._wire.fields(span):
            if number == 1:
                name = self._wire.text(message(part))
            elif number == 2:
                for kind, _, tensor in self._wire.fields(message(part)):
                    if kind == 1:
                        element_type, shape = self._tensor_type(message(tensor))
        return Port(name, element_type, shape)

    def _tensor_type(self, span: Span) -> tuple[int, tuple[Dimension, ...] | None]:
        element_type = 0
        shape: tuple[Dimension, ...] | None = None
        for number, value, part in self._wire.fields(span):
            if number == 1 and value is not None:
                element_type = value
            elif number == 2:
                dimensions = (message(d) for kind, _, d in self._wire.fields(message(part)) if kind == 1)
                shape = tuple(self._dimension(d) for d in dimensions)
        return element_type, shape

    def _dimension(self, span: Span) -> Dimension:
        for number, value, part in self._wire.fields(span):
            if number == 1 and value is not None:
                return value
            if number == 2:
                return self._wire.text(message(part))
        return None

    def _operator_set(self, span: Span) -> None:
        domain, version = "", 0
        for number, value, part in self._wire.fields(span):
            if number == 1:
                domain = self._wire.text(message(part))
            elif number == 2 and value is not None:
                version = value
        if domain in ("", "ai.onnx"):
            self._file.opset = version

    def _texts(self, span: Span, *numbers: int) -> list[str]:
        """The string fields `numbers` of a message, empty where absent."""
        found = dict.fromkeys(numbers, "")
        for number, _, part in self._wire.fields(span):
            if number in found:
                found[number] = self._wire.text(message(part))
        return list(found.values())

    def _all_texts(self, span: Span, wanted: int) -> list[str]:
        """The strings of a repeated field."""
        return [self._wire.text(message(part)) for number, _, part in self._wire.fields(span) if number == wanted]
