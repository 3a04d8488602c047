"""Blocks of a volume on disk are those of the whole one, and a file that would fill the disk is refused."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import read_image
from dermaseg_monai.images import volume_file as module
from dermaseg_monai.images.unpacking import unpacked
from dermaseg_monai.images.volume_file import MAX_DISK_VOXELS, VolumeFile, require_volume, volume_on_disk

SHAPE = (5, 4, 6)
BOX = (slice(1, 4), slice(0, 4), slice(2, 5))


def save(path: Path, values: np.ndarray, *, slope: float | None = None) -> Path:
    image = nib.Nifti1Image(values, np.diag([0.2, -0.3, 0.1, 1.0]))
    if slope is not None:
        image.header.set_slope_inter(slope, 3.0)
    nib.save(image, path)
    return path


def numbered(dtype: type[np.generic] = np.int16) -> np.ndarray:
    return np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(dtype)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("slope", [None, 0.5])
def test_a_block_is_cut_from_what_the_reader_gives(tmp_path: Path, suffix: str, slope: float | None) -> None:
    path = save(tmp_path / f"volume{suffix}", numbered(), slope=slope)
    whole = read_image(path)
    with volume_on_disk(path, tmp_path) as volume:
        assert volume.shape == SHAPE
        assert whole.affine is not None
        assert np.array_equal(volume.affine, whole.affine)
        assert np.array_equal(volume.read(BOX), whole.pixels[BOX])
        volume.require_numbers()
    assert [path.name for path in tmp_path.iterdir()] == [f"volume{suffix}"]  # the unpacked one is gone


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 6, 1)])
def test_a_picture_and_a_series_of_one_are_volumes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    volume = VolumeFile(save(tmp_path / "volume.nii", values))
    box = (slice(1, 3), slice(2, 4), slice(0, 1))
    assert np.array_equal(volume.read(box), values.reshape(volume.shape)[box])


def test_numbers_that_are_none_are_counted_over_all_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = numbered(np.float32)
    values[0, 0, 0], values[4, 3, 5] = np.nan, np.inf
    monkeypatch.setattr(module, "BLOCK_VOXELS", 40)  # two slices
    with pytest.raises(ImageError, match=r"volume\.nii holds 2 voxels of 120 that are no number"):
        VolumeFile(save(tmp_path / "volume.nii", values)).require_numbers()


def test_a_file_that_is_cut_is_refused_by_its_own_name(tmp_path: Path) -> None:
    plain, packed = (save(tmp_path / name, numbered()) for name in ("a.nii", "b.nii.gz"))
    plain.write_bytes(plain.read_bytes()[:-1])
    with pytest.raises(ImageError, match=r"a\.nii: its header promises more voxels.*cut short or damaged"):
        VolumeFile(plain)
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(ImageError, match=r"b\.nii\.gz.*cut short or damaged"), volume_on_disk(packed, tmp_path):
        pass
    packed.write_bytes(gzip.compress(gzip.compress(b"")))
    with pytest.raises(ImageError, match=r"b\.nii\.gz.*cut short or damaged"), volume_on_disk(packed, tmp_path):
        pass
    missing = save(tmp_path / "whole.nii", numbered()).read_bytes()[:-7]
    packed.write_bytes(gzip.compress(missing))
    with pytest.raises(ImageError, match=r"b\.nii\.gz: 7 of 592 bytes are missing"), volume_on_disk(packed, tmp_path):
        pass


def test_a_file_that_unpacks_to_more_than_it_says_is_refused_and_not_written(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.nii", numbered()).read_bytes()
    bomb = tmp_path / "bomb.nii.gz"
    bomb.write_bytes(gzip.compress(whole + bytes(3 << 20)))
    assert bomb.stat().st_size < 10_000
    with pytest.raises(ImageError, match="unpacks to more than the 592 bytes that its header promises"):  # noqa: SIM117 (one line each)
        with volume_on_disk(bomb, tmp_path):
            pass
    bomb.write_bytes(gzip.compress(whole + bytes(300)))  # what some programs leave at the end
    with volume_on_disk(bomb, tmp_path) as volume:
        assert np.array_equal(volume.read(BOX), numbered()[BOX])


def test_a_damaged_packed_file_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = save(tmp_path / "volume.nii.gz", numbered())
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # of the checksum
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"CRC.*cut short or damaged"), unpacked(path, tmp_path, size_bytes=592):
        pass


def test_a_volume_beyond_the_limit_or_the_room_on_the_disk_is_refused(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((32_000, 32_000, 32))
    header.set_zooms((0.1, 0.1, 0.1))
    path = tmp_path / "huge.nii.gz"
    path.write_bytes(gzip.compress(header.binaryblock + bytes(4)))
    with pytest.raises(ImageError, match=rf"too large .* at most {MAX_DISK_VOXELS:,} are read"):
        require_volume(path)
    header.set_data_shape((32_000, 32_000, 31))
    header.set_data_dtype(np.float64)
    path.write_bytes(gzip.compress(header.binaryblock + bytes(4)))
    require_volume(path)
    with pytest.raises(ImageError, match=r"needs 254\.0 GB of work space"), volume_on_disk(path, tmp_path):
        pass


def test_a_photograph_is_no_volume(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is no NIfTI volume"):
        require_volume(tmp_path / "skin.png")
