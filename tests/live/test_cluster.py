"""A cluster gives what this machine gives, also if it loses a node on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any

import pytest
import soundfile
from click.testing import CliRunner
from waiting import PATIENCE_S

import tiny_models
from irec_live.batch import item_analyzer
from irec_live.batch import ray as ray_engine
from irec_live.batch.items import Settings
from irec_live.batch.local import LocalEngine
from irec_live.batch.paths import find_files, listed_files
from irec_live.batch.run import Batch, Engine
from irec_live.cli import main
from irec_live.errors import MediaError
from irec_live.library import Library
from irec_live.models.choice import load_models

FILES = 24


@pytest.fixture
def settings(tiny_activation_path: Path, tiny_envelope_path: Path) -> Settings:
    return Settings.of(load_models([tiny_activation_path, tiny_envelope_path]))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    (folder / "more").mkdir(parents=True)
    for index in range(FILES):
        label = tiny_models.LABELS[index % 3]
        name = f"more/{index:02}.wav" if index % 2 else f"{index:02}.wav"
        soundfile.write(folder / name, tiny_models.tone(label, 2.0 + index / 8), tiny_models.SAMPLE_RATE)
    (folder / "bad.wav").write_text("no sound")
    return folder


def tables(batch: Batch, engine: Engine) -> tuple[list[bytes], list[str]]:
    """The bytes of the tables, and the keys in the order they came."""
    keys = [outcome.key for _, outcome in batch.run(engine)]
    return [path.read_bytes() for path in batch.write_tables()], keys


def test_urls_are_files_too(settings: Settings, music: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec", reason="object storage is read through fsspec")
    found = find_files([Path(music.as_uri())], recursive=True)
    assert {one.below for one in found} == {one.below for one in find_files([music], recursive=True)}
    listed = listed_files("\n".join(one.url for one in found).encode())
    assert {one.below for one in listed} == {one.below for one in found}
    few = [one for one in found if one.below in (PurePath("00.wav"), PurePath("more/01.wav"), PurePath("bad.wav"))]
    with Batch(few, tmp_path / "out", settings) as batch:
        outcomes = {item.name: outcome for item, outcome in batch.run(LocalEngine(settings, jobs=1))}
    assert outcomes["bad.wav"].reason.startswith("bad.wav cannot be decoded as audio")
    recording = outcomes["more/01.wav"].recording
    assert recording is not None
    assert recording.path == (music / "more" / "01.wav").as_uri()
    assert [span.label for span in recording.spans] == ["flute"]


@pytest.mark.parametrize(
    ("url", "reason"), [("memory://nothing", "has no sound files|there is no"), ("nosuch://a", "cannot be reached")]
)
def test_a_url_without_sound_is_one_sentence(url: str, reason: str) -> None:
    pytest.importorskip("fsspec", reason="object storage is read through fsspec")
    with pytest.raises(MediaError, match=reason):
        find_files([Path(url)])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--engine", "ray", "--out", "x"], "give --format parquet"),
        (["--engine", "ray", "--format", "parquet", "--curves", "--out", "x"], "without --curves"),
        (["--address", "auto", "--format", "parquet", "--out", "x"], "give --engine ray"),
    ],
)
def test_what_a_cluster_cannot_do_is_said(music: Path, options: list[str], reason: str) -> None:
    done = CliRunner().invoke(main, ["analyze", str(music), *options])
    assert done.exit_code == 2
    assert reason in done.stderr


class FakeRay:
    """Stands in for Ray: runs the actor here, and remembers what was asked for.

    Attributes
    ----------
    asked : dict
        What `map` was given.
    """

    class exceptions:
        RayError = ConnectionError

    def __init__(self, **resources: float) -> None:
        self._resources = resources
        self.asked: dict[str, Any] = {}
        self.data = self

    DataContext = SimpleNamespace(get_current=SimpleNamespace)

    class ActorPoolStrategy:
        def __init__(self, *, min_size: int, max_size: int, initial_size: int = 1) -> None:
            self.sizes = (min_size, max_size, initial_size)

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return self._resources

    def from_items(self, rows: list[Any], *, override_num_blocks: int) -> FakeRay:
        self._rows = rows
        return self

    def map(self, actor: Any, **asked: Any) -> FakeRay:
        self.asked, self._actor = asked, actor
        return self

    def iter_rows(self) -> Iterator[Any]:
        actor = self._actor(*self.asked["fn_constructor_args"])
        for row in self._rows:
            yield actor(row)


@pytest.fixture
def workers_with_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that say that they run on CUDA where that is asked for."""
    load = item_analyzer.load_models

    def pretend(models: Any = None, provider: Any = "auto") -> Any:
        detectors = load(models, "cpu")
        for detector in detectors:
            detector.providers = ("CUDA", "CPU") if provider == "cuda" else ("CPU",)
        return detectors

    monkeypatch.setattr(item_analyzer, "load_models", pretend)


def with_fake(monkeypatch: pytest.MonkeyPatch, **resources: float) -> FakeRay:
    fake = FakeRay(**resources)
    monkeypatch.setattr(ray_engine, "_ray", lambda: fake)
    return fake


@pytest.fixture
def on_ray(music: Path, tmp_path: Path, tiny_activation_path: Path) -> list[str]:
    """The command without its provider."""
    command = ["analyze", str(music), "--recursive", "--format", "parquet", "--out", str(tmp_path / "out")]
    return [*command, "--engine", "ray", "--model", str(tiny_activation_path)]


@pytest.mark.usefixtures("workers_with_a_gpu")
@pytest.mark.parametrize(("jobs", "pool"), [([], (1, 3, 3)), (["--jobs", "2"], (1, 2, 2))])
def test_an_actor_has_a_gpu_where_cuda_is_asked_for(
    on_ray: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, jobs: list[str], pool: tuple[int, ...]
) -> None:
    fake = with_fake(monkeypatch, CPU=8.0, GPU=3.0)
    done = CliRunner().invoke(main, [*on_ray, "--provider", "cuda", *jobs])
    assert (done.exit_code, "24 files analysed" in done.stderr) == (1, True), done.stderr  # one of 25 is no sound
    assert (fake.asked["num_gpus"], fake.asked["compute"].sizes) == (1, pool)
    assert "CUDA" not in done.stderr  # this machine needs none
    # Results of a GPU are told from those of a processor.
    on_cpu = with_fake(monkeypatch, CPU=8.0)
    again = CliRunner().invoke(main, [*on_ray, "--resume"])
    assert "24 files analysed" in again.stderr
    assert (on_cpu.asked["num_gpus"], on_cpu.asked["compute"].sizes) == (0, (1, 8, 8))
    assert "24 unchanged" in CliRunner().invoke(main, [*on_ray, "--resume"]).stderr


def test_a_cluster_without_a_gpu_does_not_wait_for_one(on_ray: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with_fake(monkeypatch, CPU=8.0)
    done = CliRunner().invoke(main, [*on_ray, "--provider", "cuda"])
    assert (done.exit_code, "the cluster has no GPU" in done.stderr) == (2, True)


def test_a_worker_whose_gpu_does_not_work_ends_the_run_instead_of_using_its_processor(
    on_ray: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_fake(monkeypatch, CPU=8.0, GPU=1.0)
    monkeypatch.setattr("irec_live.models.runtime._prepare_cuda", lambda onnxruntime: "CUDA is not there")
    done = CliRunner().invoke(main, [*on_ray, "--provider", "cuda"])
    assert done.exit_code == 2
    assert "cannot run the networks on CUDA: CUDA is not there" in done.stderr
    assert not (tmp_path / "out" / "files.parquet").exists()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster on this machine: two nodes with a processor each, of which the first is the head."""
    pytest.importorskip("ray.data", reason="Ray is not installed")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_enable_worker_prestart", "0")
    monkeypatch.setenv("RAY_prestart_worker_first_driver", "0")
    # A node that refuses to answer five times is lost; asked every 3 s, that takes most of the time of this test. One
    # that is only slow has 10 s for each answer as before.
    monkeypatch.setenv("RAY_health_check_period_ms", "500")
    # Ray gives up on a node that does not start; on a busy machine that takes longer than the 30 s it allows.
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", str(round(PATIENCE_S)))
    import ray
    from ray.cluster_utils import Cluster

    memory = {"object_store_memory": 100_000_000}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **memory})
    try:
        made.add_node(num_cpus=1, **memory)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


@pytest.mark.realtime
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_cluster_that_loses_a_node_gives_the_tables_of_this_machine(
    cluster: Any, settings: Settings, music: Path, tmp_path: Path
) -> None:
    from irec_live.batch.ray import RayEngine

    files = find_files([music], recursive=True)
    with Batch(files, tmp_path / "local", settings) as batch:
        expected, _ = tables(batch, LocalEngine(settings, jobs=1))
    with Batch(files, tmp_path / "cluster", settings) as batch:
        outcomes = batch.run(RayEngine(settings, address=cluster.address))
        keys = []
        for _, outcome in outcomes:
            keys.append(outcome.key)
            if len(keys) == FILES // 3:
                cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        found = [path.read_bytes() for path in batch.write_tables()]
    assert len(keys) == len(set(keys)) == FILES + 1  # nothing lost, nothing doubled
    assert [path for path, _ in batch.summary.failures] == [str(music / "bad.wav")]
    assert found == expected
    library = Library(tmp_path / "library.duckdb")
    assert library.import_tables(tmp_path / "cluster") == FILES
    assert library.search("flute").total == FILES // 3
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
