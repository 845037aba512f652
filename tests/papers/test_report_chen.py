"""What the report says about the numbers of Chen et al."""

from __future__ import annotations

import itertools

import pytest
import torch

from irec_models.measuring.mixture_scores import MixEvaluation, SizeScores
from irec_models.metrics import UNKNOWN, decision_accuracy, multilabel_accuracy
from irec_papers.report.figures_chen import PAPER_ACCURACY, PAPER_EXACT, highest_accuracy, remark, table_of

EVALUATIONS = {
    "known": MixEvaluation({0: SizeScores(4, 1.0, 1.0, 1.0), 2: SizeScores(4, 0.5, 0.25, 0.8)}, 0.5, 0.5, None)
}
PAPER = "Chen et al., on NSynth"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_wrong_answer_is_nearer_than_the_bound_says(size: int) -> None:
    truth = torch.tensor([[1] * size + [0] * (5 - size)])
    wrong = [
        torch.tensor([said]) for said in itertools.product((0, 1), repeat=5) if torch.tensor([said]).ne(truth).any()
    ]
    assert max(multilabel_accuracy(said, truth) for said in wrong) == pytest.approx(highest_accuracy(size, 0.0))
    assert highest_accuracy(size, 1.0) == 1.0


def test_the_papers_accuracies_of_solos_and_duos_cannot_be_equation_3() -> None:
    assert highest_accuracy(1, PAPER_EXACT[1]) == pytest.approx(0.895)
    assert highest_accuracy(2, PAPER_EXACT[2]) == pytest.approx(0.68)
    text = remark().text
    assert "solo 0.97, where 0.895 is the most" in text
    assert "duo 0.77, where 0.68 is the most" in text
    assert "trio" not in text  # 0.71, where 0.755 could be
    assert "0.628; the paper says 64 %" in text


def test_they_can_be_shares_of_single_decisions() -> None:
    # Of ten labels, a wrong answer has at least one wrong decision and at most ten.
    for accuracy, exact in zip(PAPER_ACCURACY, PAPER_EXACT, strict=False):
        assert exact <= accuracy <= 1 - 0.1 * (1 - exact) + 1e-9


def test_the_example_of_figure_4_is_73_percent_by_decisions() -> None:
    truth = torch.zeros(3, 10, dtype=torch.int64)
    said = truth.clone()
    for row, wrong in enumerate((3, 2, 3)):
        said[row, :wrong] = 1
    assert decision_accuracy(said, truth) == pytest.approx(2.2 / 3)


def test_what_nobody_knows_is_no_decision() -> None:
    truth = torch.tensor([[1, UNKNOWN, 0, UNKNOWN], [UNKNOWN] * 4])
    assert decision_accuracy(torch.tensor([[1, 1, 1, 0], [1, 0, 1, 0]]), truth) == pytest.approx((0.5 + 1.0) / 2)


def test_the_papers_row_stands_beside_what_can_be_compared_with_it() -> None:
    tables = {name: table_of(EVALUATIONS, name) for name in ("multilabel_accuracy", "decision_accuracy", "exact_match")}
    assert tables["multilabel_accuracy"].rows == (("known", "1.00", "0.50", "0.750"),)
    assert tables["decision_accuracy"].rows == (("known", "1.00", "0.80", "0.900"), (PAPER, "1.00", "0.77", "0.63"))
    assert tables["exact_match"].rows == (("known", "1.00", "0.25", "0.625"), (PAPER, "1.00", "0.04", "0.17"))
    assert all(table.columns == ("model", "none", "duo", "mean") for table in tables.values())
