import numpy as np
import pytest

from dermaseg_monai.manifest.mask_findings import MaskFacts, mask_findings, measure_mask


def mask(text: str) -> np.ndarray:
    """A mask from rows of # (lesion) and . (skin), separated by spaces."""
    return np.array([[letter == "#" for letter in row] for row in text.split()])


def kinds(facts: MaskFacts) -> list[str]:
    return [kind for kind, _, _ in mask_findings(facts)]


@pytest.mark.parametrize(
    ("drawn", "facts"),
    [
        (".... .##. ....", MaskFacts(12, 2, 1, 2, 0, 0, 0)),
        ("#... .#.. ....", MaskFacts(12, 2, 1, 2, 0, 0, 1)),  # a corner joins lesion
        ("...... .#.##. ......", MaskFacts(18, 3, 2, 2, 0, 0, 0)),
        ("..... .###. .#.#. .###. .....", MaskFacts(25, 8, 1, 8, 1, 1, 0)),
        ("...... .####. .#.##. .##.#. .####. ......", MaskFacts(36, 14, 1, 14, 2, 2, 0)),  # a corner joins no skin
        ("#.# #.# ###", MaskFacts(9, 7, 1, 7, 0, 0, 7)),  # open to the border: no hole
        ("... ...", MaskFacts(6, 0, 0, 0, 0, 0, 0)),
        ("## ##", MaskFacts(4, 4, 1, 4, 0, 0, 4)),
    ],
)
def test_what_is_counted(drawn: str, facts: MaskFacts) -> None:
    assert measure_mask(mask(drawn)) == facts


def test_a_volume_is_counted_in_three_dimensions() -> None:
    volume = np.zeros((5, 5, 5), dtype=bool)
    volume[1:4, 1:4, 1:4] = True
    volume[2, 2, 2] = False
    assert measure_mask(volume) == MaskFacts(125, 26, 1, 26, 1, 1, 0)


def test_empty_and_full_say_nothing_else() -> None:
    assert kinds(measure_mask(np.zeros((3, 3), dtype=bool))) == ["empty"]
    assert kinds(MaskFacts(1000, 990, 2, 980, 1, 1, 100)) == ["full"]
    assert kinds(MaskFacts(1000, 989, 1, 989, 0, 0, 100)) == ["border"]


def test_a_lesion_below_half_a_percent_is_tiny() -> None:
    assert kinds(MaskFacts(1000, 4, 1, 4, 0, 0, 0)) == ["tiny"]
    assert kinds(MaskFacts(1000, 5, 1, 5, 0, 0, 0)) == []


def test_the_words_give_the_figures() -> None:
    words = [said for _, said, _ in mask_findings(MaskFacts(10_000, 2000, 3, 1500, 2, 40, 7))]
    assert words == [
        "has 3 regions, 500 of 2,000 px outside the largest",
        "has 2 holes, together 40 px",
        "touches the border of the picture with 7 px",
    ]
