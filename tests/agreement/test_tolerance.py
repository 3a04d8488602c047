from pathlib import Path

import pytest

from dermaseg_monai.agreement import ReadCase, Reading, repeat_tolerance
from dermaseg_monai.errors import DataError
from tests.agreement.conftest import Write

BIG, SHIFTED = (slice(10, 30), slice(10, 50)), (slice(10, 30), slice(13, 53))


def twice(write: Write, *outlines: tuple[slice, slice] | None, name: str = "c") -> ReadCase:
    readings = [Reading("ann", write(f"{name}_{n}.png", *(at or ()))) for n, at in enumerate(outlines)]
    return ReadCase(name, (*readings, Reading("bob", write(f"{name}_bob.png", slice(0, 5), slice(0, 5)))))


def test_a_repeat_three_columns_aside_asks_for_three_pixels(write: Write) -> None:
    # 29 % of either contour of 116 px lie 3 px from the other, half of it on the other
    found = repeat_tolerance([twice(write, BIG, SHIFTED)], quantile=0.95)
    assert (found.value, found.repeats, found.annotators, found.copies) == (3, 1, 1, 0)
    assert repeat_tolerance([twice(write, BIG, SHIFTED)], quantile=0.5).value == 0
    assert "Tolerance 3.00 px: quantile 0.95 of all contour distances of 1 repeats by 1 annotators" in found.note()


def test_copies_empty_outlines_and_lost_files_are_no_repeats(write: Write, tmp_path: Path) -> None:
    lost = ReadCase("x", (Reading("ann", tmp_path / "none.png"), Reading("ann", write("x.png", *BIG))))
    cases = [twice(write, BIG, SHIFTED), twice(write, BIG, BIG, name="d"), twice(write, BIG, None, name="e"), lost]
    found = repeat_tolerance(cases, quantile=0.95)
    assert (found.value, found.repeats, found.copies) == (3, 1, 1)
    assert "1 equal pairs do not count" in found.note()


def test_three_outlines_are_three_repeats(write: Write) -> None:
    assert repeat_tolerance([twice(write, BIG, SHIFTED, (slice(11, 31), slice(10, 50)))], quantile=0.95).repeats == 3


def test_without_repeats_it_refuses(write: Write) -> None:
    with pytest.raises(DataError, match=r"Nobody drew a case twice.*--tolerance-px 2"):
        repeat_tolerance([twice(write, BIG)], quantile=0.95)
    with pytest.raises(DataError, match="1 pairs by one annotator are equal pixel for pixel"):
        repeat_tolerance([twice(write, BIG, BIG)], quantile=0.95)


@pytest.mark.parametrize("quantile", [0.0, 1.0, 95.0])
def test_a_quantile_is_a_share(quantile: float) -> None:
    with pytest.raises(ValueError, match="lies between 0 and 1"):
        repeat_tolerance([], quantile=quantile)
