"""What the distribution asks of a machine: its dependencies, on every platform, and the pins of the two commands."""

from __future__ import annotations

import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PLATFORMS = {
    "Linux on x86-64": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "Linux on ARM": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "macOS on Apple silicon": {"sys_platform": "darwin", "platform_machine": "arm64"},
    "macOS on Intel": {"sys_platform": "darwin", "platform_machine": "x86_64"},
    "Windows on x86-64": {"sys_platform": "win32", "platform_machine": "AMD64"},
    "Windows on ARM": {"sys_platform": "win32", "platform_machine": "ARM64"},
}
PYTHONS = ("3.11", "3.12", "3.13")
HEAVY = {"torch", "torchmetrics", "onnx", "onnxscript", "librosa", "scikit-learn", "scipy", "pyfluidsynth"}

pytestmark = pytest.mark.skipif(
    not (ROOT / ".ci" / "constraints.txt").is_file(), reason="only a checkout has the pins, not an unpacked sdist"
)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


@pytest.fixture(scope="module")
def pins() -> list[Requirement]:
    lines = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]


def environments() -> Iterator[tuple[str, dict[str, str]]]:
    for name, platform in PLATFORMS.items():
        for python in PYTHONS:
            versions = {"python_version": python, "python_full_version": f"{python}.2"}
            yield f"{name}, Python {python}", platform | versions


def names(requirements: list[str], environment: dict[str, str]) -> list[str]:
    """Canonical names of those `requirements` that hold in `environment`."""
    parsed = [Requirement(text) for text in requirements]
    return [canonicalize_name(r.name) for r in parsed if r.marker is None or r.marker.evaluate(environment)]


def declared(project: dict[str, Any], *extras: str) -> set[str]:
    """Canonical names this machine gets from the project with `extras`."""
    here: dict[str, str] = {}
    requirements = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    return set(names(requirements, here))


@pytest.mark.parametrize(("where", "environment"), [pytest.param(*e, id=e[0]) for e in environments()])
def test_every_platform_gets_exactly_one_onnx_runtime_and_one_qt(
    project: dict[str, Any], where: str, environment: dict[str, str]
) -> None:
    chosen = names(project["dependencies"], environment)
    gpu = where.startswith(("Linux on x86-64", "Windows on x86-64"))
    assert [n for n in chosen if n.startswith("onnxruntime")] == ["onnxruntime-gpu" if gpu else "onnxruntime"]
    assert chosen.count("pyside6-essentials") == 1
    assert len(chosen) == len(set(chosen))


def test_the_cuda_extra_adds_nothing_where_there_is_no_cuda(project: dict[str, Any]) -> None:
    extra = project["optional-dependencies"]["cuda"]
    chosen = {where: names(extra, environment) for where, environment in environments()}
    assert {where for where, found in chosen.items() if found} == {w for w in chosen if " on x86-64" in w}


def test_the_app_itself_depends_on_nothing_heavy(project: dict[str, Any]) -> None:
    assert declared(project).isdisjoint(HEAVY)


def test_every_direct_dependency_is_pinned_inside_its_range(project: dict[str, Any], pins: list[Requirement]) -> None:
    optional = [text for extra in project["optional-dependencies"].values() for text in extra]
    wanted = [Requirement(text) for text in [*project["dependencies"], *optional]]
    for where, environment in environments():
        pinned = {
            canonicalize_name(pin.name): next(iter(pin.specifier)).version
            for pin in pins
            if pin.marker is None or pin.marker.evaluate(environment)
        }
        for requirement in wanted:
            name = canonicalize_name(requirement.name)
            if name == "irec-live" or (requirement.marker and not requirement.marker.evaluate(environment)):
                continue
            assert name in pinned, f"{name} has no pin on {where}"
            assert requirement.specifier.contains(pinned[name]), f"{requirement} is pinned to {pinned[name]} on {where}"


def test_every_pin_is_exact(pins: list[Requirement]) -> None:
    assert [str(pin) for pin in pins if [s.operator for s in pin.specifier] != ["=="]] == []


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("irec_live", ("web", "midi", "cluster")),
        ("irec_assets", ()),
        ("irec_models", ("train", "distill")),
        ("irec_papers", ("train", "distill")),
        ("irec_export", ("train", "export")),
    ],
)
def test_every_imported_distribution_is_declared(
    project: dict[str, Any], package: str, extras: tuple[str, ...]
) -> None:
    graph = grimp.build_graph(package, include_external_packages=True)
    own = {"irec_live", "irec_assets", "irec_models", "irec_papers", "irec_export"}
    external = {m for m in graph.modules if graph.is_module_squashed(m)} - own - sys.stdlib_module_names
    distributions = importlib.metadata.packages_distributions()
    needed = {module: {canonicalize_name(d) for d in distributions.get(module, [module])} for module in external}
    offered = declared(project, *extras)
    assert {module for module, providers in needed.items() if providers.isdisjoint(offered)} == set()
