import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.pooled_staple import pooled_staple
from dermaseg_monai.agreement.vote_patterns import VotePatterns, count_patterns
from tests.agreement.readers import SHAPE, box, disc

sitk = pytest.importorskip("SimpleITK")


def whole_picture(case_id: str, names: list[str], masks: list[np.ndarray]) -> VotePatterns:
    flat = np.stack([mask.ravel() for mask in masks], axis=1)
    patterns, pixels = np.unique(flat, axis=0, return_counts=True)
    return VotePatterns(case_id, tuple(names), patterns, pixels)


def itk(masks: list[np.ndarray]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    tool = sitk.STAPLEImageFilter()
    tool.SetForegroundValue(1)
    tool.Execute([sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks])
    return tool.GetSensitivity(), tool.GetSpecificity()


def ragged(seed: int, radius_px: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return disc(radius_px, (50 + seed, 60 - seed)) ^ (rng.random(SHAPE) < 0.02)


@pytest.mark.parametrize(("radii", "within"), [((20, 25, 22), 1e-5), ((15, 25, 30, 26), 1e-5), ((20, 30), 0.01)])
def test_one_whole_picture_gives_what_simpleitk_gives(radii: tuple[int, ...], within: float) -> None:
    # of two readers the likelihood is flat, and ITK stops on the way
    masks = [ragged(seed, radius) for seed, radius in enumerate(radii)]
    names = [f"reader {at}" for at in range(len(masks))]
    found = pooled_staple([whole_picture("x", names, masks)])
    sensitivity, specificity = itk(masks)
    assert found["sensitivity"].tolist() == pytest.approx(sensitivity, abs=within)
    assert found["specificity"].tolist() == pytest.approx(specificity, abs=within)


def test_many_equal_pictures_give_what_one_gives() -> None:
    masks = [ragged(seed, radius) for seed, radius in enumerate((20, 25, 22))]
    one, two = (
        pooled_staple([whole_picture(str(at), ["a", "b", "c"], masks) for at in range(count)]) for count in (1, 3)
    )
    pd.testing.assert_frame_equal(
        one.drop(columns=["images", "images_of_three"]), two.drop(columns=["images", "images_of_three"])
    )
    assert two["images"].tolist() == two["images_of_three"].tolist() == [3, 3, 3]


def test_readers_who_share_no_image_are_measured_through_those_they_share() -> None:
    """Each reader errs at rates that are known; every case is seen by three of five."""
    rng = np.random.default_rng(0)
    rates = {"a": (0.95, 0.98), "b": (0.7, 0.99), "c": (0.9, 0.9), "d": (0.99, 0.8), "e": (0.85, 0.95)}
    votes = []
    for case in range(60):
        truth = rng.random(4000) < 0.3 + 0.4 * rng.random()
        names = sorted(rng.choice(list(rates), 3, replace=False))
        masks = [
            np.where(truth, rng.random(4000) < rates[name][0], rng.random(4000) > rates[name][1]) for name in names
        ]
        votes.append(whole_picture(str(case), names, masks))
    found = pooled_staple(votes).set_index("annotator")
    for name, (sensitivity, specificity) in rates.items():
        assert found.loc[name, "sensitivity"] == pytest.approx(sensitivity, abs=0.01)
        assert found.loc[name, "specificity"] == pytest.approx(specificity, abs=0.01)


def test_with_two_readers_one_wins_and_the_table_says_that_nobody_can_know() -> None:
    found = pooled_staple([whole_picture("x", ["loose", "tight"], [disc(30), disc(20)])]).set_index("annotator")
    assert found["images_of_three"].tolist() == [0, 0]
    assert found.loc["tight", "specificity"] == pytest.approx(1)
    assert found.loc["loose", "sensitivity"] == pytest.approx(1)


def test_no_pair_of_people_gives_no_row() -> None:
    assert pooled_staple([]).empty
    assert pooled_staple([whole_picture("x", ["a", "a"], [disc(20), disc(22)])]).empty
    assert list(pooled_staple([]).columns) == ["annotator", "sensitivity", "specificity", "images", "images_of_three"]


def test_disjoint_outlines_end_with_numbers_in_the_unit_interval_or_none() -> None:
    found = pooled_staple([whole_picture("x", ["a", "b"], [disc(10, (20, 20)), disc(10, (70, 90))])])
    numbers = found[["sensitivity", "specificity"]].to_numpy()
    assert ((np.isnan(numbers)) | ((numbers >= 0) & (numbers <= 1))).all()


def test_votes_are_counted_on_the_lesion_and_a_band_around_it() -> None:
    one, other = box(slice(40, 60), slice(40, 60)), box(slice(40, 60), slice(45, 60))
    found = count_patterns("x", ["a", "b"], [one, other])
    assert found is not None
    counted = {tuple(row): int(pixels) for row, pixels in zip(found.patterns.tolist(), found.pixels, strict=True)}
    # 20 x 20 is as large as a disc 22.6 px wide: a band of 2 px by city blocks, 4 sides of 2 x 20 and 4 corners of 1
    assert counted == {(True, True): 300, (True, False): 100, (False, False): 4 * 2 * 20 + 4}


def test_the_band_ends_at_the_picture_and_no_lesion_gives_no_votes() -> None:
    found = count_patterns("x", ["a", "b"], [np.ones(SHAPE, dtype=bool), disc(20)])
    assert found is not None
    assert found.pixels.sum() == SHAPE[0] * SHAPE[1]
    assert count_patterns("x", ["a", "b"], [np.zeros(SHAPE, dtype=bool)] * 2) is None
