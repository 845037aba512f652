"""HTML rendering: sections to one self-contained file, without scripts or external style sheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jinja2

from irec_models.progress import Progress, tracked
from irec_papers.report import (
    figures_chen,
    figures_deconvolution,
    figures_hidden,
    figures_instruments,
    figures_lumen,
    figures_matrices,
    figures_mistakes,
    figures_neuroment,
    figures_summary,
    figures_thresholds,
)
from irec_papers.report.drawing import look
from irec_papers.report.section import Section
from irec_papers.report.study import Study

Chapter = Callable[[Study], list[Section]]


def chapters(mistakes: int) -> tuple[Chapter, ...]:
    """Sections of the page, in order; `mistakes` are shown for each model."""
    return (
        figures_summary.sections,
        figures_instruments.sections,
        figures_thresholds.sections,
        figures_chen.sections,
        figures_lumen.sections,
        figures_neuroment.sections,
        figures_matrices.sections,
        figures_hidden.sections,
        figures_deconvolution.sections,
        lambda study: figures_mistakes.sections(study, mistakes),
    )


def draw(study: Study, *, mistakes: int, progress: Progress) -> list[Section]:
    """All sections that the study's models make sense for.

    Parameters
    ----------
    study : Study
    mistakes : int
        Worst ones to show of each model.
    progress : Progress
    """
    with look():
        return [part for chapter in tracked(chapters(mistakes), progress, "figures") for part in chapter(study)]


def render(title: str, made: str, sections: Sequence[Section]) -> str:
    """The page's HTML; every text is escaped.

    Parameters
    ----------
    title, made : str
        Heading, and the line below it: when and by what.
    sections : sequence of Section
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("irec_papers.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.j2").render(title=title, made=made, sections=sections)
