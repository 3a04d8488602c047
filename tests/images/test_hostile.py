"""A file that lies costs itself and nothing else: an ImageError, little memory, and no waiting."""

import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.data.readable import readable_images, volumes_on_disk
from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import measure, photographs, read_image, read_mask, read_small, spacing_of, volumes
from dermaseg_monai.images.memory import LARGE, one_at_a_time
from dermaseg_monai.images.unpacking import unpacked
from dermaseg_monai.images.volume_file import require_volume, volume_on_disk
from tests.images import hostile

SMALL_BYTES = 4 * hostile.MIB
ONE_THIRD = -6148914691236517205  # of 1, modulo 2**64: times three it is 1 again

NIFTIS = {
    "voxels that begin at infinity": [(hostile.VOX_OFFSET, "f", (float("inf"),))],
    "voxels that begin nowhere": [(hostile.VOX_OFFSET, "f", (float("nan"),))],
    "voxels that begin before the file": [(hostile.VOX_OFFSET, "f", (-400.0,))],
    "voxels that begin far away": [(hostile.VOX_OFFSET, "f", (1e30,))],
    "an axis of fewer than no voxels": [(hostile.DIM, "8h", (3, -4, 5, 6, 1, 1, 1, 1))],
    "two of them, whose product is above 0": [(hostile.DIM, "8h", (3, -4, -5, 6, 1, 1, 1, 1))],
    "two beyond the third": [(hostile.DIM, "8h", (5, 4, 5, 6, -1, -1, 1, 1))],
}
NIFTIS_2 = {
    "axes whose product is 1 in 64 bits": [(hostile.DIM_2, "8q", (5, 4, 5, 6, 3, ONE_THIRD, 1, 1))],
    "more voxels than 64 bits count": [(hostile.DIM_2, "8q", (4, 4, 5, 6, 2**62, 1, 1, 1))],
    "an axis of fewer than no voxels, NIfTI-2": [(hostile.DIM_2, "8q", (3, -4, 5, 6, 1, 1, 1, 1))],
    "voxels that begin at 2**62": [(hostile.VOX_OFFSET_2, "q", (2**62,))],
    "voxels that begin before the file, NIfTI-2": [(hostile.VOX_OFFSET_2, "q", (-5,))],
}


def on_disk(path: Path) -> None:
    with volume_on_disk(path, path.parent):
        pass


@pytest.mark.parametrize("reader", [measure, read_image, require_volume, on_disk], ids=lambda each: each.__name__)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("fault", [*NIFTIS, *NIFTIS_2])
def test_a_header_that_lies_is_refused(
    tmp_path: Path, fault: str, suffix: str, reader: Callable[[Path], object]
) -> None:
    kind = nib.Nifti2Image if fault in NIFTIS_2 else nib.Nifti1Image
    path = hostile.nifti(tmp_path / f"v{suffix}", *(NIFTIS | NIFTIS_2)[fault], kind=kind)
    with pytest.raises(ImageError, match=rf"v\{suffix}"):
        reader(path)


def test_damaged_headers_give_image_errors_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for kind, length in ((nib.Nifti1Image, 352), (nib.Nifti2Image, 544)):
        whole = kind(np.zeros((4, 5, 6), np.float32), np.eye(4)).to_bytes()
        for _ in range(150):
            content = bytearray(whole)
            for place in rng.integers(0, length, 3):
                content[place] = rng.choice([0, 1, 127, 128, 255])
            (tmp_path / "v.nii").write_bytes(content)
            for reader in (spacing_of, read_image, require_volume, on_disk):
                try:
                    reader(tmp_path / "v.nii")
                except ImageError as error:
                    assert "\n" not in str(error)  # noqa: PT017 (both ends are fine)


def test_a_palette_that_pillow_stumbles_over_costs_one_picture(tmp_path: Path) -> None:
    path = hostile.palette_of_too_many_transparencies(tmp_path / "bad.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "good.png")
    for reader in (read_image, read_mask, lambda each: read_small(each, least_px=2)):
        with pytest.raises(ImageError, match=r"Cannot read .*bad\.png: palette index out of range"):
            reader(path)
    found = readable_images(tmp_path)
    assert ([one["case_id"] for one in found], [one.case_id for one in found.failures]) == (["good"], ["bad"])


def test_a_volume_that_lies_costs_one_volume(tmp_path: Path) -> None:
    hostile.nifti(tmp_path / "good.nii")
    hostile.nifti(tmp_path / "inf.nii", *NIFTIS["voxels that begin at infinity"])
    hostile.nifti(tmp_path / "minus.nii", *NIFTIS["an axis of fewer than no voxels"])
    for found in (readable_images(tmp_path, volumes=True), volumes_on_disk(tmp_path)):
        assert [one["case_id"] for one in found] == ["good"]
        assert sorted(one.case_id for one in found.failures) == ["inf", "minus"]


@pytest.mark.parametrize("vox_offset", [352 + 24 * hostile.MIB, 368, 0], ids=["all of it", "a little", "unsaid"])
def test_extensions_of_a_header_are_not_unpacked(tmp_path: Path, vox_offset: float) -> None:
    path = hostile.extension_bomb(tmp_path / "v.nii.gz", mib=24, vox_offset=vox_offset)
    assert path.stat().st_size < hostile.MIB
    tracemalloc.start()
    try:
        measure(path)
    except ImageError as error:
        assert "voxels begin at byte" in str(error)  # noqa: PT017 (a header that is short is as good)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < SMALL_BYTES


def test_fewer_bytes_than_none_are_not_all_of_them(tmp_path: Path) -> None:
    # 352 bytes of header less 353 voxels of one byte: read(-1) would be the whole file
    path = hostile.nifti(
        tmp_path / "v.nii.gz",
        (hostile.DIM, "8h", (3, -353, 1, 1, 1, 1, 1, 1)),
        (hostile.DATATYPE, "2h", (2, 8)),
    )
    with pytest.raises(ImageError, match=r"shape \(-353, 1, 1\), so no voxel"):
        on_disk(path)
    with (
        pytest.raises(ValueError, match="size_bytes must be at least 0; got -1"),
        unpacked(path, tmp_path, size_bytes=-1),
    ):
        pass


@pytest.mark.parametrize("name", ["a.png", "a.nii", "a.nii.gz"])
def test_what_never_ends_is_not_opened(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)  # to open it would wait for somebody who writes
    for reader in (measure, read_image, read_mask):
        with pytest.raises(ImageError, match=rf"Cannot read .*{name}: it is a folder, a pipe or a device"):
            reader(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.nii"])
def test_too_little_memory_costs_one_picture(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(photographs, "_orientation", exhausted)
    monkeypatch.setattr(volumes, "_pixels", exhausted)
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    hostile.nifti(tmp_path / "a.nii")
    with pytest.raises(ImageError, match=rf"not enough memory to read .*{name}"):
        read_image(tmp_path / name)


def test_large_pictures_wait_for_one_another_and_small_ones_do_not() -> None:
    entered = threading.Event()

    def second() -> None:
        with one_at_a_time(LARGE + 1):
            entered.set()

    with one_at_a_time(LARGE + 1), one_at_a_time(LARGE):
        other = threading.Thread(target=second)
        other.start()
        assert not entered.wait(0.05)
    other.join(5)
    assert entered.is_set()
