from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.report.outlined_image import outlined_image
from tests.agreement.volumes import AFFINE, SHAPE, save

VOLUME = np.ones(SHAPE, dtype=bool)


def test_a_scan_of_the_same_shape_that_lies_elsewhere_is_not_drawn_on(tmp_path: Path) -> None:
    mask, scan = (save(tmp_path / name, VOLUME) for name in ("mask.nii.gz", "scan.nii.gz"))
    assert outlined_image(scan, mask) is not None
    moved = AFFINE.copy()
    moved[0, 3] += 5
    assert outlined_image(save(tmp_path / "moved.nii.gz", VOLUME, moved), mask) is None


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    write_mask(tmp_path / "mask.png", np.ones((8, 6), dtype=bool))
    return tmp_path / "mask.png"


def test_a_photograph_is_drawn_on_where_it_has_the_size_of_the_mask(tmp_path: Path, mask: Path) -> None:
    for name, shape in (("fits.png", (8, 6, 3)), ("other.png", (6, 8, 3))):
        write_rgb(tmp_path / name, np.zeros(shape, dtype=np.uint8))
    assert outlined_image(tmp_path / "fits.png", mask) is not None
    assert outlined_image(tmp_path / "other.png", mask) is None


def test_what_is_not_there_unreadable_or_of_another_kind_is_none(tmp_path: Path, mask: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert outlined_image(None, mask) is None
    assert outlined_image(tmp_path / "none.png", mask) is None
    assert outlined_image(tmp_path / "bad.png", mask) is None
    assert outlined_image(save(tmp_path / "scan.nii.gz", VOLUME), mask) is None
