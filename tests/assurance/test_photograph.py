from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.assurance import PhotographReader
from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.manifest import FileRecord, Manifest
from tests.assurance.bench import SQUARE


def test_a_case_is_read_once_and_kept(three: Manifest, tmp_path: Path) -> None:
    read = PhotographReader(tmp_path / "set")
    first = read(three.cases[0])
    assert first.image.shape == (32, 32, 3)
    assert np.array_equal(first.mask, SQUARE)
    (tmp_path / "set" / "images" / "a.png").unlink()
    assert read(three.cases[0]) is first


def test_only_so_much_is_kept(three: Manifest, tmp_path: Path) -> None:
    one = 32 * 32 * 4
    read = PhotographReader(tmp_path / "set", memory_bytes=2 * one)
    kept = [read(case) for case in three.cases]
    assert read(three.cases[2]) is kept[2]
    assert read(three.cases[1]) is kept[1]
    assert read(three.cases[0]) is not kept[0]


def test_what_is_wrong_with_a_case_is_said(three: Manifest, tmp_path: Path) -> None:
    read, (a, b, c) = PhotographReader(tmp_path / "set"), three.cases
    with pytest.raises(DataError, match="Case a has no reference mask"):
        read(replace(a, annotations=()))
    with pytest.raises(DataError, match="Case a is a volume"):
        read(replace(a, image=FileRecord("images/a.nii.gz", "0" * 64)))
    (tmp_path / "set" / "images" / "a.png").write_bytes(b"")
    with pytest.raises(ImageError, match="is empty"):
        read(a)
    (tmp_path / "set" / "images" / "b.png").write_bytes((tmp_path / "set" / "images" / "c.png").read_bytes())
    with pytest.raises(DataError, match=r"b\.png is not the file the manifest means"):
        read(b)
    (tmp_path / "set" / "masks" / "c.png").unlink()
    with pytest.raises(ImageError, match=r"c\.png does not exist"):
        read(c)
