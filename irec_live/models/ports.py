"""Input and output check: whether a model's graph has the ports that its metadata promises."""

from __future__ import annotations

from typing import Any

from irec_live.errors import ModelError
from irec_live.models.onnx_file import FLOAT, OnnxFile, Port, printable
from irec_live.models.spec import INPUT_NAME, ModelSpec


def check_ports(contents: OnnxFile, spec: ModelSpec, origin: str) -> None:
    """Compare the graph's input and output with what the metadata says.

    Raises
    ------
    ModelError
        Names, types or shapes differ, or the batch axis is not free.
    """
    frames = (spec.frames,) if spec.kind == "envelope" else ()
    wanted = {
        "input": (INPUT_NAME, (spec.window_length,), contents.inputs),
        "output": (spec.kind, (len(spec.labels), *frames), contents.outputs),
    }
    for what, (name, sizes, ports) in wanted.items():
        if len(ports) != 1 or ports[0].name != name:
            found = ", ".join(printable(port.name) for port in ports[:5]) or "none"
            raise ModelError(f"{origin} must have exactly one {what}, named '{name}'; it has: {found}")
        if not _fits(ports[0], sizes):
            shape = "of unknown shape" if ports[0].shape is None else f"shape {_show(ports[0].shape)}"
            kind = "float32" if ports[0].element_type == FLOAT else f"data type {ports[0].element_type}"
            raise ModelError(
                f"{origin} has an {what} '{name}' of {kind}, {shape}, but its metadata promises "
                f"float32, shape {_show(('batch', *sizes))}"
            )


def _fits(port: Port, sizes: tuple[int, ...]) -> bool:
    """Whether a port is float32 with a free batch axis and these sizes after it (free ones fit too)."""
    if port.element_type != FLOAT:
        return False
    if port.shape is None:
        return True  # what it really returns is checked when it is tried out
    if len(port.shape) != 1 + len(sizes) or isinstance(port.shape[0], int):
        return False
    return all(not isinstance(found, int) or found == size for found, size in zip(port.shape[1:], sizes, strict=True))


def _show(shape: tuple[Any, ...]) -> str:
    return "(" + ", ".join("?" if size is None else printable(str(size)) for size in shape) + ")"
