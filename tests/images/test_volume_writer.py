"""A volume written slice after slice is the one that nibabel writes at once."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.images import read_image, write_volume
from dermaseg_monai.images.slab_store import SlabStore
from dermaseg_monai.images.volume_file import VolumeFile
from dermaseg_monai.images.volume_writer import volume_writer

AFFINE = np.array([[0, 0.3, 0, 4.0], [-0.2, 0, 0.01, -7.0], [0, 0.02, 0.1, 1.5], [0, 0, 0, 1]])


@pytest.fixture
def like(tmp_path: Path) -> VolumeFile:
    image = nib.Nifti1Image(np.zeros((5, 4, 6), dtype=np.int16), AFFINE)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"name of a patient"
    nib.save(image, tmp_path / "like.nii")
    return VolumeFile(tmp_path / "like.nii")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_it_is_what_nibabel_writes_of_the_whole(tmp_path: Path, like: VolumeFile, dtype: type[np.generic]) -> None:
    values = np.arange(120).reshape(5, 4, 6).astype(dtype)
    with volume_writer(tmp_path / "slices.nii.gz", dtype, like=like) as writer:
        writer.append(values[..., :2])
        writer.append(values[..., 2:])
    write_volume(tmp_path / "whole.nii.gz", values, read_image(tmp_path / "like.nii"))
    slices, whole = (nib.Nifti1Image.from_filename(tmp_path / f"{name}.nii.gz") for name in ("slices", "whole"))
    assert slices.header.binaryblock == whole.header.binaryblock
    assert b"patient" not in slices.header.binaryblock
    assert np.array_equal(np.asarray(slices.dataobj), values)


def test_a_volume_that_was_not_finished_does_not_appear(tmp_path: Path, like: VolumeFile) -> None:
    def half() -> None:
        with volume_writer(tmp_path / "half.nii.gz", np.uint8, like=like) as writer:
            writer.append(np.zeros((5, 4, 3), dtype=np.uint8))

    with pytest.raises(AssertionError, match=r"\(3, \(5, 4, 6\)\)"):
        half()
    assert [path.name for path in tmp_path.iterdir()] == ["like.nii"]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_work_file_gives_the_box_that_was_written_along_any_axis(tmp_path: Path, axis: int) -> None:
    values = np.arange(120, dtype=np.float32).reshape(5, 4, 6)
    store = SlabStore(tmp_path / "store", (5, 4, 6), axis)
    first, rest = np.split(values, [2], axis=axis)
    store.append(first)
    store.append(rest)
    box = (slice(1, 4), slice(1, 3), slice(2, 5))
    assert np.array_equal(store.read(box), values[box])
    assert store.path.stat().st_size == 480
