"""ONNX Runtime sessions on the CPU or CUDA that do not hog the machine, and readable forms of its errors.

It is loaded only once a model is.
"""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from irec_live.errors import ModelError
from irec_live.onnx_runtime import load_onnx_runtime

if TYPE_CHECKING:
    from irec_live.onnx_runtime import InferenceSession, SessionOptions

LOAD_LIMIT_S = 300.0
"""Seconds by the clock after which a model that is built or tried out is given up. The published ones take under one,
but on a busy machine a good model may wait long: a strange one is stopped by its processor time, in the sandbox."""

FATAL = 4
"""Severity from which ONNX Runtime may print: its errors reach us as exceptions."""

_LONGEST_REASON = 400  # what a hostile file can make it say has no end


def build_session(data: bytes, origin: str, *, cuda: bool, threads: int) -> tuple[InferenceSession, str]:
    """A session, and one sentence if it does not run on the requested provider."""
    try:
        onnxruntime = load_onnx_runtime()
    except ImportError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # Ctrl-C while it was loaded: it makes that its own failure
            raise KeyboardInterrupt from error
        if error.name == "onnxruntime":
            wrong = "onnxruntime is not installed, so no model can run; run: pip install onnxruntime"
        else:
            wrong = f"onnxruntime cannot be loaded ({first_line(error)}), so no model can run; install it anew"
        raise ModelError(wrong) from error
    # Providers that cannot load are reported by the default logger, not the session's.
    onnxruntime.set_default_logger_severity(FATAL)
    notice = ""
    providers: list[Any] = ["CPUExecutionProvider"]
    if cuda:
        notice = _prepare_cuda(onnxruntime)
        if not notice:
            # TF32 keeps 10 bits of a float32's 23, too few for a spectrum that spans 80 dB.
            providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))
    options = _session_options(onnxruntime, threads)
    try:
        with deadline(lambda: _cancel(options)):
            # enable_fallback=0: the binding's own fallback prints to standard output.
            session = onnxruntime.InferenceSession(data, options, providers=providers, enable_fallback=0)
    except runtime_errors() as error:
        if len(providers) > 1:
            session, _ = build_session(data, origin, cuda=False, threads=threads)
            return session, f"CUDA was asked for but failed ({first_line(error)}); running on the CPU"
        raise ModelError(refusal(error, origin)) from error
    if len(providers) > 1 and "CUDAExecutionProvider" not in session.get_providers():
        notice = (
            "CUDA was asked for but its libraries or a GPU are missing; running on the CPU "
            "(pip install 'irec-live[cuda]' brings the libraries)"
        )
    return session, notice


def _session_options(onnxruntime: Any, threads: int) -> SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # The arena never gives memory back; without it a batch of a file does not stay allocated for the session.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = FATAL
    for pool in ("intra_op", "inter_op"):
        # A spinning thread eats a core while it waits for the next hop.
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    return options


def _cancel(options: Any) -> None:
    cancel = getattr(options, "set_load_cancellation_flag", None)  # older releases have no such thing
    if cancel is not None:
        cancel(True)


def _prepare_cuda(onnxruntime: Any) -> str:
    """Load NVIDIA's libraries from their wheels; one sentence if this build cannot use CUDA at all."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "CUDA was asked for but this ONNX Runtime is built without it; running on the CPU"
    if hasattr(onnxruntime, "preload_dlls"):
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does not find
            onnxruntime.preload_dlls()
    return ""


@contextlib.contextmanager
def deadline(on_late: Callable[[], object]) -> Iterator[None]:
    """Call `on_late` from another thread if the block takes longer than `LOAD_LIMIT_S`."""
    timer = threading.Timer(LOAD_LIMIT_S, on_late)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def runtime_errors() -> tuple[type[Exception], ...]:
    """Everything ONNX Runtime raises about a model; its classes share no base of their own."""
    state = load_onnx_runtime("capi.onnxruntime_pybind11_state")
    own = tuple(kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))
    return (*own, RuntimeError, ValueError, MemoryError)


def calls(count: int, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and end of every call that runs a network on so many things, where calls may have some sizes alone.

    Parameters
    ----------
    count : int
    sizes : sequence of int
        Largest first, 1 the last; empty where one call may have all.

    Examples
    --------
    >>> list(calls(21, (16, 2, 1)))
    [(0, 16), (16, 18), (18, 20), (20, 21)]
    """
    first = 0
    while first < count:
        size = next((size for size in sizes if size <= count - first), count - first)
        yield first, first + size
        first += size


def in_range(answer: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a network says, within 0 and 1: what is not a number counts as 0.

    Examples
    --------
    >>> in_range(np.float32([0.5, np.nan, np.inf, -np.inf, 1.25])).tolist()
    [0.5, 0.0, 1.0, 0.0, 1.0]
    """
    # `fmax` and `fmin` pass over NaN; at these sizes `nan_to_num` and `clip` cost more than some networks' layers.
    inside: npt.NDArray[np.float32] = np.fmin(np.fmax(answer, np.float32(0.0)), np.float32(1.0))
    return inside


def finite(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Features, changed in place where they are not finite."""
    return features if np.isfinite(features).all() else np.nan_to_num(features, copy=False)


def first_line(error: BaseException) -> str:
    """The readable part of ONNX Runtime's message, without its prefix, places in its source, and later lines.

    Examples
    --------
    >>> first_line(RuntimeError("[ONNXRuntimeError] : 1 : FAIL : /src/graph.cc:2 void f(const int&, bool) It is bad"))
    'It is bad'
    >>> first_line(RuntimeError("[ONNXRuntimeError] : 6 : EXCEPTION : ... Status Message: std::bad_alloc"))
    'it asks for more memory than it may have'
    """
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", lines[0])
    if re.search(r"bad_alloc|Failed to allocate|MemoryError", text):
        return "it asks for more memory than it may have"
    text = re.sub(r"^/\S+:\d+ \S.*?\)\s+(?=[A-Z])", "", text)
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 3] + "..."


def refusal(error: BaseException, origin: str) -> str:
    """Why ONNX Runtime does not take a model, as one sentence; the versions found and supported where they are it.

    Examples
    --------
    >>> refusal(RuntimeError("Unsupported model IR version: 14, max supported IR version: 13"), "a.onnx")
    'a.onnx is in ONNX IR version 14, and the newest that runs here is 13; export it for an older version, or \
install a newer onnxruntime'
    >>> refusal(RuntimeError("can't start new thread"), "a.onnx")
    'a.onnx cannot be loaded: the system lets this program have no more threads (ulimit -u)'
    """
    text = str(error)
    if "can't start new thread" in text:
        return f"{origin} cannot be loaded: the system lets this program have no more threads (ulimit -u)"
    remedy = "export it for an older version, or install a newer onnxruntime"
    if found := re.search(r"IR version: (\d+), max supported IR version: (\d+)", text):
        return f"{origin} is in ONNX IR version {found[1]}, and the newest that runs here is {found[2]}; {remedy}"
    found = re.search(r"Opset (\d+) is under development.*support for domain (\S+) is till opset (\d+)", text)
    if found:
        return f"{origin} uses opset {found[1]} of {found[2]}, and the newest that runs here is {found[3]}; {remedy}"
    return f"{origin} is not a model that ONNX Runtime can run: {first_line(error)}"
