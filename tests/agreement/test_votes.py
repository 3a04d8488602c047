import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.chance import cohen_kappa
from dermaseg_monai.agreement.votes import VOTE_COLUMNS, Votes, count_votes


def square(rows: slice, columns: slice, shape: tuple[int, int] = (40, 60)) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[rows, columns] = True
    return mask


# 100 px: a diameter of 11.28 px, so that 0.1 of it reaches the four neighbours and no corner
WHOLE, HALF = square(slice(10, 20), slice(10, 20)), square(slice(10, 20), slice(10, 15))


def counted(annotators: list[str], masks: list[np.ndarray], band_diameters: float = 0.1) -> dict[str, list[int]]:
    rows = count_votes("c", annotators, masks, band_diameters=band_diameters)
    return {name: [row[name] for row in rows] for name in VOTE_COLUMNS[1:]}


def test_pixels_are_counted_by_how_many_readers_call_them_lesion() -> None:
    assert counted(["a", "b"], [WHOLE, HALF]) == {
        "readers": [2, 2, 2],
        "lesion_readers": [0, 1, 2],
        "band_px": [40, 50, 50],
        "image_px": [2400 - 100, 50, 50],
    }


def test_the_band_ends_with_the_image() -> None:
    corner = square(slice(0, 10), slice(0, 10))
    assert counted(["a", "b"], [corner, corner])["band_px"] == [20, 0, 100]


def test_a_second_outline_by_the_same_annotator_makes_the_band_and_does_not_vote() -> None:
    found = counted(["a", "b", "a"], [HALF, HALF, WHOLE])
    assert found["band_px"] == [140 - 50, 0, 50]
    assert found["readers"] == [2, 2, 2]


def test_without_a_lesion_there_is_no_band() -> None:
    nothing = np.zeros((40, 60), dtype=bool)
    found = counted(["a", "b"], [nothing, nothing])
    assert found["band_px"] == [0, 0, 0]
    assert found["image_px"] == [2400, 0, 0]
    assert count_votes("c", [], [], band_diameters=0.1) == []


def test_a_full_mask_fills_the_band() -> None:
    full = np.ones((40, 60), dtype=bool)
    assert counted(["a", "b"], [full, WHOLE])["band_px"] == [0, 2300, 100]


def test_more_skin_in_the_picture_changes_kappa_of_the_image_and_not_that_of_the_band() -> None:
    def kappa(side: int, where: str) -> float:
        shape = (side, side)
        masks = [square(slice(30, 50), slice(30, 50), shape), square(slice(30, 50), slice(40, 60), shape)]
        total = sum(counted(["a", "b"], masks, 0.2)[where])
        return float(cohen_kappa(200.0, 400.0, 400.0, float(total)))

    assert kappa(100, "band_px") == kappa(400, "band_px")
    assert kappa(400, "image_px") > kappa(100, "image_px") > kappa(100, "band_px")


def test_a_ball_has_a_band_too() -> None:
    cube = np.zeros((20, 20, 20), dtype=bool)
    cube[5:9, 5:9, 5:9] = True  # 64 voxels, a diameter of 4.96
    assert counted(["a", "b"], [cube, cube], 0.21)["band_px"] == [6 * 16, 0, 64]


def test_votes_of_some_cases() -> None:
    table = pd.DataFrame([["a", 2, 0, 5, 9], ["b", 2, 0, 6, 9]], columns=list(VOTE_COLUMNS))
    kept = Votes(table, 0.2).of_cases(["b"])
    assert list(kept.table["band_px"]) == [6]
    assert kept.band_diameters == pytest.approx(0.2)
