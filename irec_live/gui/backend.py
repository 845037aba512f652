"""Facade between the window and the rest of the app.

Imports are inside the functions: onnxruntime, soundfile and PortAudio take most of a second to load, and the window is
painted before that. Every method may block, so all are called from a `Background` thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from irec_live.errors import DeviceError
from irec_live.gui.language import tr
from irec_live.gui.requests import SourceRequest
from irec_live.suffixes import is_session_folder

if TYPE_CHECKING:
    from irec_live.analysis import Analysis
    from irec_live.devices import Device
    from irec_live.models.catalog import LeftOut, ModelInfo
    from irec_live.models.detector import Detector
    from irec_live.models.spec import ModelSpec
    from irec_live.results import Snapshot
    from irec_live.session import Session


_TIMED_HOPS = 12
"""Enough for a median; a tenth of a second with the bundled networks."""


class LoadedModel(Protocol):
    """A network that is ready to run, with its metadata."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def notice(self) -> str: ...


class Probe(Protocol):
    """Measures a live input; see `irec_live.source.level_probe.LevelProbe`."""

    @property
    def levels_db(self) -> tuple[float, float]: ...

    @property
    def problem(self) -> str: ...

    def close(self) -> None: ...


class SecondModel(Protocol):
    """A second model on the sound of a session; see `irec_live.session.comparison.Comparison`."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def load(self) -> float: ...

    @property
    def message(self) -> str: ...

    @property
    def origin_s(self) -> float: ...

    def snapshot(self, span_s: float, end_s: float) -> Snapshot: ...

    def close(self) -> None: ...


class Backend(Protocol):
    """Access to sessions, models, devices and files. Every method may block and may raise an `IrecError`."""

    def load_model(self, name_or_path: str) -> LoadedModel:
        """Load a network by name or path."""

    def default_models(self) -> list[str]:
        """Names of the models used unless others are chosen."""

    def demo_clip(self) -> Path:
        """Path of the clip that is played if there is no input device."""

    def list_models(self) -> Sequence[ModelInfo]:
        """Networks that can be chosen by name."""

    def left_out_models(self) -> Sequence[LeftOut]:
        """Files in the user's models folder that cannot be chosen, and why."""

    def time_model(self, name_or_path: str) -> float:
        """How long a hop of a network takes on this computer, in milliseconds."""

    def list_devices(self) -> Sequence[Device]:
        """Sound devices that are there now."""

    def open_probe(self, request: SourceRequest) -> Probe:
        """Measure the level of a live input, without a model."""

    def open_second(self, session: Session, name_or_path: str) -> SecondModel:
        """Run a second model on the sound of a session."""

    def repair(self, folder: Path, progress: Callable[[float], None]) -> None:
        """Complete a recorded session whose program was killed; see `irec_live.recording.repair_session`."""

    def open(self, request: SourceRequest, models: Sequence[LoadedModel]) -> Session:
        """Start a session of a source; a file does not play yet."""

    def export(self, analysis: Analysis, path: Path, form: str) -> None:
        """Write an analysis as one of `irec_live.formats.FORMATS`."""


class AppBackend:
    """The backend of the app; tests use fakes.

    Parameters
    ----------
    hop_s : float, optional
        Seconds between activation windows.
    provider : str
        ``auto``, ``cpu`` or ``cuda``.
    audible : bool
        Whether files may use an output device.
    """

    def __init__(self, *, hop_s: float | None = None, provider: str = "auto", audible: bool = True) -> None:
        self._hop_s, self._provider, self._audible = hop_s, provider, audible
        # Kept, because creating ONNX Runtime sessions again and again leaks memory. The key holds the time of the last
        # change, so that a file that was replaced is loaded again.
        self._loaded: dict[tuple[str, int], Detector] = {}

    def load_model(self, name_or_path: str) -> Detector:
        """Load a network by name or path; each is loaded once."""
        from irec_live.models.detector import load_model

        kept = self._kept(name_or_path)
        if kept is not None:
            return kept
        provider: Any = self._provider
        loaded = self._loaded[_file_key(name_or_path)] = load_model(name_or_path, provider=provider)
        return loaded

    def _kept(self, name_or_path: str) -> Detector | None:
        """The network if it is loaded already."""
        return self._loaded.get(_file_key(name_or_path))

    def default_models(self) -> list[str]:
        """Names of the bundled activation and envelope models, as far as they are installed."""
        from irec_live.session import default_models

        return list(default_models())

    def demo_clip(self) -> Path:
        """Path of the bundled clip."""
        from irec_live.session import demo_clip

        return demo_clip()

    def list_models(self) -> Sequence[ModelInfo]:
        """Bundled models and those in the user's folder."""
        from irec_live.models.catalog import list_models

        return list_models()

    def left_out_models(self) -> Sequence[LeftOut]:
        """Files in the user's folder that are no models."""
        from irec_live.models.catalog import left_out_models

        return left_out_models()

    def time_model(self, name_or_path: str) -> float:
        """Median time of a hop, in the pipeline that live sound goes through, in milliseconds."""
        import numpy as np

        from irec_live.models.detector import load_model
        from irec_live.streaming.pipeline import Pipeline

        provider: Any = self._provider
        detector = self._kept(name_or_path) or load_model(name_or_path, provider=provider)
        spec = detector.spec
        pipeline = Pipeline(spec.sample_rate, [detector], hop_s=self._hop_s, spectrogram=False)
        noise = np.random.default_rng(0).normal(0.0, 0.1, spec.window_length + _TIMED_HOPS * spec.hop_length)
        for first in range(0, len(noise), spec.hop_length):
            pipeline.push(noise[first : first + spec.hop_length].astype(np.float32))
        return pipeline.stats.inference_ms_p50

    def list_devices(self) -> Sequence[Device]:
        """Input and loopback devices, including newly plugged ones where they can be found."""
        from irec_live.devices import list_devices, without_routes

        return [device for device in without_routes(list_devices(refresh_list=True)) if device.kind != "output"]

    def open_probe(self, request: SourceRequest) -> Probe:
        """Measure the level of a live input, without a model."""
        from irec_live.source import open_input
        from irec_live.source.level_probe import LevelProbe

        return LevelProbe(open_input(request.kind, request.device, request.hostapi))

    def open_second(self, session: Session, name_or_path: str) -> SecondModel:
        """Run a second model on the sound of a session."""
        from irec_live.session.comparison import Comparison

        return Comparison(session, self.load_model(name_or_path))

    def repair(self, folder: Path, progress: Callable[[float], None]) -> None:
        """Complete a recorded session whose program was killed."""
        from irec_live.recording import repair_session

        repair_session(folder, progress)

    def open(self, request: SourceRequest, models: Sequence[Any]) -> Session:
        """Open a live or a file session with these networks, or a recorded one with the results it has."""
        from irec_live.session import open_file, open_live, open_saved

        provider: Any = self._provider
        if not request.kind.is_live:
            if request.path is None:
                raise DeviceError(tr("no file was named"))
            if is_session_folder(request.path):
                return open_saved(request.path, audible=self._audible, play=False)
            # Not playing yet: the session manager starts it when the former one is silent.
            return open_file(
                request.path,
                models,
                hop_s=self._hop_s,
                provider=provider,
                play=False,
                audible=self._audible,
                track=request.track,
            )
        return open_live(
            models,
            input=request.kind,
            device=request.device,
            hostapi=request.hostapi,
            hop_s=self._hop_s,
            provider=provider,
        )

    def export(self, analysis: Analysis, path: Path, form: str) -> None:
        """Write an analysis to a file, atomically."""
        from irec_live.files import write_atomically
        from irec_live.formats import FORMATS

        write_atomically(path, FORMATS[form].content(analysis))


def _file_key(name_or_path: str) -> tuple[str, int]:
    """A model's file, and when it was changed last."""
    from irec_live.models.catalog import find_model

    path = find_model(name_or_path)
    return str(path.resolve()), path.stat().st_mtime_ns if path.is_file() else 0
