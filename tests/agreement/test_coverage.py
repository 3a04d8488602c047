from pathlib import Path

import pandas as pd

from dermaseg_monai.agreement import ReadCase, Reading
from dermaseg_monai.agreement.coverage import capital_words, coverage, coverage_words, without_common_case

MASKS = pd.DataFrame(
    [("1", "a"), ("1", "b"), ("2", "a"), ("2", "a"), ("3", "c"), ("3", "b")], columns=["case_id", "annotator"]
)


def test_an_image_without_a_second_reader_is_named_and_drawing_twice_does_not_count() -> None:
    table = coverage(["1", "2", "3", "4"], MASKS)
    assert table["readers"].tolist() == [2, 1, 2, 0]
    assert table["lacks"].tolist() == [0, 1, 0, 2]
    assert table["annotators"].tolist() == ["a, b", "a", "b, c", ""]
    assert coverage_words(table, MASKS) == [
        "2 of 4 images lack a second reader, first 2 (coverage.csv).",
        "1 pairs of annotators share no case and cannot be compared: a – c.",
    ]


def test_a_complete_design_says_so() -> None:
    masks = MASKS.head(2)
    assert without_common_case(masks) == []
    assert coverage_words(coverage(["1"], masks), masks) == ["0 of 1 images lack a second reader."]


def test_names_that_differ_only_in_capitals_are_named() -> None:
    cases = [ReadCase(name, (Reading("ann", Path(name)), Reading("Bob", Path(name)))) for name in ("c7", "C7", "c8")]
    (words,) = capital_words(cases)
    assert words.startswith("Names of cases that differ only in capital letters count as different cases: C7 – c7.")
    (people,) = capital_words([ReadCase("c1", (Reading("bob", Path("b")), Reading("Bob", Path("B"))))])
    assert "different annotators: Bob – bob." in people
