import numpy as np
import pytest

from dermaseg_monai.agreement.consensus_methods import above_half, majority, soft_mean, weighted_mean
from dermaseg_monai.agreement.disagreement import vote_entropy
from dermaseg_monai.agreement.tied_vote import TiedVoteError


def mask(text: str) -> np.ndarray:
    return np.array([[letter == "1" for letter in row] for row in text.split()])


THREE = [mask("1110 0000"), mask("1100 0001"), mask("1000 0000")]
TWO = THREE[:2]


def test_the_soft_mean_is_the_share_of_readers() -> None:
    expected = np.array([[3, 2, 1, 0], [0, 0, 0, 1]]) / 3
    np.testing.assert_allclose(soft_mean(THREE), expected)


@pytest.mark.parametrize("tie", ["lesion", "skin", "refuse"])
def test_three_readers_have_a_majority_and_no_tie(tie: str) -> None:
    np.testing.assert_array_equal(majority(THREE, tie=tie), mask("1100 0000"))  # type: ignore[arg-type]


def test_two_readers_give_their_union_or_their_overlap() -> None:
    np.testing.assert_array_equal(majority(TWO, tie="lesion"), mask("1110 0001"))
    np.testing.assert_array_equal(majority(TWO, tie="skin"), mask("1100 0000"))


def test_a_tie_that_is_refused_says_how_many_pixels_are_split() -> None:
    with pytest.raises(TiedVoteError, match=r"in halves over 2 pixels .* --tie lesion or --tie skin"):
        majority(TWO, tie="refuse")
    np.testing.assert_array_equal(majority([TWO[0]] * 2, tie="refuse"), TWO[0])


def test_weights_move_the_vote() -> None:
    share = weighted_mean(THREE, weights=[3.0, 1.0, 1.0])
    np.testing.assert_allclose(share, np.array([[5, 4, 3, 0], [0, 0, 0, 1]]) / 5)
    np.testing.assert_array_equal(above_half(share, tie="refuse"), mask("1110 0000"))


def test_weights_that_add_up_to_a_half_are_a_tie_whatever_the_rounding() -> None:
    share = weighted_mean([*THREE, mask("0000 0000")], weights=[0.1, 0.2, 0.0, 0.3])
    assert share[0, 0] != 0.6 - 0.3  # 0.1 + 0.2 against 0.3
    assert above_half(share, tie="lesion")[0, 0]
    assert not above_half(share, tie="skin")[0, 0]


@pytest.mark.parametrize("weights", [[1.0, 1.0], [1.0, -1.0, 1.0], [0.0, 0.0, 0.0], [1.0, float("nan"), 1.0]])
def test_weights_that_mean_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="3 masks need as many weights of 0 or more, one above 0"):
        weighted_mean(THREE, weights=weights)


def test_masks_of_other_grids_kinds_or_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"different grids: \(2, 4\), \(1, 4\)"):
        soft_mean([THREE[0], mask("1110")])
    with pytest.raises(ValueError, match="There is no mask"):
        soft_mean([])


def test_disagreement_is_nought_where_all_agree_and_highest_at_half_against_half() -> None:
    share = np.array([[0, 0.5, 1.0], [1 / 3, 2 / 3, 0.25]])
    third, quarter = np.log2(3) - 2 / 3, 2 - 0.75 * np.log2(3)
    np.testing.assert_allclose(vote_entropy(share), [[0, 1, 0], [third, third, quarter]])
    assert (vote_entropy(np.zeros((2, 3))) == 0).all()
