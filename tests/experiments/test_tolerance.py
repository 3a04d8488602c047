import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.experiments.tolerance import Tolerance, require_one_tolerance, tolerance_of, tolerance_words
from dermaseg_monai.metrics import CaseScore, score_case

MASK = np.eye(4) > 0
PHOTOGRAPH = score_case(MASK, MASK, case_id="a", both_empty=1.0, tolerance_px=2.0, boundary_px=1)
VOLUME = score_case(MASK, MASK, case_id="a", both_empty=1.0, tolerance_mm=0.2, boundary_px=1, spacing=(1.0, 1.0))
NO_CONTOUR = score_case(MASK, MASK, case_id="a", both_empty=1.0, surface=False)


@pytest.mark.parametrize(
    ("run", "row", "found"),
    [
        ({"config": {"tolerance_px": 2}}, PHOTOGRAPH, Tolerance(2.0, "px")),
        ({"config": {"split": "test"}, "about": {"tolerance_px": 3.0}}, PHOTOGRAPH, Tolerance(3.0, "px")),
        ({"config": {"tolerance_px": 2.0, "tolerance_mm": 0.2}}, VOLUME, Tolerance(0.2, "mm")),
        ({"config": {"tolerance_mm": 0.2}}, PHOTOGRAPH, None),
        ({"config": {"tolerance_px": 2.0}}, NO_CONTOUR, None),
        ({"config": {"tolerance_px": "@other"}, "about": None}, PHOTOGRAPH, None),
        ({}, PHOTOGRAPH, None),
    ],
    ids=["evaluation", "ensemble", "volumes", "other unit", "no contours", "reference", "no run.json"],
)
def test_the_tolerance_is_that_of_the_sheet_or_the_ensemble(
    run: dict[str, object], row: CaseScore, found: Tolerance | None
) -> None:
    assert tolerance_of(run, [row]) == found


def test_two_tolerances_are_refused_and_one_that_is_not_stated_is_believed() -> None:
    two, three = Tolerance(2.0, "px"), Tolerance(3.0, "px")
    require_one_tolerance({"a": two, "b": None, "c": two})
    words = r"surface Dice of b is within 2 px, that of c within 3 px: .*Evaluate both alike: --tolerance_px 2\."
    with pytest.raises(DataError, match=words):
        require_one_tolerance({"a": None, "b": two, "c": three})


def test_the_sentence_names_the_tolerance_and_who_does_not_state_it() -> None:
    two = Tolerance(2.0, "px")
    assert tolerance_words({"a": two, "b": two}) == "Surface Dice: contours within 2 px."
    assert tolerance_words({"a": two, "b": None}) == "Surface Dice: contours within 2 px (not stated by b)."
    assert tolerance_words({"a": None}) == "The tolerance of the surface Dice is stated by none of them."
