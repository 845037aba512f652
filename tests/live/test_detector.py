"""What a detector answers, and how it behaves as a neighbour."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tiny_models
from irec_live.errors import ModelError
from irec_live.models import detector as detector_module
from irec_live.models.detector import Detector, load_model
from irec_live.onnx_runtime import load_onnx_runtime


@pytest.fixture(scope="module")
def activation(tiny_activation_path: Path) -> Detector:
    return Detector(tiny_activation_path)


@pytest.fixture(scope="module")
def envelope(tiny_envelope_path: Path) -> Detector:
    return Detector(tiny_envelope_path)


def windows_of(detector: Detector, count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (count, detector.spec.window_length)).astype(np.float32)


@pytest.mark.parametrize("label", tiny_models.LABELS)
def test_activation_lights_the_label_that_sounds_and_no_other(activation: Detector, label: str) -> None:
    answer = activation(tiny_models.tone(label, 1.0)[None])
    assert answer.shape == (1, 3)
    assert answer.dtype == np.float32
    lit = dict(zip(activation.spec.labels, answer[0], strict=True))
    assert lit.pop(label) > 0.95
    assert max(lit.values()) < 0.05


def test_envelope_is_the_rms_at_each_frame(envelope: Detector) -> None:
    spec = envelope.spec
    answer = envelope(tiny_models.tone("flute", spec.window_s, amplitude=0.5)[None])
    assert answer.shape == (1, 3, spec.frames)
    np.testing.assert_allclose(answer[0, 1, 1:-1], 0.5 / np.sqrt(2), rtol=0.01)


def test_a_window_gets_the_same_answer_in_any_batch(activation: Detector, envelope: Detector) -> None:
    for detector in (activation, envelope):
        windows = windows_of(detector, 5)
        one_by_one = np.concatenate([detector(window[None]) for window in windows])
        np.testing.assert_allclose(detector(windows), one_by_one, atol=1e-6)


def test_no_windows_give_no_answers(activation: Detector, envelope: Detector) -> None:
    assert activation(windows_of(activation, 0)).shape == (0, 3)
    assert envelope(windows_of(envelope, 0)).shape == (0, 3, 16)


def test_samples_that_are_not_finite_count_as_zero(activation: Detector) -> None:
    broken = np.tile(tiny_models.tone("violin", 1.0), (1, 1))
    repaired = broken.copy()
    broken[0, [10, 500, 900]] = [np.nan, np.inf, -np.inf]
    repaired[0, [10, 500, 900]] = 0.0
    before = broken.copy()
    np.testing.assert_array_equal(activation(broken), activation(repaired))
    np.testing.assert_array_equal(broken, before)  # the caller's samples are left alone


@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0, 1e10, 1e30, 3e38])
def test_answers_stay_finite_and_in_range_at_any_level(activation: Detector, envelope: Detector, level: float) -> None:
    for detector in (activation, envelope):
        with np.errstate(over="ignore"):
            answer = detector((windows_of(detector, 2) * np.float32(level)).astype(np.float32))
        assert np.isfinite(answer).all()
        assert answer.min() >= 0.0
        assert answer.max() <= 1.0


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floating_point_types_are_converted(activation: Detector, dtype: type) -> None:
    windows = windows_of(activation, 2).astype(dtype)
    np.testing.assert_allclose(activation(windows), activation(windows.astype(np.float32)), atol=1e-6)


def test_windows_need_not_be_contiguous(activation: Detector) -> None:
    windows = windows_of(activation, 4)
    np.testing.assert_array_equal(activation(windows[::2]), activation(windows[::2].copy()))


@pytest.mark.parametrize(
    "windows",
    [
        np.zeros(8000, np.float32),
        np.zeros((1, 7999), np.float32),
        np.zeros((1, 1, 8000), np.float32),
        np.zeros((1, 8000), np.int16),
        np.zeros((1, 8000), np.complex64),
    ],
    ids=["no batch", "too short", "three axes", "integers", "complex"],
)
def test_windows_of_another_shape_or_type_are_the_callers_mistake(activation: Detector, windows: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"tiny-activation takes floating-point windows of shape \(B, 8000\)"):
        activation(windows)


def test_many_threads_may_call_one_detector(activation: Detector) -> None:
    batches = [windows_of(activation, 1, seed) for seed in range(16)]
    expected = [activation(batch) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(activation, batches), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_a_detector_says_what_it_is(activation: Detector, tiny_activation_path: Path) -> None:
    import hashlib

    data = tiny_activation_path.read_bytes()
    assert activation.path == tiny_activation_path
    assert activation.sha256 == hashlib.sha256(data).hexdigest()
    assert activation.card.startswith("# Tiny")
    assert activation.spec == tiny_models.activation_spec()
    assert activation.providers == ("CPU",)
    assert activation.notice == ""
    assert repr(activation) == "Detector('tiny-activation', activation, providers=('CPU',))"
    from_bytes = Detector(data)
    assert from_bytes.path is None
    assert from_bytes.sha256 == activation.sha256


def test_a_session_has_one_thread_that_does_not_spin(activation: Detector) -> None:
    options = activation._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.get_session_config_entry("session.inter_op.allow_spinning") == "0"
    assert not options.enable_cpu_mem_arena


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime"), "onnxruntime is not installed"),
        (ImportError("libfoo.so: no such file"), "cannot be loaded .libfoo.so: no such file."),
    ],
)
def test_a_runtime_that_cannot_be_loaded_is_one_sentence(
    tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, reason: str
) -> None:
    def fail(part: str = "") -> None:
        raise raised

    monkeypatch.setattr("irec_live.models.runtime.load_onnx_runtime", fail)
    with pytest.raises(ModelError, match=reason):
        Detector(tiny_activation_path)


def test_ctrl_c_while_the_runtime_is_loaded_is_one(tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(part: str = "") -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr("irec_live.models.runtime.load_onnx_runtime", fail)
    with pytest.raises(KeyboardInterrupt):
        Detector(tiny_activation_path)


def test_cuda_that_cannot_be_had_falls_back_and_says_so(
    tiny_activation_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    detector = Detector(tiny_activation_path, provider="cuda")
    if "CUDA" in detector.providers:
        pytest.skip("this machine has CUDA")
    assert detector.providers == ("CPU",)
    assert detector.notice.startswith("CUDA was asked for but")
    assert detector.notice.count("\n") == 0
    assert detector(windows_of(detector, 1)).shape == (1, 3)
    assert capfd.readouterr() == ("", "")


def test_a_runtime_built_without_cuda_says_so(tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_onnx_runtime(), "get_available_providers", lambda: ["CPUExecutionProvider"])
    detector = Detector(tiny_activation_path, provider="cuda")
    assert detector.providers == ("CPU",)
    assert detector.notice == "CUDA was asked for but this ONNX Runtime is built without it; running on the CPU"


def test_a_gpu_that_fails_while_it_runs_is_replaced_by_the_cpu(
    tiny_activation_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailingGpu:
        """Stands in for a session on a GPU without memory."""

        def get_providers(self) -> list[str]:
            return ["CUDAExecutionProvider", "CPUExecutionProvider"]

        def run(self, *_: object) -> None:
            raise RuntimeError("CUDA failure 2: out of memory")

    real = detector_module.build_session

    def build(data: bytes, origin: str, *, cuda: bool, threads: int) -> tuple[object, str]:
        return (FailingGpu(), "") if cuda else real(data, origin, cuda=cuda, threads=threads)

    monkeypatch.setattr(detector_module, "build_session", build)
    detector = Detector(tiny_activation_path, provider="cuda")
    assert detector.providers == ("CPU",)
    assert "out of memory" in detector.notice
    assert detector(windows_of(detector, 1)).shape == (1, 3)


def test_a_bad_model_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    data = tiny_models.activation_model()
    with pytest.raises(ModelError):
        Detector(data.replace(b"Sigmoid", b"Sigmoyd"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("option", "value"), [("provider", "tpu"), ("threads", 0)])
def test_impossible_options_are_the_callers_mistake(option: str, value: object) -> None:
    with pytest.raises(ValueError, match=option):
        Detector(tiny_models.activation_model(), **{option: value})  # type: ignore[arg-type]


def test_a_model_loads_by_path(tiny_activation_path: Path) -> None:
    assert load_model(tiny_activation_path).spec.name == "tiny-activation"
    assert load_model(str(tiny_activation_path)).path == tiny_activation_path


def test_a_model_loads_by_the_name_it_has_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IREC_MODELS_DIR", str(tmp_path))
    tiny_models.write_activation_model(tmp_path, "mine")
    assert load_model("mine").spec.name == "mine"


def test_running_a_model_needs_neither_torch_nor_onnx(tiny_activation_path: Path) -> None:
    script = (
        "import sys; from irec_live.models.detector import Detector; "
        "assert 'onnxruntime' not in sys.modules; "
        "Detector(sys.argv[1]); "
        "assert 'onnxruntime' in sys.modules; "
        "assert not {'torch', 'onnx', 'librosa', 'PySide6', 'sounddevice'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(tiny_activation_path)], check=True, timeout=300)


def test_a_detector_goes_to_another_process_by_its_file(tmp_path: Path, tiny_activation_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(tiny_activation_path.read_bytes())
    sent = load_model(path)
    pickled = pickle.dumps(sent)
    back = pickle.loads(pickled)  # noqa: S301 - our own
    windows = windows_of(sent, 2)
    np.testing.assert_array_equal(back(windows), sent(windows))
    assert (back.path, back.sha256) == (path, sent.sha256)
    path.write_bytes(tiny_models.activation_model(card="# Another"))
    with pytest.raises(ModelError, match="changed since it was pickled"):
        pickle.loads(pickled)  # noqa: S301 - our own
    with pytest.raises(TypeError, match="made of bytes cannot be pickled"):
        pickle.dumps(Detector(tiny_activation_path.read_bytes()))
