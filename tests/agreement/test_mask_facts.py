import numpy as np
import pytest

from dermaseg_monai.agreement.mask_facts import mask_facts

DRAWN = {  # with regions and holes
    "empty": (["......", "......"], 0, 0),
    "full": (["######", "######"], 1, 0),
    "ring": ([".###..", ".#.#..", ".###.."], 1, 1),
    "a bay is no hole": ([".###..", ".#.#..", ".#.#.."], 1, 0),
    "a bay at three borders": (["###...", "#.#...", "#.#..."], 1, 0),
    "corners join lesion and do not join skin": ([".#....", "#.#...", ".#...#"], 2, 1),
}


@pytest.mark.parametrize("name", DRAWN)
def test_regions_and_holes(name: str) -> None:
    lines, regions, holes = DRAWN[name]
    facts = mask_facts(np.array([[letter == "#" for letter in line] for line in lines]))
    assert (facts["regions"], facts["holes"]) == (regions, holes)


def test_a_ring_has_a_hole_and_a_spot_beside_it_is_a_region() -> None:
    mask = np.zeros((30, 40), dtype=bool)
    mask[5:15, 5:15] = True
    mask[8:10, 8:10] = False
    mask[28:, 38:] = True
    facts = mask_facts(mask)
    assert (facts["area_px"], facts["regions"], facts["holes"], facts["touches_border"]) == (100, 2, 1, True)
