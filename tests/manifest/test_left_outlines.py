from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.left_outlines import left_outlines, require_endings
from dermaseg_monai.manifest.reader_masks import reader_masks

ROOT = Path("/set")
PATTERN = "{annotator}/{case}.png"


def left(*names: str, pattern: str = PATTERN) -> list[str]:
    taken, others = reader_masks(ROOT, [ROOT / name for name in names], pattern)
    return [one.path.relative_to(ROOT).as_posix() for one in left_outlines(ROOT, others, pattern, taken)]


def test_a_reader_of_whom_nothing_was_taken_is_left_out() -> None:
    assert left("ann/c1.png", "bob/c7.jpg") == ["bob/c7.jpg"]


def test_an_outline_of_a_case_that_others_drew_is_left_out() -> None:
    assert left("ann/c1.png", "ann/c2.png", "bob/c1.png", "bob/c2.jpg") == ["bob/c2.jpg"]


def test_what_was_taken_under_another_ending_and_pictures_of_no_case_are_not() -> None:
    assert left("ann/c1.png", "ann/c1.jpg", "ann/preview.jpg", "readme.jpg") == []


def test_a_pattern_without_an_ending_leaves_nothing_out_by_it() -> None:
    assert left("ann/c1.png", "bob/c1.jpg", "stray.jpg", pattern="{annotator}/{case}") == []


def test_whose_outlines_how_many_and_the_pattern_that_takes_them_are_said() -> None:
    names = ["ann/c1.png", "ann/c2.png", "bob/c1.jpg", "bob/c2.jpg", "eve/c1.png", "eve/c2.TIF"]
    taken, others = reader_masks(ROOT, [ROOT / name for name in names], PATTERN)
    said = (
        r"--readers '\{annotator\}/\{case\}\.png' takes \.png only and would leave out 3 outlines that end otherwise: "
        r"all of bob \(2 \.jpg\), some of eve \(1 \.TIF\); first bob/c1\.jpg\. "
        r"Take every type of image with --readers '\{annotator\}/\{case\}'\. Or move them\."
    )
    with pytest.raises(DataError, match=said):
        require_endings(ROOT, others, PATTERN, taken, option="--readers", otherwise="Or move them.")
