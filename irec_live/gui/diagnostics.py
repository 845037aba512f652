"""What a fault report needs to know: versions, computer, models, providers and counters, as lines of text."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, metadata, version
from typing import TYPE_CHECKING

from irec_live.gui.language import tr
from irec_live.gui.wording import number_text, percent_text
from irec_live.results import Stats

if TYPE_CHECKING:
    from irec_live.models.catalog import LeftOut
    from irec_live.models.spec import ModelSpec

PACKAGE = "irec-live"
LIBRARIES = {
    "Qt for Python": ("PySide6-Essentials", "PySide6"),
    "ONNX Runtime": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml"),
    "NumPy": ("numpy",),
    "soundfile": ("soundfile",),
    "sounddevice": ("sounddevice",),
}
"""Libraries on which sound, models and window depend, and the packages in which each may come."""


def licence() -> str:
    """The licence of the app, as its package states it."""
    stated = metadata(PACKAGE)
    keys = (key for key in ("License-Expression", "License") if key in stated)
    return next((str(stated[key]) for key in keys), tr("see the file LICENSE"))


def diagnostics(
    specs: tuple[ModelSpec, ...] = (), stats: Stats | None = None, source: str = "", left_out: Sequence[LeftOut] = ()
) -> dict[str, str]:
    """Facts by name, in the order in which they are shown.

    Parameters
    ----------
    specs : tuple of ModelSpec
        The running models.
    stats : Stats, optional
        Of the running session.
    source : str
        What is listened to: a kind, not a name, so that it can be sent to others.
    left_out : sequence of LeftOut
        Files that are no models.
    """
    facts = {PACKAGE: _version((PACKAGE,)), "Python": platform.python_version()}
    facts |= {name: _version(packages) for name, packages in LIBRARIES.items()}
    facts[tr("System")] = f"{platform.system()} {platform.release()}, {platform.machine()}"
    facts[tr("Models")] = ", ".join(spec.name for spec in specs) or tr("none running")
    if left_out:
        facts[tr("Left out")] = "; ".join(file.reason for file in left_out)
    if stats is not None:
        facts[tr("Source")] = tr("file", "source") if source == "file" else source
        facts[tr("Provider")] = ", ".join(dict.fromkeys(stats.providers)) or tr("unknown")
        facts[tr("Load")] = tr("{share} of real time", share=percent_text(stats.load))
        median, most = number_text(stats.inference_ms_p50, 1), number_text(stats.inference_ms_p99, 1)
        facts[tr("Inference")] = tr("{median} ms median, {most} ms 99th percentile", median=median, most=most)
        facts[tr("Windows")] = tr(
            "{done} predicted, {skipped} skipped", done=stats.windows, skipped=stats.skipped_windows
        )
        facts[tr("Overflows")] = str(stats.overflows)
    facts[tr("Licence")] = licence()
    return facts


def as_text(facts: dict[str, str]) -> str:
    """Facts as lines.

    Examples
    --------
    >>> as_text({"Python": "3.12", "Models": "none running"})
    'Python: 3.12\\nModels: none running\\n'
    """
    return "".join(f"{name}: {value}\n" for name, value in facts.items())


def _version(packages: tuple[str, ...]) -> str:
    for package in packages:
        with suppress(PackageNotFoundError):
            return version(package)
    return tr("not installed")
