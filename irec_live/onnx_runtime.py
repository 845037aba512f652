"""Import of ONNX Runtime with its telemetry switched off.

From 1.29 on its wheels make a device id and a database of its use under the user's cache, and look for a host to send
them to, unless `SWITCH` stands in the environment when the library is loaded. So it is set when this module is, which
the package's own ``__init__`` sees to: whatever imports anything of irec-live has it, and so has each process that it
starts, and each other library there that imports ONNX Runtime for itself.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxruntime import InferenceSession as InferenceSession
    from onnxruntime import RunOptions as RunOptions
    from onnxruntime import SessionOptions as SessionOptions

SWITCH = "ORT_DISABLE_TELEMETRY"
"""Environment variable that ONNX Runtime looks for; ``1`` means off."""

os.environ[SWITCH] = "1"


def load_onnx_runtime(part: str = "") -> Any:
    """ONNX Runtime, imported if it is not yet; nobody here imports it in another way.

    Parameters
    ----------
    part : str
        A module of its own, such as ``quantization``; the library itself if empty.

    Raises
    ------
    ImportError
        It is not installed.
    """
    os.environ[SWITCH] = "1"  # somebody may have cleared it since
    runtime = import_module("onnxruntime")
    # Windows reports by a way of its own, and a program that uses us may have loaded the library before.
    disable = getattr(runtime, "disable_telemetry_events", None)
    if disable is not None:
        disable()
    return import_module(f"onnxruntime.{part}") if part else runtime
