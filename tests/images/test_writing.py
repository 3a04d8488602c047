import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import read_image, read_mask, write_mask, write_probability, write_rgb

MASK = np.array([[True, False, False], [False, False, True]])


def test_a_mask_is_written_as_0_and_255(tmp_path: Path) -> None:
    write_mask(tmp_path / "new" / "m.png", MASK)
    with Image.open(tmp_path / "new" / "m.png") as image:
        assert (image.mode, image.size) == ("L", (3, 2))
        assert np.asarray(image).tolist() == [[255, 0, 0], [0, 0, 255]]
    assert np.array_equal(read_mask(tmp_path / "new" / "m.png"), MASK)


def test_only_bool_is_a_mask(tmp_path: Path) -> None:
    write = getattr(write_mask, "__wrapped__", write_mask)  # without the type check of the tests
    with pytest.raises(ValueError, match=r"got uint8 for .*m\.png"):
        write(tmp_path / "m.png", MASK.astype(np.uint8))


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan])
def test_logits_are_no_probabilities(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match=r"Probabilities lie in \[0, 1\]"):
        write_probability(tmp_path / "p.png", np.array([[0.5, value]], dtype=np.float32))
    assert not list(tmp_path.iterdir())


def test_a_rounding_error_of_interpolation_is_clipped(tmp_path: Path) -> None:
    write_probability(tmp_path / "p.png", np.array([[1.00001, -0.00001]], dtype=np.float32))
    with Image.open(tmp_path / "p.png") as image:
        assert np.asarray(image).tolist() == [[65535, 0]]


def test_no_exif_comes_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe"
    exif[0x8825] = {1: "N"}
    Image.new("RGB", (16, 16)).save(tmp_path / "in.jpg", exif=exif, comment="Jane Doe")
    for name in ("out.jpg", "out.png", "out.tif"):
        write_rgb(tmp_path / name, read_image(tmp_path / "in.jpg").pixels)
        assert b"Jane" not in (tmp_path / name).read_bytes()
        with Image.open(tmp_path / name) as image:
            assert 0x8825 not in image.getexif()


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mask(tmp_path / "m.png", MASK)

    def full(_: Image.Image, path: Path, **__: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(DataError, match=r"No space left to write .*m\.png"):
        write_mask(tmp_path / "m.png", ~MASK)
    assert [path.name for path in tmp_path.iterdir()] == ["m.png"]
    assert np.array_equal(read_mask(tmp_path / "m.png"), MASK)
