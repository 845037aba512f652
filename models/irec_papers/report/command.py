"""The page of ``irec-train evaluate MODEL --report OUT.html``: models on clips and on mixtures."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from irec_live.files import write_atomically
from irec_models.data import ClipSelection
from irec_models.progress import Bars
from irec_papers.report.page import draw, render
from irec_papers.report.prediction_cache import default_folder
from irec_papers.report.study import Material, conduct


def report(
    path: Path,
    models: tuple[Path, ...],
    selection: ClipSelection,
    *,
    hop: float | None,
    per_size: int,
    mistakes: int,
    cache: Path | None,
) -> list[dict[str, Any]]:
    """Predict, write the page, and return what the JSON file holds of each model."""
    material = Material(selection, hop, per_size)
    folder = cache or default_folder()
    try:
        with ExitStack() as memories:
            study = conduct(models, material, folder, memories, progress=Bars())
            sections = draw(study, mistakes=mistakes, progress=Bars())
    except KeyboardInterrupt:
        click.echo(f"irec-train: stopped; predictions are stored in {folder}; the same command continues", err=True)
        raise
    now = datetime.now().astimezone()
    title = f"Instrument recognition: {', '.join(subject.name for subject in study.subjects)}"
    write_atomically(path, render(title, f"irec-train evaluate, {now:%Y-%m-%d %H:%M %Z}", sections))
    Console().print(f"{path}: {len(sections)} sections, {path.stat().st_size / 1e6:.1f} MB", soft_wrap=True)
    return [
        {
            "model": subject.name,
            "clips": subject.scores.to_dict(),
            "mixes": subject.mix_scores.to_dict() if subject.mix_scores else None,
            "ms_per_window": subject.ms,
        }
        for subject in study.subjects
    ]
