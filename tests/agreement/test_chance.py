import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_statsmodels

from dermaseg_monai.agreement import ReadCase, Reading, measure
from dermaseg_monai.agreement.chance import cohen_kappa, fleiss_kappa, kappa_sums, pooled_kappa, vote_sums, with_kappa
from dermaseg_monai.agreement.votes import VOTE_COLUMNS, Votes
from tests.agreement.conftest import Write


def votes(*rows: tuple[str, int, int, int]) -> Votes:
    """Give case, readers, lesion readers and pixels, the same on band and image."""
    return Votes(pd.DataFrame([(*row, row[-1]) for row in rows], columns=list(VOTE_COLUMNS)), 0.2)


def of(given: Votes) -> float:
    return float(fleiss_kappa(vote_sums(given, "band").to_numpy().sum(axis=0)))


def test_cohen_by_hand() -> None:
    # 20 both, 5 and 10 alone, 15 neither: 35/50 observed, (25 30 + 25 20) / 2500 = 1/2 by chance
    assert float(cohen_kappa(20.0, 25.0, 30.0, 50.0)) == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert float(cohen_kappa(0.0, 25.0, 25.0, 50.0)) == pytest.approx(-1)


@pytest.mark.parametrize("counts", [(0.0, 0.0, 0.0, 50.0), (50.0, 50.0, 50.0, 50.0), (0.0, 0.0, 0.0, 0.0)])
def test_where_chance_agrees_on_everything_there_is_no_kappa(counts: tuple[float, ...]) -> None:
    assert np.isnan(cohen_kappa(*counts))


def test_cohen_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        one, other = rng.random((2, 200)) < rng.uniform(0.1, 0.9)
        found = cohen_kappa(*(float(count) for count in ((one & other).sum(), one.sum(), other.sum(), 200)))
        assert float(found) == pytest.approx(cohen_kappa_score(one, other), abs=1e-12)


def test_kappa_of_pairs_from_their_masks(write: Write) -> None:
    big, left = (slice(10, 30), slice(10, 50)), (slice(10, 30), slice(10, 30))
    readings = tuple(Reading(name, write(f"{name}.png", *where)) for name, where in (("a", big), ("b", left)))
    empty = tuple(Reading(name, write(f"{name}_empty.png")) for name in "ab")
    found = measure(
        [ReadCase("c", readings), ReadCase("e", empty)], tolerance_px=2.0, both_empty=1.0, band_diameters=0.2
    )
    assert found.votes is not None
    pairs = with_kappa(found.pairs, found.votes)
    row = pairs.iloc[0]
    assert row["image_px"] == 2400
    assert row["kappa_image"] == pytest.approx(float(cohen_kappa(400.0, 800.0, 400.0, 2400.0)))
    assert row["kappa_band"] == pytest.approx(float(cohen_kappa(400.0, 800.0, 400.0, float(row["band_px"]))))
    assert 800 < row["band_px"] < 2400
    assert np.isnan(pairs.loc[1, "kappa_band"])
    sums = kappa_sums(pairs, "image").to_numpy()
    assert float(pooled_kappa(sums[0])) == pytest.approx(row["kappa_image"])
    assert sums.sum(axis=0) == pytest.approx([400, 800, 400, 2 * 2400])


def test_fleiss_by_hand_with_two_and_three_readers() -> None:
    # 1/2 + 0 splits; 2 pixels, 5 judgements, 4 of them lesion: (5 - 2) 0.8 0.2
    assert of(votes(("a", 2, 1, 1), ("b", 3, 3, 1))) == pytest.approx(1 - 0.5 / 0.48)


def test_fleiss_equals_statsmodels_where_all_pixels_have_as_many_readers() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(1, 50, 5)
    table = np.repeat(np.column_stack([np.arange(5), 4 - np.arange(5)]), pixels, axis=0)
    given = votes(*(("c", 4, lesion, int(count)) for lesion, count in enumerate(pixels)))
    assert of(given) == pytest.approx(fleiss_of_statsmodels(table), abs=1e-12)


def test_a_pixel_that_one_reader_judged_does_not_count_and_equal_judgements_have_no_kappa() -> None:
    both = (("a", 2, 1, 7), ("a", 2, 2, 9), ("a", 2, 0, 4))
    assert of(votes(*both, ("b", 1, 1, 500))) == of(votes(*both))
    assert np.isnan(of(votes(("a", 2, 0, 10))))
    assert of(votes(("a", 2, 0, 10), ("b", 2, 2, 10))) == pytest.approx(1)
