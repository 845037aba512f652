"""What each front end costs for one window on one thread: ONNX Runtime, torch, and librosa where it has the feature.

The windows are those of the networks that use the front end, level normalisation left out. All ways are measured in
turns in one process, in processor time, which other programs on the machine hardly change.

    pytest tests/benchmarks/test_frontend_cost.py --benchmark-enable -s
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

librosa = pytest.importorskip("librosa")
torch = pytest.importorskip("torch")
frontends = pytest.importorskip("irec_models.frontends")

from irec_export.convert import OPSET, quiet  # noqa: E402
from irec_live.onnx_runtime import load_onnx_runtime  # noqa: E402
from irec_papers.bosch.net import BoschMachines  # noqa: E402
from irec_papers.frontends.group_delay import ModifiedGroupDelay  # noqa: E402
from irec_papers.frontends.long_dft import LongSpectrum  # noqa: E402

REPEATS = 15

Way = Callable[[], Any]


@dataclass(frozen=True)
class Subject:
    """A front end, the window it hears, and the same of librosa."""

    make: Callable[[], Any]
    rate: int
    window: int
    usual: Callable[[Any], Any] | None = None


class _Timbre(torch.nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.network = BoschMachines(2)

    def forward(self, audio: Any) -> Any:
        return self.network.raw_features(audio)


def _timbre(audio: Any) -> Any:
    """The same descriptors of the same three streams."""
    magnitude = np.abs(librosa.stft(audio, n_fft=2048, hop_length=512))
    streams = (magnitude, *librosa.decompose.hpss(magnitude))
    described = [
        (
            librosa.feature.mfcc(S=librosa.power_to_db(librosa.feature.melspectrogram(S=stream**2, sr=22_050))),
            librosa.feature.spectral_centroid(S=stream, sr=22_050),
            librosa.feature.spectral_bandwidth(S=stream, sr=22_050),
            librosa.feature.spectral_rolloff(S=stream, sr=22_050),
            librosa.feature.spectral_flatness(S=stream),
            librosa.feature.spectral_contrast(S=stream, sr=22_050),
        )
        for stream in streams
    ]
    return np.concatenate([np.concatenate(parts) for parts in described])


def _mel_of_a_second(n_fft: int, hop_length: int, frames: int) -> Subject:
    """128 mel bands at 22.05 kHz, ours and librosa's."""
    return Subject(
        lambda: frontends.LogMel(22_050, 22_050, n_fft, hop_length, frames=frames, bands=128),
        22_050,
        22_050,
        lambda x: np.log(
            librosa.feature.melspectrogram(y=x, sr=22_050, n_fft=n_fft, hop_length=hop_length, n_mels=128, power=1.0)
            + 1e-3
        ),
    )


SUBJECTS = {
    "log-mel of Han, 1024/512, 128 bands, 1 s": _mel_of_a_second(1024, 512, 43),
    "log-mel of Lumen, 1100/220, 128 bands, 1 s": _mel_of_a_second(1100, 220, 100),
    "log-mel of Chen, 2048/512, 128 bands, 1 s": _mel_of_a_second(2048, 512, 44),
    "STFT of Chen, 2048/512, 1025 bins, 1 s": Subject(
        lambda: frontends.StftMagnitude(22_050, 2048, 512, 44, floor=1e-2),
        22_050,
        22_050,
        lambda x: np.log(np.abs(librosa.stft(x, n_fft=2048, hop_length=512)) + 1e-2),
    ),
    "log-mel of Neuroment, 2048/1024, 128 bands, 348 ms": Subject(
        lambda: frontends.LogMel(44_100, 15_360, 2048, 1024, 16, 128, low_hz=27.5, high_hz=20_000.0),
        44_100,
        15_360,
        lambda x: np.log(
            librosa.feature.melspectrogram(
                y=x, sr=44_100, n_fft=2048, hop_length=1024, n_mels=128, fmin=27.5, fmax=20_000.0, power=1.0
            )
            + 1e-3
        ),
    ),
    "STFT of Neuroment, 1025 bins, 348 ms": Subject(
        lambda: frontends.StftMagnitude(15_360, 2048, 1024, 16, floor=1e-3),
        44_100,
        15_360,
        lambda x: np.log(np.abs(librosa.stft(x, n_fft=2048, hop_length=1024)) + 1e-3),
    ),
    "constant Q of Neuroment, 192 bins, 348 ms": Subject(
        lambda: frontends.ConstantQ(44_100, 15_360, 1024, 16, low_hz=27.5, bins=192, bins_per_octave=24, floor=1e-3),
        44_100,
        15_360,
        lambda x: np.log(
            np.abs(librosa.cqt(x, sr=44_100, hop_length=1024, fmin=27.5, n_bins=192, bins_per_octave=24, tuning=0.0))
            + 1e-3
        ),
    ),
    "chroma of Lumen, 36 classes, 1 s": Subject(
        lambda: frontends.CqtChroma(22_050, 22_050, 224, 100, 36),
        22_050,
        22_050,
        lambda x: librosa.feature.chroma_cqt(
            y=x, sr=22_050, hop_length=224, n_chroma=36, bins_per_octave=36, tuning=0.0
        ),
    ),
    "group delay of Lumen, 128 bins, 1 s": Subject(
        lambda: ModifiedGroupDelay(22_050, 1100, 220, 100, 128), 22_050, 22_050
    ),
    "spectrum of Vaznonis, 11 025 bins, 1 s": Subject(
        lambda: LongSpectrum(22_050, 22_050), 22_050, 22_050, lambda x: np.abs(np.fft.rfft(x))
    ),
    "timbre of Bosch, 3 streams, 1 s": Subject(_Timbre, 22_050, 22_050, _timbre),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(before)


def _in_onnx_runtime(module: Any, window: int) -> Any:
    with quiet():
        program = torch.onnx.export(
            module,
            (torch.zeros(1, window),),
            input_names=["audio"],
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    buffer = io.BytesIO()
    program.save(buffer)
    runtime = load_onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", list(SUBJECTS))
def test_cost_of_a_front_end(name: str, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]) -> None:
    if pytestconfig.getoption("benchmark_disable") and not pytestconfig.getoption("benchmark_enable"):
        pytest.skip("measures only with --benchmark-enable")
    subject = SUBJECTS[name]
    module = subject.make().eval()
    audio = (0.1 * np.random.default_rng(0).standard_normal(subject.window)).astype(np.float32)
    session = _in_onnx_runtime(module, subject.window)

    def eager() -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(audio[None]))

    ways: dict[str, Way] = {"ONNX Runtime": lambda: session.run(None, {"audio": audio[None]}), "torch": eager}
    usual = subject.usual
    if usual is not None:
        ways["librosa" if "Vaznonis" not in name else "numpy"] = lambda: usual(audio)
    times_ms: dict[str, list[float]] = {way: [] for way in ways}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large for input signal", category=UserWarning)
        for call in ways.values():
            call()
        for _ in range(REPEATS):
            for way, call in ways.items():
                start = time.process_time()
                call()
                times_ms[way].append(1e3 * (time.process_time() - start))
    medians = {way: float(np.median(times)) for way, times in times_ms.items()}
    assert min(medians.values()) > 0
    with capsys.disabled():
        print(f"\n{name}: " + ", ".join(f"{way} {ms:.2f} ms" for way, ms in medians.items()))
