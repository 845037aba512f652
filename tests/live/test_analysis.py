"""Analysing a file: the schema, agreement with live blocks, and what can go wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import soundfile
from fake_models import FakeActivation, FakeEnvelope

import irec_live
import tiny_models
from irec_live.analysis import AnalysisCancelled, analyze, collect, decode_into, side_by_side
from irec_live.errors import DataError, MediaError, ModelError, OutputError
from irec_live.formats import FORMATS
from irec_live.formats.json import schema
from irec_live.media import open_audio
from irec_live.models.detector import Detector
from irec_live.report import Analysis, summarise
from irec_live.streaming.decisions import Decisions
from irec_live.streaming.pipeline import Pipeline

RATE = 16_000


@pytest.fixture(scope="module")
def models(tiny_activation_path: Path, tiny_envelope_path: Path) -> tuple[Detector, Detector]:
    return Detector(tiny_activation_path), Detector(tiny_envelope_path)


def melody() -> np.ndarray:
    """1 s silence, 2.5 s flute, 1.5 s silence, 2 s violin; stereo."""
    parts = [
        np.zeros(RATE),
        tiny_models.tone("flute", 2.5, sample_rate=RATE),
        np.zeros(RATE * 3 // 2),
        tiny_models.tone("violin", 2, sample_rate=RATE),
    ]
    return np.repeat(np.concatenate(parts).astype(np.float32)[:, None], 2, axis=1)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.flac"
    soundfile.write(path, melody(), RATE)
    return path


@pytest.fixture(scope="module")
def analysis(song: Path, models: tuple[Detector, Detector]) -> Analysis:
    return analyze(song, models=models)


def test_the_right_instruments_are_found_at_the_right_time(analysis: Analysis) -> None:
    assert analysis.detected == ("flute", "violin")
    (flute, violin) = analysis.events
    # Centres of windows, which see half a second to either side and need half of it filled.
    assert (flute.label, flute.onset_s, flute.offset_s) == ("flute", pytest.approx(1.0, 0.4), pytest.approx(3.5, 0.4))
    assert (violin.label, violin.onset_s) == ("violin", pytest.approx(5.0, 0.4))
    loud = (analysis.envelope_times > 1.3) & (analysis.envelope_times < 3.2)
    index = analysis.labels.index("flute")
    np.testing.assert_allclose(analysis.envelope[loud, index], 0.353, atol=0.02)
    assert analysis.envelope[analysis.envelope_times < 0.8].max() < 0.01


def test_rows_lie_on_the_grid_that_the_result_states(analysis: Analysis) -> None:
    assert analysis.activation.shape == (61, 3)
    assert (analysis.activation_start_s, analysis.activation_hop_s) == (0.5, 0.1)
    assert (analysis.envelope_start_s, analysis.envelope_frame_s) == (0.0, 0.016)
    assert analysis.envelope_times[-1] <= analysis.duration_s == 7.0
    assert analysis.envelope_times[-1] > analysis.duration_s - 0.02


def test_the_json_has_exactly_the_schemas_keys(analysis: Analysis, models: tuple[Detector, Detector]) -> None:
    data = json.loads(analysis.to_json())
    assert list(data) == [
        *("schema", "file", "duration_s", "models", "labels", "activation", "envelope", "events", "clip", "detected"),
        *("thresholds", "threshold_offset", "not_predicted", "warnings"),
    ]
    jsonschema.validate(data, schema())
    assert data["schema"] == "irec.analysis/1"
    assert data["file"] == "song.flac"
    assert data["models"][0] == {
        "name": "tiny-activation",
        "sha256": models[0].sha256,
        "sample_rate": 8000,
        "window_s": 1.0,
        "hop_s": 0.1,
    }
    assert set(data["activation"]) == {"start_s", "hop_s", "values"}
    assert set(data["envelope"]) == {"start_s", "frame_s", "values"}
    assert set(data["events"][0]) == {"label", "onset_s", "offset_s", "activation"}
    assert {name: set(values) for name, values in data["clip"].items()} == {
        name: set(data["labels"]) for name in ("mean", "max", "s2")
    }
    np.testing.assert_allclose(data["activation"]["values"], analysis.activation, atol=1e-5)
    np.testing.assert_allclose(data["envelope"]["values"], analysis.envelope, atol=1e-5)


def test_an_analysis_tells_by_which_thresholds_it_was_made(
    analysis: Analysis, models: tuple[Detector, Detector]
) -> None:
    spec = models[0].spec
    assert analysis.thresholds == {label: spec.threshold(label) for label in spec.labels}
    assert (analysis.threshold_offset, analysis.warnings) == (0.0, ())
    pipeline = Pipeline(RATE, models, spectrogram=False)
    pipeline.set_threshold_offset(0.1)
    pipeline.push(melody())
    pipeline.flush()
    moved = collect("a.wav", 7.0, pipeline, warning="the file is cut off")
    for label, limits in moved.thresholds.items():
        assert (limits.on, limits.off) == pytest.approx(
            (spec.threshold(label).on + 0.1, spec.threshold(label).off + 0.1)
        )
    assert (moved.threshold_offset, moved.warnings) == (0.1, ("the file is cut off",))
    pipeline.set_threshold_offset(0.3)  # meanwhile
    assert collect("a.wav", 7.0, pipeline, decisions=Decisions(offset=0.1)).thresholds == moved.thresholds
    assert Analysis.from_json(moved.to_json()).to_json() == moved.to_json()


def test_json_round_trip(analysis: Analysis) -> None:
    again = Analysis.from_json(analysis.to_json())
    assert again.to_json() == analysis.to_json()
    assert (again.labels, again.models, again.detected) == (analysis.labels, analysis.models, analysis.detected)


def test_silence_is_written_as_what_it_is(analysis: Analysis) -> None:
    rows = np.zeros((5000, len(analysis.labels)), np.float32)
    rows[4500, 1] = 0.25
    written = replace(analysis, activation=rows).to_json()
    assert written == json.dumps(json.loads(written), ensure_ascii=False, separators=(",", ":"))
    np.testing.assert_array_equal(Analysis.from_json(written).activation, rows)


def test_the_clips_summary_is_that_of_its_rows(analysis: Analysis) -> None:
    rows = analysis.activation.astype(np.float64)
    sums = rows.sum(axis=0)
    for index, label in enumerate(analysis.labels):
        assert analysis.clip.mean[label] == pytest.approx(rows[:, index].mean())
        assert analysis.clip.max[label] == pytest.approx(rows[:, index].max())
        assert analysis.clip.s2[label] == pytest.approx(sums[index] / sums.max())
    assert summarise(["flute"], np.zeros((0, 1), np.float32)).s2 == {"flute": 0.0}
    assert summarise(["flute"], np.zeros((5, 1), np.float32)).s2 == {"flute": 0.0}


@pytest.mark.parametrize("block", [160, 4096])
def test_live_blocks_and_the_file_agree(analysis: Analysis, models: tuple[Detector, Detector], block: int) -> None:
    """One path: to the last bit where networks predict on one window at a time."""
    live = Pipeline(RATE, models, keep_s=120.0, max_pending=20)
    signal = melody()
    quantised = np.round(signal * 32768) / 32768  # FLAC holds 16 bits
    for first in range(0, len(signal), block):
        live.push(quantised[first : first + block].astype(np.float32), first)
    live.flush()
    np.testing.assert_allclose(live.timeline.activations()[1], analysis.activation, atol=1e-4)
    np.testing.assert_allclose(live.timeline.envelopes()[1], analysis.envelope, atol=1e-4)
    # The file's last windows, told of at 6.4 s, reach to its end; what is live has none.
    drawn_out = [(e.label, e.onset_s, 7.0 if e.offset_s == 6.4 else e.offset_s) for e in live.timeline.events()]
    assert drawn_out == [(e.label, e.onset_s, e.offset_s) for e in analysis.events]


def test_events_reach_the_ends_of_the_file(tmp_path: Path, models: tuple[Detector, Detector]) -> None:
    for seconds in (0.3, 1.0, 1.05, 3.0):
        path = tmp_path / f"{seconds}.flac"
        soundfile.write(path, tiny_models.tone("flute", seconds, sample_rate=RATE), RATE)
        found = analyze(path, models=models)
        (event,) = found.events
        assert (event.label, event.onset_s, event.offset_s) == ("flute", 0.0, found.duration_s)
        assert found.activation_times.max() <= found.duration_s


def test_labels_that_a_model_does_not_know_are_told_apart_from_absent_ones(
    song: Path, models: tuple[Detector, Detector]
) -> None:
    spec = tiny_models.envelope_spec(labels=("flute", "tuba"))
    other = Detector(tiny_models.envelope_model(spec))
    found = analyze(song, models=(models[0], other))
    assert found.not_predicted["activation"] == {"tuba"}
    assert found.not_predicted["envelope"] == {"bass", "violin"}
    assert "tuba" not in found.thresholds
    rows = [line.split(",") for line in FORMATS["csv"].render(found).split()]
    tuba, violin = rows[0].index("tuba"), rows[0].index("violin")
    assert {(row[0], row[tuba] == "", row[violin] == "") for row in rows[1:]} == {
        ("activation", True, False),
        ("envelope", False, True),
    }


def test_one_model_is_enough(song: Path, models: tuple[Detector, Detector]) -> None:
    which = analyze(song, models=models[:1])
    assert which.detected == ("flute", "violin")
    assert (which.envelope.shape, which.envelope_frame_s) == ((0, 3), 0.0)
    loud = analyze(song, models=models[1:])
    assert (loud.activation.shape, loud.detected, loud.events) == ((0, 3), (), ())
    assert len(loud.envelope) > 400
    assert (set(which.thresholds), loud.thresholds) == (set(which.labels), {})
    for one in (which, loud):
        jsonschema.validate(json.loads(one.to_json()), schema())
        assert Analysis.from_json(one.to_json()).to_json() == one.to_json()


def test_models_are_named_by_path_and_the_hop_can_be_set(song: Path, tiny_activation_path: Path) -> None:
    analysis = analyze(song, models=[tiny_activation_path], hop_s=0.25)
    assert analysis.activation_hop_s == analysis.models[0].hop_s == 0.25
    assert len(analysis.activation) == 25


@pytest.mark.parametrize("samples", [1, 800, 15_999, 16_000, 16_001])
def test_files_shorter_than_a_window_are_analysed(
    tmp_path: Path, models: tuple[Detector, Detector], samples: int
) -> None:
    tone = tiny_models.tone("flute", 2, sample_rate=RATE, amplitude=0.9)[:samples]
    soundfile.write(tmp_path / "short.wav", tone, RATE)
    analysis = analyze(tmp_path / "short.wav", models=models)
    assert len(analysis.activation) == (1 if samples <= RATE else 2)
    assert analysis.duration_s == pytest.approx(samples / RATE)
    if samples > 10_000:
        assert analysis.detected == ("flute",)
    json.loads(analysis.to_json())


def test_a_damaged_file_gives_what_is_there_and_says_so(
    song: Path, tmp_path: Path, models: tuple[Detector, Detector]
) -> None:
    data = song.read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 2])
    analysis = analyze(tmp_path / "cut.flac", models=models)
    assert 1.0 < analysis.duration_s < 6.0
    assert analysis.warning.startswith("cut.flac ends early: ")
    assert analysis.detected[0] == "flute"


def test_nan_eight_channels_and_192_khz_are_analysed(tmp_path: Path, models: tuple[Detector, Detector]) -> None:
    tone = np.repeat(tiny_models.tone("flute", 2, sample_rate=192_000)[:, None], 8, axis=1).astype(np.float32)
    tone[::5000, 3] = np.nan
    soundfile.write(tmp_path / "odd.wav", tone, 192_000, subtype="FLOAT")
    analysis = analyze(tmp_path / "odd.wav", models=models)
    assert analysis.detected == ("flute",)
    json.loads(analysis.to_json())


def test_progress_rises_to_one(song: Path, models: tuple[Detector, Detector]) -> None:
    shares: list[float] = []
    analyze(song, models=models, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) >= 7


def test_a_cancelled_analysis_stops_within_a_second_of_sound(song: Path, models: tuple[Detector, Detector]) -> None:
    cancel = threading.Event()
    shares: list[float] = []

    def progress(share: float) -> None:
        shares.append(share)
        cancel.set()

    with pytest.raises(AnalysisCancelled, match=r"song\.flac was cancelled"):
        analyze(song, models=models, progress=progress, cancel=cancel)
    assert len(shares) == 1


def test_bad_files_and_models_are_refused_before_any_work(song: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no sound")
    with pytest.raises(MediaError, match=r"words\.txt cannot be decoded"):
        analyze(tmp_path / "words.txt", models=[tmp_path / "words.txt"])
    with pytest.raises(ModelError):
        analyze(song, models=[tmp_path / "words.txt"])
    with pytest.raises(ModelError, match="no model was chosen"):
        analyze(song, models=[])


def test_two_models_of_one_kind_are_refused(song: Path, models: tuple[Detector, Detector]) -> None:
    with pytest.raises(ModelError, match="tiny-activation and tiny-activation are both activation models"):
        analyze(song, models=[models[0], models[0]])


def test_a_long_file_is_analysed_in_bounded_memory(tmp_path: Path) -> None:
    """Five minutes, 9.6 MB as float32; what stays is rows: 48 kB of activations, 0.4 MB of envelopes."""
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 8000, 1) as file:
        for _ in range(5):
            file.write(np.zeros(480_000, np.int16))
    pipeline = Pipeline(
        8000,
        [FakeActivation(hop_length=800), FakeEnvelope(window_length=15 * 256, hop_length=8 * 256, frame_hop=256)],
        spectrogram=False,
    )
    with open_audio(tmp_path / "long.wav") as audio:
        tracemalloc.start()
        try:
            assert decode_into(audio, pipeline) == 2_400_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 3_000_000


def test_a_very_long_file_has_its_results_on_the_disk_and_they_are_the_same(
    song: Path, analysis: Analysis, models: tuple[Detector, Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("irec_live.analysis._LONG_S", 1.0)
    monkeypatch.setattr("irec_live.streaming.row_store._LARGE_BYTES", 1024)
    monkeypatch.setattr("irec_live.streaming.row_store._CHUNK_ROWS", 16)
    assert analyze(song, models=models).to_json() == analysis.to_json()
    monkeypatch.setattr("os.pwrite", _full_disk, raising=False)
    monkeypatch.setattr("irec_live.streaming.history_file.HistoryFile._write_at", _full_disk)
    with pytest.raises(OutputError, match=r"is too long for this disk: results cannot be kept .*No space left"):
        analyze(song, models=models)


def _full_disk(*_: object) -> int:
    raise OSError(28, "No space left on device")


def test_blocks_are_shown_to_whoever_asks(song: Path) -> None:
    seen: list[tuple[int, int]] = []
    pipeline = Pipeline(RATE, [FakeActivation()])
    with open_audio(song) as audio:
        frames = decode_into(audio, pipeline, on_block=lambda block, first: seen.append((len(block), first)))
    assert sum(length for length, _ in seen) == frames
    assert [first for _, first in seen] == list(range(0, frames, RATE))
    assert collect("song.flac", 7.0, pipeline).labels == ("flute", "piano")
    with open_audio(song) as audio, pytest.raises(ValueError, match="the file has 16000 Hz, the pipeline 8000 Hz"):
        decode_into(audio, Pipeline(8000, [FakeActivation()]))


def test_a_file_is_decoded_a_few_blocks_ahead_and_not_touched_after_the_end(song: Path) -> None:
    read: list[int] = []

    def stop(_: object, first: int) -> None:
        raise AnalysisCancelled(str(first))

    with open_audio(song) as audio:
        whole = audio.read
        audio.read = lambda samples: read.append(samples) or whole(samples)  # type: ignore[func-returns-value,method-assign]
        with pytest.raises(AnalysisCancelled, match=r"^0$"):
            decode_into(audio, Pipeline(RATE, [FakeActivation()]), on_block=stop)
        blocks = len(read)
        assert 1 <= blocks <= 5
        audio.seek(0)
        assert len(audio.read(RATE)) == RATE
        assert len(read) == blocks + 1


def test_on_a_gpu_windows_go_in_batches() -> None:
    model = FakeActivation()
    model.providers = ("CUDA", "CPU")  # type: ignore[assignment]
    with side_by_side([model]) as (executor, batch):
        assert executor is None
        assert batch > 1


def test_what_is_no_analysis_is_refused(analysis: Analysis) -> None:
    with pytest.raises(DataError, match="is not JSON"):
        Analysis.from_json("{")
    with pytest.raises(DataError, match=r"expected an analysis of schema irec\.analysis/1, not 'other'"):
        Analysis.from_dict({"schema": "other"})
    with pytest.raises(DataError, match="not None"):
        Analysis.from_json("[]")
    data = analysis.to_dict()
    data["activation"]["values"][3] = [0.0]
    with pytest.raises(DataError, match="incomplete or damaged"):
        Analysis.from_dict(data)
    del data["clip"]
    with pytest.raises(DataError, match="incomplete or damaged"):
        Analysis.from_dict(data)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("numpy", "onnxruntime", "PySide6", "soundfile", "sounddevice", "torch")
    code = f"import sys, irec_live; print([name for name in {heavy} if name in sys.modules]); irec_live.__version__"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_package_offers_its_names_and_no_others() -> None:
    assert irec_live.analyze is analyze
    assert irec_live.Analysis is Analysis
    assert irec_live.Detector is Detector
    assert {"analyze", "Analysis", "Detector", "load_model", "__version__"} <= set(dir(irec_live))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = irec_live.nothing
