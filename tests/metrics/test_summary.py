import json
import time
from collections.abc import Callable
from io import StringIO
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from rich.console import Console

from dermaseg_monai.metrics import CaseScore, bootstrap, summarise

Row = Callable[..., CaseScore]


def rows_of(row: Row, values: np.ndarray) -> list[CaseScore]:
    return [row(f"case{number}", dice=float(value)) for number, value in enumerate(values)]


def test_mean_median_and_counts(row: Row) -> None:
    scores = [
        row("a", dice=0.9),
        row("b", dice=0.6),
        row("missed", dice=0.0, pred_px=0, label_px=5),
        row("alarm", dice=0.0, pred_px=5, label_px=0),
        row("nothing", dice=1.0, pred_px=0, label_px=0),
    ]
    summary = summarise(scores, seed=0)
    assert summary.scores["dice"].mean == pytest.approx(2.5 / 5)
    assert summary.scores["dice"].median == 0.6
    assert (summary.n, summary.n_missed, summary.n_false_alarms, summary.n_both_empty) == (5, 1, 1, 1)


def test_the_interval_of_two_images_spans_both(row: Row) -> None:
    # the mean of two draws from {0, 1} is 0, 1/2, 1 with probability 1/4, 1/2, 1/4
    dice = summarise(rows_of(row, np.array([0.0, 1.0])), seed=0).scores["dice"]
    assert (dice.low, dice.mean, dice.high) == (0.0, 0.5, 1.0)
    narrow = summarise(rows_of(row, np.array([0.0, 1.0])), confidence=0.4, seed=0).scores["dice"]
    assert (narrow.low, narrow.high) == (0.5, 0.5)


def test_the_interval_of_many_images_is_that_of_the_normal_law(row: Row) -> None:
    values = np.random.default_rng(1).uniform(0.5, 1, 800)
    dice = summarise(rows_of(row, values), confidence=0.9, draws=4000, seed=0).scores["dice"]
    half = NormalDist().inv_cdf(0.95) * values.std() / sqrt(800)
    assert dice.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert dice.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_ten_photographs_of_one_lesion_count_as_one(row: Row) -> None:
    lesions = np.random.default_rng(1).uniform(0.5, 1, 60)
    scores = rows_of(row, np.repeat(lesions, 10))
    groups = {score.case_id: f"lesion{number // 10}" for number, score in enumerate(scores)}
    alone, grouped = summarise(scores, seed=0), summarise(scores, groups=groups, seed=0)
    assert grouped.n_groups == 60
    assert "600 images in 60 groups" in str(grouped)
    assert "in 600 groups" not in str(alone)
    assert grouped.scores["dice"].mean == pytest.approx(alone.scores["dice"].mean)
    assert width(grouped) == pytest.approx(sqrt(10) * width(alone), rel=0.15)


def test_groups_of_unequal_size_are_weighed_by_their_images(row: Row) -> None:
    scores = rows_of(row, np.array([1.0, 1.0, 1.0, 0.0]))
    groups = {"case0": "a", "case1": "a", "case2": "a", "case3": "b"}
    dice = summarise(scores, groups=groups, confidence=0.4, seed=0).scores["dice"]
    assert (dice.mean, dice.low, dice.high) == (0.75, 0.75, 0.75)  # a and b drawn once each: 3 of 4 images


def test_a_case_without_a_group_is_its_own(row: Row) -> None:
    scores = rows_of(row, np.linspace(0, 1, 4))
    groups = {"case0": None, "case1": None, "case2": "case0", "case3": "case0"}
    assert summarise(scores, groups=groups, seed=0).n_groups == 3


def test_the_seed_decides_and_memory_does_not(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = rows_of(row, np.random.default_rng(2).uniform(size=50))
    first = summarise(scores, seed=1)
    assert summarise(scores, seed=1) == first
    assert summarise(scores, seed=2).scores["dice"].low != first.scores["dice"].low
    monkeypatch.setattr(bootstrap, "PIECE", 120)  # two draws at a time
    assert summarise(scores, seed=1).scores["dice"].low == pytest.approx(first.scores["dice"].low)


def test_one_image_has_no_interval(row: Row) -> None:
    summary = summarise([row("a", dice=0.8)], seed=0)
    assert (summary.scores["dice"].low, summary.scores["dice"].high) == (None, None)
    assert "dice                              0.800   0.800" in str(summary)
    assert json.loads(summary.to_json())["scores"]["dice"]["low"] is None


def test_scores_that_were_not_asked_for_are_left_out(row: Row) -> None:
    assert "hd95_px" not in summarise([row("a")], seed=0).scores
    assert "hd95_px" in summarise([row("a", hd95_px=3.0)], seed=0).scores


@pytest.mark.parametrize(
    ("ids", "values", "message"),
    [
        ([], {}, "no case to summarise"),
        (["a", "b", "a"], {}, "Case a stands 2 times"),
        (["a", "b"], {"b": {"hd95_px": 1.0}}, r"1 of 2 cases have no hd95_px, first a"),
    ],
)
def test_what_would_make_a_false_mean_is_refused(row: Row, ids: list[str], values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarise([row(case_id, **values.get(case_id, {})) for case_id in ids], seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": 95.0}, "confidence is 95.0"),
        ({"draws": 0}, "draws is 0"),
        ({"groups": {"a": "x"}}, "1 of 2 cases have no entry in groups, first b"),
    ],
)
def test_options_that_do_not_fit_are_refused(row: Row, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarise([row("a"), row("b")], seed=0, **options)


def test_json_holds_plain_numbers(row: Row) -> None:
    summary = summarise([row("a", dice=0.5), row("b", dice=1.0)], seed=3)
    data = json.loads(summary.to_json())
    assert data == summary.to_dict()
    assert data["scores"]["dice"] == {"mean": 0.75, "low": 0.5, "high": 1.0, "median": 0.75}
    assert (data["n"], data["seed"], data["draws"], data["confidence"]) == (2, 3, 2000, 0.95)


def test_the_table_in_three_forms(row: Row) -> None:
    scores = [row("a", dice=0.5, hd95_px=10.0), row("b", dice=1.0, hd95_px=20.0, pred_px=0)]
    summary = summarise(scores, seed=0)
    plain = str(summary).splitlines()
    assert plain[0].split() == ["score", "mean", "[95", "%", "interval]", "median"]
    assert plain[1].split() == ["dice", "0.750", "[0.500,", "1.000]", "0.750"]
    assert plain[8].split() == ["hd95_px", "15.0", "px", "[10.0,", "20.0]", "15.0", "px"]
    assert plain[-2] == "2 images; lesions missed: 1, false alarms: 0, both empty: 0; all are in the means."
    assert plain[-1] == "Fewer than 10 groups (2): the interval is too narrow."
    assert "| dice | 0.750 [0.500, 1.000] | 0.750 |" in summary.to_markdown().splitlines()
    screen = StringIO()
    Console(width=100, file=screen).print(summary)
    assert "0.750 [0.500, 1.000]" in screen.getvalue()


def test_an_interval_of_few_groups_is_said_to_be_too_narrow(row: Row) -> None:
    scores = rows_of(row, np.linspace(0, 1, 10))
    note = "Fewer than 10 groups"
    pairs = {score.case_id: f"lesion{number // 2}" for number, score in enumerate(scores)}
    few, enough = summarise(scores, groups=pairs, seed=0), summarise(scores, seed=0)
    for text in (str(few), few.to_markdown()):
        assert f"{note} (5): the interval is too narrow." in text
    assert note not in str(enough)
    assert note not in str(summarise(scores[:1], seed=0))  # it has no interval


def test_a_thousand_images_and_two_thousand_draws_take_no_more_than_seconds(row: Row) -> None:
    values = np.random.default_rng(1).uniform(size=1000)
    scores = [row(f"case{n}", dice=float(v), hd95_px=1.0, assd_px=1.0) for n, v in enumerate(values)]
    start = time.process_time()
    summarise(scores, draws=2000, seed=0)
    assert time.process_time() - start < 5


def width(summary) -> float:  # noqa: ANN001
    return summary.scores["dice"].high - summary.scores["dice"].low
