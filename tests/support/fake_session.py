"""Sessions that make up their pictures by formula: the window's tests need no sound, network or thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from irec_live.analysis import Analysis
from irec_live.corrections import Corrections
from irec_live.errors import DeviceError, IrecError, ModelError
from irec_live.gui.requests import SourceRequest
from irec_live.models.catalog import LeftOut
from irec_live.models.spec import ModelSpec
from irec_live.results import Event, Overview, Snapshot, State, Stats
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.input_shape import InputShape

LABELS = (
    "cello",
    "clarinet",
    "flute",
    "acoustic guitar",
    "electric guitar",
    "organ",
    "piano",
    "saxophone",
    "trumpet",
    "violin",
    "voice",
    "bass",
    "drums",
)
HOP_S, FRAME_S, COLUMN_S, BANDS = 0.1, 1024 / 44100, 1024 / 44100, 96
DURATION_S = 194.0


def spec(kind: str = "activation", labels: tuple[str, ...] = LABELS, name: str = "") -> ModelSpec:
    """A spec of either kind."""
    if kind == "activation":
        return ModelSpec(
            name=name or "han-1s",
            kind="activation",
            labels=labels,
            sample_rate=22050,
            window_length=22050,
            hop_length=2205,
        )
    return ModelSpec(
        name=name or "neuroment-mel",
        kind="envelope",
        labels=labels,
        sample_rate=44100,
        window_length=15360,
        hop_length=8192,
        frames=16,
        frame_hop=1024,
    )


def activation(times: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    """(R,) seconds -> (R, K) activations: every label has a phrase of its own, and a few never play."""
    columns = []
    for place, _ in enumerate(labels):
        period, phase = 17.0 + 5.3 * place, 2.1 * place
        wave = np.sin(2 * np.pi * (times + phase) / period)
        often = (0.75, -0.35, 0.15, -0.2, -0.75)[place * 7 % 5]
        ripple = 0.05 * np.sin(7.1 * times + place) + 0.03 * np.sin(23.0 * times + 2 * place)
        columns.append(1.0 / (1.0 + np.exp(-8.0 * (wave + often - 0.35))) * 0.93 + ripple)
    return np.clip(np.stack(columns, axis=1), 0.0, 1.0).astype(np.float32)


def envelope(times: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    """(M,) seconds -> (M, K) RMS: notes that decay wherever the label is active."""
    active = activation(times, labels)
    columns = []
    for place, _ in enumerate(labels):
        tempo = 0.45 + 0.08 * (place % 5)
        age = np.mod(times + 0.31 * place, tempo)
        columns.append(0.32 * np.exp(-3.2 * age) * np.minimum(1.0, age / 0.02))
    return (np.stack(columns, axis=1) * active**2).astype(np.float32)


def spectrogram(times: np.ndarray) -> np.ndarray:
    """(C,) seconds -> (C, F) dB: a few harmonic lines over a falling floor."""
    bands = np.arange(BANDS)[None, :]
    base = 14 + 5 * np.round(2 * np.sin(2 * np.pi * times / 7.3))[:, None]
    age = np.mod(times, 0.5)[:, None]
    level = np.full((len(times), BANDS), -92.0) + 18 * np.exp(-bands / 30.0)
    for harmonic in range(1, 9):
        center = base + 17.5 * np.log2(harmonic)
        line = -22.0 - 5.0 * harmonic - 26.0 * age - 2.2 * (bands - center) ** 2
        level = np.maximum(level, line)
    return (level + 4 * np.sin(12.9898 * bands + 78.233 * np.floor(times / COLUMN_S)[:, None])).astype(np.float32)


class FakeSession:
    """A live session whose clock the test sets."""

    def __init__(self, labels: tuple[str, ...] = LABELS, title: str = "USB Audio Interface") -> None:
        self._labels, self._title = labels, title
        self.time_s = 30.0
        self.state: State = "running"
        self.message = ""
        self.stats = Stats(0, 0, 4213, 3.1, 5.4, 0.064, 688.0, ("CPU", "CPU"))
        self.decisions = Decisions()
        self.channels = 2
        self.input_shape = InputShape()
        self.peak_db: float | None = None
        self.closed = 0
        self.pulled = 0
        self.progress = 1.0
        self.specs = (spec("activation", labels), spec("envelope", labels))

    @property
    def kind(self) -> str:
        return "live"

    @property
    def title(self) -> str:
        return self._title

    @property
    def labels(self) -> tuple[str, ...]:
        return self._labels

    def set_threshold_offset(self, offset: float) -> None:
        self.decisions = replace(self.decisions, offset=offset)

    @property
    def threshold_offset(self) -> float:
        return self.decisions.offset

    def close(self) -> None:
        self.closed += 1

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        self.pulled += 1
        now = self.time_s if end_s is None else end_s
        known, start = min(now, self.known_s()), max(0.0, now - span_s)
        rows = grid(max(start, 0.5), min(now, known - 0.5), HOP_S)
        frames = grid(start, min(now, known - 0.2), FRAME_S)
        columns = grid(start, known, COLUMN_S)
        raw = activation(rows, self._labels)
        own = dict(self.decisions.own)
        moved = np.array([self.threshold_offset + own.get(label, 0.0) for label in self._labels])
        on = np.clip(0.5 + moved, 0.02, 0.98).astype(np.float32)
        lit = [] if not len(raw) else [place for place in np.argsort(-raw[-1]) if raw[-1, place] > on[place]]
        return Snapshot(
            labels=self._labels,
            time_s=now,
            span_s=span_s,
            activation_times=rows,
            activation=raw,
            smoothed=raw,
            envelope_times=frames,
            envelope=envelope(frames, self._labels),
            thresholds=on,
            detected=tuple(self._labels[place] for place in lit),
            events=events(rows, raw, on, self._labels),
            spectrogram_times=columns,
            spectrogram=spectrogram(columns),
            level_db=-21.0 + 4 * np.sin(3 * self.time_s),
            peak_db=-9.0 + 5 * np.sin(5 * self.time_s) if self.peak_db is None else self.peak_db,
            stats=self.stats,
            state=self.state,
            message=self.message,
            now_s=self.time_s,
        )

    def analysis(self) -> Analysis | None:
        return None

    def known_s(self) -> float:
        """End of what is analysed."""
        return self.time_s

    def length_s(self) -> float:
        """Length of the session so far, or of the file."""
        return self.time_s

    def overview(self) -> Overview:
        length_s = self.length_s()
        slices = np.linspace(0, length_s, 1200)
        known = slices <= self.known_s()
        loud = 0.15 + 0.7 * np.abs(np.sin(slices / 9)) * (0.6 + 0.4 * np.sin(slices * 2.7))
        noise = 0.8 + 0.2 * np.sin(12.9898 * np.arange(1200) ** 1.5)
        high = np.where(known, loud * noise, np.nan)
        strips = np.where(known[:, None], activation(slices, self._labels), np.nan)
        rows = grid(0.5, min(length_s, self.known_s()), HOP_S)
        found = events(rows, activation(rows, self._labels), np.full(len(self._labels), 0.5), self._labels)
        return Overview(
            duration_s=length_s,
            progress=self.progress,
            peaks=np.stack([-high, high], axis=1).astype(np.float32),
            strips=strips.astype(np.float32),
            labels=self._labels,
            detected=tuple(dict.fromkeys(event.label for event in found)),
            events=found,
        )


class FakeFileSession(FakeSession):
    """A file session whose playhead the test sets."""

    def __init__(self, path: Path = Path("String Quartet in A minor.flac"), progress: float = 0.62) -> None:
        super().__init__(title=path.name)
        self.path, self.progress = path, progress
        self.playing, self.silent, self.warning = True, False, ""
        self.duration_s = DURATION_S
        self.loop: tuple[float, float] | None = None
        self.corrections = Corrections()
        self.time_s = 61.4

    @property
    def kind(self) -> str:
        return "file"

    @property
    def position_s(self) -> float:
        return self.time_s

    def play(self) -> None:
        self.playing, self.state = True, "running"

    def pause(self) -> None:
        self.playing, self.state = False, "paused"

    def seek(self, time_s: float) -> None:
        self.time_s = min(max(0.0, time_s), self.duration_s)

    def known_s(self) -> float:
        return DURATION_S * self.progress

    def length_s(self) -> float:
        return self.duration_s

    def snapshot(self, span_s: float, end_s: float | None = None) -> Snapshot:
        picture = super().snapshot(span_s, end_s)
        known_s = self.known_s()
        if picture.time_s <= known_s:
            return picture
        rows = picture.activation_times <= known_s
        return replace(
            picture,
            activation_times=picture.activation_times[rows],
            activation=picture.activation[rows],
            smoothed=picture.smoothed[rows],
            detected=(),
            analysed_s=known_s,
            progress=self.progress,
        )


def grid(start: float, end: float, step: float) -> np.ndarray:
    """Multiples of `step` in a range."""
    return step * np.arange(np.ceil(start / step), max(0.0, np.floor(end / step)) + 1)


def events(times: np.ndarray, raw: np.ndarray, on: np.ndarray, labels: tuple[str, ...]) -> tuple[Event, ...]:
    """Where activations are above their thresholds."""
    found = []
    for place, label in enumerate(labels):
        lit = np.concatenate([[False], raw[:, place] > on[place], [False]])
        edges = np.flatnonzero(np.diff(lit.astype(int)))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            end_s = None if last == len(times) else float(times[last - 1])
            found.append(Event(label, float(times[first]), end_s, float(raw[first:last, place].max())))
    return tuple(sorted(found, key=lambda event: event.onset_s))


class FakeModel:
    """A network that is only a spec."""

    def __init__(self, its_spec: ModelSpec) -> None:
        self.spec = its_spec
        self.name = its_spec.name
        self.bundled = True
        self.notice = ""


class FakeDevice:
    """What a device list holds."""

    def __init__(self, name: str, hostapi: str = "ALSA", kind: str = "input") -> None:
        self.name, self.hostapi, self.kind = name, hostapi, kind


class FakeSecond:
    """A second model that is three seconds behind the first."""

    def __init__(self, its_spec: ModelSpec) -> None:
        self.spec, self.load, self.message, self.origin_s = its_spec, 0.04, "", 3.0
        self.session = FakeSession(its_spec.labels)
        self.closed = False

    def snapshot(self, span_s: float, end_s: float) -> Snapshot:
        self.session.time_s = end_s - self.origin_s
        return self.session.snapshot(span_s)

    def close(self) -> None:
        self.closed = True


class FakeProbe:
    """A level that the test sets."""

    def __init__(self) -> None:
        self.levels_db = (-40.0, -30.0)
        self.problem = ""
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeBackend:
    """Opens fakes; `problem` makes the next attempt fail."""

    def __init__(self) -> None:
        self.problem: IrecError | None = None
        self.opened: list[tuple[SourceRequest, list[str]]] = []
        self.sessions: list[FakeSession] = []
        self.exported: list[tuple[Path, str]] = []
        self.no_microphone = False
        self.seconds: list[FakeSecond] = []
        self.probes: list[tuple[SourceRequest, FakeProbe]] = []
        self.missing: set[str] = set()
        self.left_out: dict[Path, str] = {}
        self.known = {"han-1s": FakeModel(spec()), "neuroment-mel": FakeModel(spec("envelope"))}

    def load_model(self, name_or_path: str) -> FakeModel:
        name = Path(name_or_path).stem
        if name not in self.known:
            raise ModelError(f"{name} is not a model that can be used")
        return self.known[name]

    def open_probe(self, request: SourceRequest) -> FakeProbe:
        if self.no_microphone:
            raise DeviceError("there is no sound input device; plug in a microphone, or open a file")
        self.probes.append((request, FakeProbe()))
        return self.probes[-1][1]

    def open_second(self, session: FakeSession, name_or_path: str) -> FakeSecond:
        self.seconds.append(FakeSecond(self.load_model(name_or_path).spec))
        return self.seconds[-1]

    def time_model(self, name_or_path: str) -> float:
        return 3.14

    def default_models(self) -> list[str]:
        return ["han-1s", "neuroment-mel"]

    def demo_clip(self) -> Path:
        return Path("demo.ogg")

    def list_models(self) -> list[FakeModel]:
        return list(self.known.values())

    def left_out_models(self) -> list[LeftOut]:
        return [LeftOut(path, reason) for path, reason in self.left_out.items()]

    def list_devices(self) -> list[FakeDevice]:
        return [FakeDevice("USB Audio Interface"), FakeDevice("Built-in Microphone")]

    def repair(self, folder: Path, progress: Callable[[float], None]) -> None:
        pass

    def open(self, request: SourceRequest, models: list[FakeModel]) -> FakeSession:
        self.opened.append((request, [model.spec.name for model in models]))
        if self.problem is not None:
            raise self.problem
        if request.kind == "mic" and (self.no_microphone or request.device in self.missing):
            raise DeviceError("there is no sound input device; plug in a microphone, or open a file")
        session = FakeFileSession(request.path) if request.path is not None else FakeSession()
        session.specs = tuple(model.spec for model in models)
        self.sessions.append(session)
        return session

    def export(self, analysis: Analysis, path: Path, form: str) -> None:
        self.exported.append((path, form))
