import numpy as np

from dermaseg_monai.assurance import Photograph, artefact_rng, disturbed
from dermaseg_monai.data.stressors import STRESSORS, Stressor
from tests.assurance.bench import BRIGHTER, MOVED, SQUARE, picture


def drawn(case_id: str, stressor: Stressor) -> float:
    return artefact_rng(case_id, stressor).random()


def test_the_artefact_is_that_of_the_case_and_the_stressor() -> None:
    assert drawn("a", BRIGHTER) == drawn("a", BRIGHTER)
    assert len({drawn("a", BRIGHTER), drawn("b", BRIGHTER), drawn("a", MOVED), drawn("b", MOVED)}) == 4


def test_the_artefact_is_the_same_on_every_machine() -> None:
    # the first 16 bytes of the sha256 of "brighter\na" are the seed of PCG64
    assert artefact_rng("a", BRIGHTER).integers(2**32) == 892395497


def test_at_rising_levels_the_same_hairs_stay_where_they_are() -> None:
    photograph = Photograph("a", np.full((256, 256, 3), 200, dtype=np.uint8), np.zeros((256, 256), dtype=bool))
    hair = STRESSORS["hair"]
    few, many = (disturbed(photograph, hair, hair.levels[at]).image.min(axis=2) < 170 for at in (1, 4))
    assert few.any()
    assert many.sum() > few.sum()
    assert (few & many).sum() > 0.9 * few.sum()


def test_a_geometric_stressor_moves_the_reference() -> None:
    found = disturbed(Photograph("a", picture(), SQUARE), MOVED, 3.0)
    assert np.array_equal(found.mask, np.roll(SQUARE, 3, axis=1))
    assert found.case_id == "a"
