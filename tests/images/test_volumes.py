from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import measure, read_image, read_mask, read_probability, write_mask, write_probability
from dermaseg_monai.images.placement import spacing_of

AFFINE = np.array([[0, -0.5, 0, 10], [2.0, 0, 0, -20], [0, 0, 3, 5], [0, 0, 0, 1]])


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """2 x 3 x 4 voxels numbered from 0, with a name in the header."""
    image = nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), AFFINE)
    image.header["descrip"] = b"Jane Doe"
    image.header.set_xyzt_units("mm")
    image.header.extensions.append(Nifti1Extension("comment", b"Jane Doe"))
    nib.save(image, tmp_path / "v.nii.gz")
    return tmp_path / "v.nii.gz"


def test_a_volume_keeps_its_axes_and_its_place(volume: Path) -> None:
    picture = read_image(volume)
    assert picture.pixels.dtype == np.float32
    assert np.array_equal(picture.pixels, np.arange(24).reshape(2, 3, 4))
    assert picture.spacing_mm == (2.0, 0.5, 3.0)
    assert picture.affine is not None
    assert picture.affine.tolist() == AFFINE.tolist()
    assert measure(volume) == (2, 3, 4)


def test_millimetres_are_those_of_the_affine(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.float32), np.diag([1.0, 1, 1, 1]))
    image.set_sform(np.diag([0.5, 0.5, 0.5, 1]), code=1, update_affine=True)
    image.header["pixdim"][1:4] = 1
    nib.save(image, tmp_path / "v.nii")
    assert read_image(tmp_path / "v.nii").spacing_mm == spacing_of(tmp_path / "v.nii") == (0.5, 0.5, 0.5)


def test_masks_and_probabilities_get_the_place_of_the_image(tmp_path: Path, volume: Path) -> None:
    picture = read_image(volume)
    mask = picture.pixels > 11
    write_mask(tmp_path / "m.nii.gz", mask, like=picture)
    write_probability(tmp_path / "p.nii", picture.pixels / 23, like=picture)
    for name in ("m.nii.gz", "p.nii"):
        written = nib.Nifti1Image.from_filename(tmp_path / name)
        assert written.affine is not None
        assert np.allclose(written.affine, AFFINE)
        assert written.header.get_zooms() == (2.0, 0.5, 3.0)
        assert written.header.get_xyzt_units()[0] == "mm"
        assert int(written.header["sform_code"]) == 2  # aligned, as nibabel writes an affine
    assert np.array_equal(read_mask(tmp_path / "m.nii.gz"), mask)
    assert np.allclose(read_probability(tmp_path / "p.nii"), picture.pixels / 23)


def test_names_in_the_header_stay_behind(tmp_path: Path, volume: Path) -> None:
    write_mask(tmp_path / "m.nii", read_image(volume).pixels > 3, like=read_image(volume))
    assert b"Jane" not in (tmp_path / "m.nii").read_bytes()


def test_a_label_map_of_several_classes_is_no_mask(volume: Path) -> None:
    with pytest.raises(ImageError, match=r"v\.nii\.gz is not a binary mask: found values from 0 to 23"):
        read_mask(volume)


def test_a_volume_of_three_levels_near_the_ends_is_no_mask(tmp_path: Path) -> None:
    values = np.array([0, 10, 250], dtype=np.uint8).reshape(1, 1, 3)
    nib.save(nib.Nifti1Image(values, AFFINE), tmp_path / "m.nii")
    with pytest.raises(ImageError, match=r"m\.nii is not a binary mask: found values from 0 to 250"):
        read_mask(tmp_path / "m.nii")


@pytest.mark.parametrize("outside", [-0.1, 1.1])
def test_values_that_are_no_probabilities_are_refused(tmp_path: Path, outside: float) -> None:
    values = np.array([0.5, outside], dtype=np.float32).reshape(1, 1, 2)
    nib.save(nib.Nifti1Image(values, AFFINE), tmp_path / "p.nii")
    with pytest.raises(ImageError, match="values outside 0 to 1"):
        read_probability(tmp_path / "p.nii")


@pytest.mark.parametrize("kept", [0, 10, 100])
def test_a_volume_cut_short_is_refused(volume: Path, kept: int) -> None:
    volume.write_bytes(volume.read_bytes()[:kept])
    with pytest.raises(ImageError, match=r"Cannot read .*v\.nii\.gz"):
        read_image(volume)


def test_several_volumes_in_one_file_are_refused(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((2, 2, 2, 5), dtype=np.uint8), AFFINE), tmp_path / "v.nii")
    with pytest.raises(ImageError, match=r"shape \(2, 2, 2, 5\); three axes were expected"):
        read_image(tmp_path / "v.nii")


def test_a_huge_volume_is_refused_before_decoding(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((2000, 2000, 2000))
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    (tmp_path / "v.nii").write_bytes(header.binaryblock + b"\0\0\0\0")
    with pytest.raises(ImageError, match=r"2000 x 2000 x 2000 voxels\); at most 1,000,000,000"):
        read_image(tmp_path / "v.nii")
