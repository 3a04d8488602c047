from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import read_mask, write_rgb
from dermaseg_monai.manifest import index_folder
from dermaseg_monai.predict import Correction, ReviewQuestion, write_corrections

MASK = np.array([[True, False, False], [True, True, False]])


def photographed(folder: Path, case_id: str) -> ReviewQuestion:
    write_rgb(folder / f"{case_id}.JPG", np.full((2, 3, 3), 90, dtype=np.uint8))
    return ReviewQuestion(case_id, 0.5, (2, 3), folder / f"{case_id}.JPG", "a" * 64)


def test_ids_that_are_no_file_names_are_indexed_too(tmp_path: Path) -> None:
    question = photographed(tmp_path, "IMG 001")
    one = Correction("IMG 001", "dr-ada", "2026-11-21", MASK, ~MASK)
    write_corrections(tmp_path / "out", [one], {"IMG 001": question})
    (case,) = index_folder(tmp_path / "out").cases
    assert case.id.startswith("IMG_001-")
    assert case.reference is not None
    assert (read_mask(tmp_path / "out" / case.reference.mask.path) == MASK).all()


def test_a_reviewer_and_a_case_stay_in_the_folder(tmp_path: Path) -> None:
    question = photographed(tmp_path, "a")
    both = [Correction("../a", who, "2026-11-21", MASK, None) for who in ("../../ann", "bob")]
    write_corrections(tmp_path / "out" / "deep", both, {"../a": question})
    found = sorted(path.relative_to(tmp_path / "out").parts[:2] for path in (tmp_path / "out").rglob("*.png"))
    assert found == [("deep", "masks")] * 2
    assert not list(tmp_path.glob("*.png"))


def test_what_is_in_the_way_of_a_photograph_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file")
    one = Correction("a", "dr-ada", "2026-11-21", MASK, None)
    with pytest.raises(DataError, match=r"Cannot write .*images"):
        write_corrections(tmp_path, [one], {"a": photographed(tmp_path, "a")})
    assert not (tmp_path / "reviews.csv").exists()
