import numpy as np
import pytest

from dermaseg_monai.agreement import score_pairs


def square(top: int, left: int, side: int) -> np.ndarray:
    mask = np.zeros((30, 30), dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_fractions_of_hand_drawn_squares() -> None:
    # two squares of 10 x 10 px, moved by 5 px: 50 px shared, 150 px together
    found = score_pairs([square(5, 5, 10), square(5, 10, 10)], tolerance_px=1.0, both_empty=1.0)[0, 1]
    assert found["dice"] == pytest.approx(2 * 50 / 200)
    assert found["jaccard"] == pytest.approx(50 / 150)
    assert found["threshold_jaccard"] == 0
    assert (found["area_a_px"], found["area_b_px"]) == (100, 100)
    assert found["hd95_px"] == pytest.approx(5)


def test_three_readers_make_three_pairs_whose_order_does_not_matter() -> None:
    masks = [square(5, 5, 10), square(6, 5, 10), square(5, 5, 12)]
    forth = score_pairs(masks, tolerance_px=1.0, both_empty=1.0)
    back = score_pairs(masks[::-1], tolerance_px=1.0, both_empty=1.0)
    assert set(forth) == {(0, 1), (0, 2), (1, 2)}
    for (a, b), row in forth.items():
        mirrored = back[2 - b, 2 - a]
        for name in ("dice", "jaccard", "hd95_px", "assd_px", "surface_dice"):
            assert mirrored[name] == pytest.approx(row[name]), name
        assert (mirrored["area_a_px"], mirrored["area_b_px"]) == (row["area_b_px"], row["area_a_px"])


def test_empty_outlines() -> None:
    empty, lesion = np.zeros((30, 40), dtype=bool), np.zeros((30, 40), dtype=bool)
    lesion[3:9, 4:9] = True
    found = score_pairs([empty, empty, lesion], tolerance_px=1.0, both_empty=1.0)
    assert (found[0, 1]["dice"], found[0, 1]["hd95_px"], found[0, 1]["surface_dice"]) == (1, 0, 1)
    assert (found[0, 2]["dice"], found[0, 2]["surface_dice"]) == (0, 0)
    assert found[0, 2]["hd95_px"] == found[0, 2]["assd_px"] == pytest.approx(50)  # the diagonal of 30 x 40


def test_volumes_are_pairs_too() -> None:
    one = np.zeros((8, 8, 8), dtype=bool)
    one[2:6, 2:6, 2:6] = True
    other = np.roll(one, 2, axis=2)
    assert score_pairs([one, other], tolerance_px=1.0, both_empty=1.0)[0, 1]["dice"] == pytest.approx(0.5)


def test_masks_on_two_grids_are_refused() -> None:
    with pytest.raises(ValueError, match="must lie on one grid"):
        score_pairs([np.ones((3, 4), dtype=bool), np.ones((4, 3), dtype=bool)], tolerance_px=1.0, both_empty=1.0)
