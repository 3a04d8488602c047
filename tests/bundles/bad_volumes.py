"""Ways to spoil the volume or the label of a case; each returns what is to be said of it."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np


@dataclass(frozen=True)
class Spoilt:
    """The files of a case that a test may spoil."""

    image: Path
    label: Path

    def save(self, file: Path, values: np.ndarray, affine: np.ndarray | None = None) -> None:
        nib.save(nib.Nifti1Image(values, self.affine if affine is None else affine), file)

    @property
    def affine(self) -> np.ndarray:
        return np.array(nib.Nifti1Image.from_filename(self.image).affine)

    @property
    def voxels(self) -> np.ndarray:
        return np.asarray(nib.Nifti1Image.from_filename(self.image).dataobj).astype(np.float32)

    @property
    def mask(self) -> np.ndarray:
        return np.asarray(nib.Nifti1Image.from_filename(self.label).dataobj).astype(np.uint8)


def label_of_another_shape(case: Spoilt) -> str:
    case.save(case.label, case.mask[:-1])
    return "does not lie on the voxels of .*: it has shape"


def label_of_another_spacing(case: Spoilt) -> str:
    case.save(case.label, case.mask, case.affine @ np.diag([1.0, 1, 1.5, 1]))
    return "does not lie on the voxels of .*: it has spacing"


def label_of_another_affine(case: Spoilt) -> str:
    moved = case.affine
    moved[:3, 3] += 3
    case.save(case.label, case.mask, moved)
    return "does not lie on the voxels of .*: it has another affine: a corner lies 5.2 mm"


def label_of_fractions(case: Spoilt) -> str:
    case.save(case.label, case.mask.astype(np.float32) / 2)
    return "found values from 0 to 0.5 that are no whole numbers"


def label_of_several_structures(case: Spoilt) -> str:
    values = case.mask
    values[0, 0, 0] = 2
    case.save(case.label, values)
    return "found values from 0 to 2 that are not two levels"


def stack_of_volumes(case: Spoilt) -> str:
    case.save(case.image, np.stack([case.voxels, case.voxels], axis=-1))
    return r"has shape \(.*, 2\); three axes were expected"


def no_voxel(case: Spoilt) -> str:
    header = bytearray(nib.Nifti1Image.from_filename(case.image).header.binaryblock)
    header[42:44] = np.int16(0).tobytes()  # dim[1]
    case.image.write_bytes(gzip.compress(bytes(header) + bytes(4)))
    return r"has shape \(0, .*so no voxel"


def voxels_that_are_no_number(case: Spoilt) -> str:
    values = case.voxels
    values[0, 0, :2] = np.nan
    case.save(case.image, values)
    return r"holds 2 voxels of [\d,]+ that are no number"


def cut_file(case: Spoilt) -> str:
    case.image.write_bytes(case.image.read_bytes()[:-2000])
    return "Cannot read .*The file is cut short or damaged"


def spacing_of_zero(case: Spoilt) -> str:
    content = bytearray(gzip.decompress(case.image.read_bytes()))
    content[84:88] = np.float32(0).tobytes()  # pixdim[2]
    case.image.write_bytes(gzip.compress(bytes(content)))
    return r"has a spacing of \S+ x 0 x \S+ mm"


def spacing_in_micrometres(case: Spoilt) -> str:
    case.save(case.image, case.voxels, np.diag([1000.0, 1000, 1000, 1]) @ case.affine)
    return "Is its spacing in micrometres"


SPOILERS = [
    label_of_another_shape, label_of_another_spacing, label_of_another_affine, label_of_fractions,
    label_of_several_structures, stack_of_volumes, no_voxel, voxels_that_are_no_number, cut_file, spacing_of_zero,
    spacing_in_micrometres,
]  # fmt: skip
