from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.reader_masks import reader_masks, split_ending

ROOT = Path("/set")


@pytest.mark.parametrize(
    ("name", "parts"),
    [("a/b.png", ("a/b", ".png")), ("a.NII.gz", ("a", ".NII.gz")), ("a.b", ("a.b", "")), ("{case}", ("{case}", ""))],
)
def test_the_longest_ending_of_an_image_is_split_off(name: str, parts: tuple[str, str]) -> None:
    assert split_ending(name) == parts


def test_an_ending_is_taken_in_any_case_and_another_is_not() -> None:
    found, others = reader_masks(ROOT, [ROOT / "a/c.PNG", ROOT / "a/c.jpg", ROOT / "a/d.png"], "{annotator}/{case}.Png")
    assert [one.case_id for one in found] == ["c", "d"]
    assert others == [ROOT / "a/c.jpg"]


def test_the_rest_of_a_name_keeps_its_capitals() -> None:
    found, others = reader_masks(ROOT, [ROOT / "c_ann-x.png", ROOT / "c_ANN-x.png"], "{case}_ann-{annotator}.png")
    assert (len(found), others) == (1, [ROOT / "c_ANN-x.png"])


def test_one_outline_in_two_types_is_refused() -> None:
    with pytest.raises(DataError, match=r"ann has two files of case c1 that differ only in their endings: .*c1\.jpg"):
        reader_masks(ROOT, [ROOT / "ann/c1.jpg", ROOT / "ann/c1.png"], "{annotator}/{case}")
