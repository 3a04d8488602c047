import doctest
from dataclasses import fields
from pathlib import Path

from dermaseg_monai.metrics import SCORES, CaseScore

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_example_of_the_page_gives_what_the_page_says() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 5
    assert failed == 0


def test_the_page_defines_every_score() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in SCORES if f"`{name}`" not in page] == []


def test_every_score_of_a_case_is_summarised() -> None:
    others = {"case_id", "pred_px", "label_px"}
    assert set(SCORES) == {field.name for field in fields(CaseScore)} - others
