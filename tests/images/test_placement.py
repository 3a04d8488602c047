"""A label lies on the voxels of its image, or one line says why not; and volumes that cannot be used."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.data import cases, make_volumes
from dermaseg_monai.errors import ImageError, IntegrityError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import measure, read_image, read_mask, require_same_place, spacing_of
from dermaseg_monai.manifest import Manifest

AFFINE = np.array([[0, -0.5, 0, 10], [2.0, 0, 0, -20], [0, 0, 3, 5], [0, 0, 0, 1]])


def save(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


def mask() -> np.ndarray:
    values = np.zeros((4, 5, 6), dtype=np.uint8)
    values[1:3, 1:3, 1:3] = 1
    return values


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return save(tmp_path / "image.nii.gz", np.arange(120, dtype=np.int16).reshape(4, 5, 6))


def test_a_label_on_the_same_voxels_is_taken(image: Path, tmp_path: Path) -> None:
    require_same_place(image, save(tmp_path / "label.nii.gz", mask()))
    require_same_place(image, save(tmp_path / "label.nii", mask(), AFFINE + 1e-6 * (AFFINE != 0)))
    assert spacing_of(image) == pytest.approx((2.0, 0.5, 3.0))


def test_another_shape_is_named(image: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"has shape 4 x 5 x 5 and the image 4 x 5 x 6 voxels. Resample the label"):
        require_same_place(image, save(tmp_path / "label.nii.gz", mask()[:, :, :5]))


def test_another_spacing_is_named(image: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"has spacing 2 x 0.5 x 1.5 and the image 2 x 0.5 x 3 mm"):
        require_same_place(image, save(tmp_path / "label.nii.gz", mask(), AFFINE @ np.diag([1, 1, 0.5, 1])))


@pytest.mark.parametrize("change", [np.diag([1, 1, 1, 1.0]), np.diag([-1.0, 1, 1, 1])], ids=["moved", "mirrored"])
def test_another_affine_is_named(image: Path, tmp_path: Path, change: np.ndarray) -> None:
    affine = change @ AFFINE
    affine[0, 3] += 1.0
    with pytest.raises(ImageError, match=r"another affine: a corner lies .* mm from the image's"):
        require_same_place(image, save(tmp_path / "label.nii.gz", mask(), affine))


@pytest.mark.parametrize(
    ("shape", "words"), [((4, 5, 6, 2), r"shape \(4, 5, 6, 2\); three axes"), ((4, 0, 6), "so no voxel")]
)
def test_a_4d_or_empty_volume_is_refused(tmp_path: Path, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(ImageError, match=words):
        measure(save(tmp_path / "v.nii", np.zeros(shape, dtype=np.int16)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_no_number_are_counted(tmp_path: Path, value: float) -> None:
    values = np.ones((4, 5, 6), dtype=np.float32)
    values[0, 0, :2] = value
    with pytest.raises(ImageError, match=r"v\.nii holds 2 voxels of 120 that are no number"):
        read_image(save(tmp_path / "v.nii", values))


def test_a_file_that_is_cut_short_is_named(image: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(image.read_bytes()[:-40])
    with pytest.raises(ImageError, match=r"Cannot read .*cut\.nii\.gz: .*cut short or damaged"):
        read_image(cut)


def test_a_label_of_fractions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"values from 0 to 0\.5 that are no whole numbers"):
        read_mask(save(tmp_path / "half.nii", mask().astype(np.float32) / 2))


def test_a_spacing_of_zero_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "flat.nii", mask())
    header = nib.Nifti1Image.from_filename(path).header
    content = bytearray(path.read_bytes())
    # srow_z of the header: a third axis without length; pixdim[3] beside it
    content[312:328] = np.zeros(4, dtype=header["srow_z"].dtype).tobytes()
    content[88:92] = np.zeros(1, dtype=np.float32).tobytes()
    path.write_bytes(content)
    with pytest.raises(
        ImageError, match=r"flat\.nii has a spacing of 2 x 0\.5 x \S+ mm and a voxel of 0 mm³ by its affine"
    ):
        read_image(path)


@pytest.mark.parametrize("forms", [{}, {252: 1}, {252: 0, 254: 0}], ids=["sform", "qform", "neither"])
def test_a_spacing_of_zero_is_not_taken_for_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], forms: dict[int, int]
) -> None:
    path = save(tmp_path / "flat.nii", mask())
    content = bytearray(path.read_bytes())
    for at, code in forms.items():  # qform_code, sform_code
        content[at : at + 2] = np.int16(code).tobytes()
    content[80:84] = np.float32(0).tobytes()  # pixdim[1]
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"flat\.nii has a spacing of 0 x 0\.5 x \S+ mm"):
        read_image(path)
    assert capfd.readouterr().err == ""


def test_a_negative_spacing_has_no_meaning_beside_the_affine(tmp_path: Path) -> None:
    path = save(tmp_path / "flipped.nii", mask())
    content = bytearray(path.read_bytes())
    content[80:84] = np.float32(-2).tobytes()
    path.write_bytes(content)
    assert spacing_of(path) == pytest.approx((2, 0.5, 3))


def test_micrometres_taken_for_millimetres_are_found(tmp_path: Path) -> None:
    path = save(tmp_path / "wide.nii", mask(), np.diag([1000.0, 1000, 1000, 1]))
    with pytest.raises(ImageError, match=r"wide\.nii is \S+ mm long by its affine; at most 5,000 mm .*micrometres\?"):
        read_image(path)


def test_complex_values_are_no_volume(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(np.ones((2, 2, 2), np.complex64), np.eye(4)), tmp_path / "k.nii")
    with pytest.raises(ImageError, match=r"k\.nii is not a NIfTI volume of single values"):
        read_image(tmp_path / "k.nii")


def test_a_manifest_whose_label_was_moved_is_refused_before_training(tmp_path: Path) -> None:
    manifest = make_volumes(tmp_path / "set", n=4, seed=0)
    case = Manifest.load(manifest).in_split("train")[0]
    assert case.reference is not None
    path = manifest.parent / case.reference.mask.path
    moved = nib.Nifti1Image.from_filename(path)
    affine = np.asarray(moved.affine).copy()
    affine[2, 3] += 1
    values = np.asarray(moved.dataobj).astype(np.uint8)
    save(path, values, affine)
    text = manifest.read_text()
    manifest.write_text(text.replace(case.reference.mask.sha256, sha256_of(path)))
    with pytest.raises(IntegrityError, match="another affine: a corner lies 1 mm from the image's"):
        cases(manifest, manifest.parent, "train")
