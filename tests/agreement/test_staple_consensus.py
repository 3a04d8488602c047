import builtins

import numpy as np
import pytest

from dermaseg_monai.agreement.consensus_methods import above_half
from dermaseg_monai.agreement.staple_consensus import staple
from dermaseg_monai.errors import MissingExtraError

sitk = pytest.importorskip("SimpleITK")

EMPTY = np.zeros((60, 80), dtype=bool)


def disc(radius: float, row: int = 30, column: int = 40) -> np.ndarray:
    rows, columns = np.indices(EMPTY.shape)
    return np.hypot(rows - row, columns - column) < radius


CASES = {
    "three": [disc(10), disc(14), disc(12, 28, 43)],
    "two": [disc(10), disc(14)],
    "apart": [disc(5, 15, 15), disc(5, 45, 60)],
    "one empty": [disc(10), disc(12), EMPTY],
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_simple_itks_own(name: str) -> None:
    masks = CASES[name]
    images = [sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in masks]
    own = sitk.STAPLEImageFilter()
    expected = sitk.GetArrayFromImage(own.Execute(images))
    found = staple(masks, max_iterations=10_000)
    np.testing.assert_allclose(found.probability, expected, atol=1e-12)
    assert found.sensitivity == pytest.approx(tuple(own.GetSensitivity()))
    assert found.specificity == pytest.approx(tuple(own.GetSpecificity()))


@pytest.mark.parametrize("radii", [(10, 14), (5, 7), (10, 25)])
def test_of_two_outlines_inside_one_another_it_does_not_know_which(radii: tuple[int, int]) -> None:
    small, large = map(disc, radii)
    found = staple([small, large], max_iterations=100).probability
    assert found[small] == pytest.approx(1)
    assert found[large & ~small] == pytest.approx(0.5, abs=1e-12)
    np.testing.assert_array_equal(above_half(found, tie="lesion"), large)
    np.testing.assert_array_equal(above_half(found, tie="skin"), small)


@pytest.mark.parametrize(("radius", "answer"), [(8, np.logical_and), (45, np.logical_or)])
def test_of_two_that_cross_it_takes_the_overlap_of_small_and_the_union_of_large_lesions(
    radius: int, answer: np.ufunc
) -> None:
    one, other = disc(radius, 28, 38), disc(radius, 32, 41)
    found = staple([one, other], max_iterations=10_000).probability
    assert found[one ^ other] == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(found > 0.5, answer(one, other))


def test_with_two_lesions_apart_it_finds_none() -> None:
    assert staple(CASES["apart"], max_iterations=10_000).probability.max() < 0.5


@pytest.mark.parametrize("mask", [EMPTY, ~EMPTY])
def test_what_everybody_says_of_every_pixel_is_no_question(mask: np.ndarray) -> None:
    found = staple([mask, mask], max_iterations=100)
    np.testing.assert_array_equal(found.probability, mask)
    assert (found.sensitivity, found.specificity) == (None, None)


def test_one_reader_is_refused() -> None:
    with pytest.raises(ValueError, match="two masks or more; got 1"):
        staple([disc(5)], max_iterations=10)


def test_without_simple_itk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "SimpleITK":
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install .* -e '\.\[agreement\]'"):
        staple(CASES["two"], max_iterations=10)
