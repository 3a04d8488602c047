"""A volume goes to a working grid and its prediction comes back onto the voxels of the file."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged, Orientationd, Spacingd, SpatialPadd
from nibabel.affines import apply_affine

from dermaseg_monai.data import LesionReader, NoteGridd, ToNotedGridd
from dermaseg_monai.images import Picture, read_image, read_mask, write_mask

SHAPE = (40, 26, 34)
SPACING = (0.15, 0.3, 0.1)


def oblique() -> np.ndarray:
    """Turned about two axes, x running backwards, z and y swapped in the file's order of axes."""
    a, b = np.deg2rad(20), np.deg2rad(-13)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]]) @ np.diag(SPACING)
    affine[:3, 3] = (31.0, -12.5, 7.25)
    return affine


def phantom() -> np.ndarray:
    """Three arms of different length and width from one corner: no flip or swap of axes leaves it as it is."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[6:34, 5:9, 6:14] = True
    mask[6:14, 5:21, 6:14] = True
    mask[6:14, 5:9, 6:26] = True
    return mask


@pytest.fixture
def file(tmp_path: Path) -> Path:
    image = nib.Nifti1Image(phantom().astype(np.float32), oblique())
    image.header.set_xyzt_units("mm")
    nib.save(image, tmp_path / "phantom.nii.gz")
    return tmp_path / "phantom.nii.gz"


def there_and_back(file: Path, *, pixdim: tuple[float, float, float]) -> tuple[dict, np.ndarray]:
    chain = Compose(
        [
            LoadImaged("image", reader=LesionReader, image_only=True, dtype=None),
            EnsureChannelFirstd("image"),
            NoteGridd("image"),
            Orientationd("image", axcodes="RAS", labels=None),
            Spacingd("image", pixdim=pixdim, mode="bilinear", padding_mode="border"),
            SpatialPadd("image", spatial_size=(48, 48, 48)),
        ]
    )
    sample = chain({"image": str(file), "image_path": str(file)})
    assert isinstance(sample, dict)
    sample["pred"] = torch.as_tensor(sample["image"]).as_subclass(torch.Tensor).clone()
    return sample, ToNotedGridd("pred")(sample)["pred"][0].numpy()


def test_an_oblique_anisotropic_asymmetric_phantom_returns_to_its_own_voxels(file: Path, tmp_path: Path) -> None:
    sample, back = there_and_back(file, pixdim=(0.1, 0.1, 0.1))
    assert sample["pred"].shape[1:] != SHAPE  # it was on another grid
    mask = back >= 0.5
    assert back.shape == SHAPE
    assert 2 * (mask & phantom()).sum() / (mask.sum() + phantom().sum()) > 0.97
    write_mask(tmp_path / "mask.nii.gz", mask, like=read_image(file))
    written, original = nib.Nifti1Image.from_filename(tmp_path / "mask.nii.gz"), nib.Nifti1Image.from_filename(file)
    assert np.array_equal(np.asarray(written.affine), np.asarray(original.affine))
    assert written.header.get_zooms() == original.header.get_zooms()
    assert written.get_data_dtype() == np.uint8
    ours, theirs = (
        apply_affine(np.asarray(image.affine), np.argwhere(np.asarray(image.dataobj) > 0.5)).mean(axis=0)
        for image in (written, original)
    )
    assert np.linalg.norm(ours - theirs) < 0.02  # mm in the patient; a voxel is 0.1 at least


def test_a_working_grid_that_is_the_file_own_gives_every_voxel_back() -> None:
    back = ToNotedGridd("pred")(
        {
            **NoteGridd("image")({"image": MetaTensor(torch.from_numpy(phantom()[None]), affine=torch.eye(4))}),
            "pred": torch.from_numpy(phantom()[None]),
        }
    )["pred"]
    assert np.array_equal(back[0].numpy(), phantom().astype(np.float32))


def test_position_comes_back_to_a_hundredth_of_a_voxel(file: Path) -> None:
    # a ramp in mm is linear, which trilinear reading keeps; a shift by half a voxel would show at once
    sample, _ = there_and_back(file, pixdim=(0.2, 0.2, 0.2))
    places = np.stack(np.meshgrid(*[np.arange(n) for n in sample["image"].shape[1:]], indexing="ij"), axis=-1)
    sample["pred"] = torch.from_numpy(np.moveaxis(apply_affine(sample["image"].affine.numpy(), places), -1, 0))
    back = np.moveaxis(ToNotedGridd("pred")(sample)["pred"].numpy(), 0, -1)
    own = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), axis=-1)
    inner = (slice(3, -3),) * 3
    assert np.abs(back - apply_affine(oblique(), own))[inner].max() < 0.001


def test_the_sample_must_have_been_noted() -> None:
    with pytest.raises(ValueError, match=r"no 'image_original_size'. Put NoteGridd directly behind EnsureChannelFirst"):
        ToNotedGridd("pred")({"image": torch.zeros(1, 2, 2, 2), "pred": torch.zeros(1, 2, 2, 2)})
    with pytest.raises(ValueError, match="image carries no affine"):
        NoteGridd("image")({"image": torch.zeros(1, 2, 2, 2)})


def test_a_map_on_another_grid_is_refused(file: Path) -> None:
    sample, _ = there_and_back(file, pixdim=(0.2, 0.2, 0.2))
    with pytest.raises(ValueError, match="takes decollated maps on the grid of image"):
        ToNotedGridd("pred")({**sample, "pred": torch.zeros(1, 3, 3, 3)})


def test_the_written_mask_is_read_as_it_was(tmp_path: Path) -> None:
    like = Picture(
        phantom().astype(np.float32), SPACING, oblique(), nib.Nifti1Image(phantom().astype(np.uint8), oblique()).header
    )
    write_mask(tmp_path / "m.nii.gz", phantom(), like=like)
    assert np.array_equal(read_mask(tmp_path / "m.nii.gz"), phantom())
