"""Volumes as pictures: every slice a PNG with its mask, so that any bundle for photographs trains on them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    LoadImaged,
    Orientationd,
    ScaleIntensityRangePercentilesd,
)

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.data.reader import LesionReader, MaskReader
from dermaseg_monai.data.samples import cases, data_folder
from dermaseg_monai.data.whole_folder import MANIFEST, new_set_in, whole_folder
from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import (
    UPRIGHT,
    beside,
    best_resolved_plane,
    cut,
    is_volume,
    plane_axis,
    require_cut,
    upright_spacing,
    volume_affine,
    write_mask,
    write_rgb,
)
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split
from dermaseg_monai.manifest.groups import ties_left_behind

_WHITE: Final = 255
_SIDES: Final[tuple[Split, ...]] = ("train", "val", "test")


@dataclass(frozen=True)
class SliceSet:
    """What was written: the manifest, the plane, pictures in all, those with lesion, and those left out as blank."""

    manifest: Path
    plane: str
    pictures: int
    with_lesion: int
    blank: int


def make_slices(
    manifest: str | Path, dataset_dir: str | Path, out: str | Path, *, plane: str | None, neighbours: int
) -> SliceSet:
    """Write the slices of a manifest's volumes into the new or empty folder `out`, as pictures with masks.

    A volume is turned to the orientation `images.UPRIGHT` and its 0.5th to 99.5th percentile is scaled to 0 to 255, as
    the slice sheets of bundle unet3d do; then it is cut. Nothing is resampled: a pixel is a voxel, and the manifest
    says its size in mm. The three channels are the slices that `images.beside` names. A slice keeps split, lesion,
    patient and `group` of its volume; where this has no group, the volume is one, so that none stands on two sides of
    a split. Volumes that only an excluded one ties become one group.
    All slices are kept, those without lesion too; only a slice of one value without lesion (air) is left out.

    Args:
        manifest: of volumes; excluded cases are left out.
        dataset_dir: where its paths start.
        out: folder to write.
        plane: `sagittal`, `coronal` or `axial`; None takes the one whose slices hold the finest voxels.
        neighbours: how many slices away the first and third channel are; 0 repeats the slice.

    Raises:
        ConfigError: there is no such plane, or `neighbours` is negative.
        DataError: a case is no volume or has no reference mask, or `out` holds a set; and as `cases`.
    """
    loaded = Manifest.load(manifest)
    folder = data_folder(dataset_dir, manifest)
    samples = {
        one["case_id"]: one for split in _SIDES if loaded.counts[split] for one in cases(manifest, dataset_dir, split)
    }
    taken = [case for case in loaded.cases if case.id in samples]
    pictures = [case.id for case in taken if not is_volume(case.image.path)]
    if pictures or not taken:
        found = f"case {pictures[0]} is a picture" if pictures else "every case is excluded"
        raise DataError(f"{manifest} has no slices to take: {found}. Give a manifest of NIfTI volumes.")
    left_behind = ties_left_behind(taken, loaded.cases)
    taken = [_in_group(case, left_behind.get(case.id)) for case in taken]
    plane = plane or best_resolved_plane([volume_affine(folder / case.image.path) for case in taken])
    require_cut(plane, neighbours)
    written: list[Case] = []
    seen = 0

    def draw(place: Path) -> None:
        nonlocal seen
        with whole_folder(place) as draft:
            for case in taken:
                upright = _Upright.read(samples[case.id])
                seen += upright.count(plane)
                written.extend(_write(draft, case, upright, plane, neighbours))
            name = f"{loaded.name}-{plane}" + (f"-neighbours{neighbours}" if neighbours else "")
            Manifest(name, loaded.version, loaded.licence, tuple(written), loaded.scope).save(draft / MANIFEST)

    file = new_set_in(out, draw)
    with_lesion = sum(bool(case.attributes["lesion_px"]) for case in written)
    return SliceSet(file, plane, len(written), with_lesion, seen - len(written))


@dataclass(frozen=True)
class _Upright:
    pixels: np.ndarray
    mask: np.ndarray
    spacing_mm: tuple[float, float, float]

    @classmethod
    def read(cls, sample: dict[str, str]) -> "_Upright":
        found: Any = _READ(sample)
        pixels = (found["image"][0].numpy() * _WHITE).round().astype(np.uint8)
        return cls(pixels, found["label"][0].numpy() > 0, upright_spacing(volume_affine(Path(sample["image"]))))

    def count(self, plane: str) -> int:
        return self.pixels.shape[plane_axis(plane)]

    def pixel_mm(self, plane: str) -> tuple[float, float]:
        columns, rows = (step for axis, step in enumerate(self.spacing_mm) if axis != plane_axis(plane))
        return rows, columns


_READ: Final = Compose(
    [
        LoadImaged("image", reader=LesionReader, image_only=True, dtype=None),
        LoadImaged("label", reader=MaskReader, image_only=True, dtype=None),
        EnsureChannelFirstd(["image", "label"]),
        Orientationd(["image", "label"], axcodes=UPRIGHT, labels=None),
        ScaleIntensityRangePercentilesd("image", lower=0.5, upper=99.5, b_min=0.0, b_max=1.0, clip=True),
    ]
)


def _in_group(case: Case, tied: str | None) -> Case:
    own = case.attributes.get("group")
    return replace(case, attributes={"group": tied or (case.id if own in (None, "") else own)})


def _write(folder: Path, case: Case, upright: _Upright, plane: str, neighbours: int) -> Iterator[Case]:
    slices, masks = cut(upright.pixels, plane), cut(upright.mask, plane)
    for at, mask in enumerate(masks):
        rgb = np.moveaxis(slices[list(beside(at, len(slices), neighbours))], 0, -1)
        if mask.any() or rgb.min() != rgb.max():
            yield _write_slice(folder, case, at, rgb, mask, upright.pixel_mm(plane), plane, neighbours)


def _write_slice(  # noqa: PLR0917 (one step of _write)
    folder: Path,
    case: Case,
    at: int,
    rgb: np.ndarray,
    mask: BoolMask,
    pixel_mm: tuple[float, float],
    plane: str,
    neighbours: int,
) -> Case:
    assert case.reference is not None  # noqa: S101 (checked by cases)
    name = f"{case.id}_{plane}_{at:04d}"

    def record(path: str) -> FileRecord:
        return FileRecord(path, sha256_of(folder / path), size_px=mask.shape, spacing_mm=pixel_mm)

    write_rgb(folder / f"images/{name}.png", np.ascontiguousarray(rgb))
    write_mask(folder / f"masks/{name}.png", mask)
    drawn = case.reference
    return Case(
        id=name,
        image=record(f"images/{name}.png"),
        annotations=(
            Annotation(record(f"masks/{name}.png"), drawn.annotator, drawn.tool, drawn.skill, drawn.created_at),
        ),
        split=case.split,
        lesion_id=case.lesion_id,
        patient_id=case.patient_id,
        attributes={
            "group": case.attributes["group"],
            "plane": plane,
            "slice": at,
            "neighbours": neighbours,
            "lesion_px": int(mask.sum()),
        },
        licence=case.licence,
        attribution=case.attribution,
    )
