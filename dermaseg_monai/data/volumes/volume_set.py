"""The set of volumes on disk: scans, reference masks, two readers' masks, manifest, licence."""

import logging
from pathlib import Path
from typing import Final

import numpy as np

from dermaseg_monai.data.volumes.scan_place import ScanPlace, draw_place
from dermaseg_monai.data.volumes.skin_volume import SkinVolume, draw_skin_volume
from dermaseg_monai.data.volumes.volume_reader import VOLUME_READERS
from dermaseg_monai.data.whole_folder import MANIFEST, new_set_in, set_in, whole_folder
from dermaseg_monai.files import sha256_of, write_text
from dermaseg_monai.images import Picture, write_mask, write_volume
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split

GENERATOR_VERSION: Final = "1"
"""Changes when the same seed no longer gives the same voxels."""

FEWEST_VOLUMES: Final = 3
"""One for each split."""

_LICENCE: Final = "CC0-1.0"
_ATTRIBUTION: Final = "Drawn by dermaseg_monai; no scan of a person"
_DATE: Final = "2026-01-05"
_TEST_SHARE, _VAL_SHARE = 0.25, 0.15
_README: Final = """Synthetic skin volumes, drawn by dermaseg_monai (seed {seed}, {n} volumes). Licence: CC0-1.0.

No scan of a person, no clinical meaning: it shows that the software works, not how well it does on patients.
images/ scans, masks/ true extent of the lesion, annotations/<annotator>/ two simulated readers, manifest.json.
Every volume has its own size, anisotropic spacing and oblique affine.
"""
_log = logging.getLogger(__name__)


def volume_manifest(folder: str | Path, n: int = 32, seed: int = 0) -> str:
    """Return the path of the manifest of the set in `folder`; draw the set first when it is not there.

    A set that is there is returned as it is, whatever its number of volumes and its seed.

    Raises:
        DataError: the folder holds other things, or cannot be written.
    """

    def draw(place: Path) -> None:
        _log.info("Drawing %d synthetic volumes into %s", n, place)
        _draw_into(place, n, seed)

    return set_in(folder, draw)


def make_volumes(out: str | Path, n: int, seed: int) -> Path:
    """Draw volumes into the new or empty folder `out` and return the path of their manifest.

    The same seed and number give the same bytes, on one machine with the same versions of NumPy, SciPy and nibabel.

    Raises:
        ValueError: `n` is below 3, or the seed is negative.
        DataError: the folder is not empty, or cannot be written.
    """
    return new_set_in(out, lambda folder: _draw_into(folder, n, seed))


def _draw_into(folder: Path, n: int, seed: int) -> None:
    if n < FEWEST_VOLUMES or seed < 0:
        raise ValueError(f"n is {n} and seed {seed}; there must be at least {FEWEST_VOLUMES} volumes, and a seed ≥ 0.")
    with whole_folder(folder) as draft:
        cases = tuple(_write_case(draft, number, split, seed) for number, split in enumerate(_splits(n)))
        write_text(draft / "README.txt", _README.format(seed=seed, n=n))
        name = f"skin-volumes-{n}-seed{seed}"
        Manifest(name=name, version=GENERATOR_VERSION, licence=_LICENCE, cases=cases).save(draft / MANIFEST)


def _splits(n: int) -> list[Split]:
    test, val = max(1, round(_TEST_SHARE * n)), max(1, round(_VAL_SHARE * n))
    first_val, first_test = n - val - test, n - test
    return ["train" if at < first_val else "val" if at < first_test else "test" for at in range(n)]


def _write_case(folder: Path, number: int, split: Split, seed: int) -> Case:
    rng = np.random.default_rng([seed, number])
    place = draw_place(rng)
    scan = draw_skin_volume(place, rng)
    name = f"volume_{number:04d}.nii.gz"
    like = Picture(scan.echoes, place.spacing_mm, place.affine, place.header)
    write_volume(folder / "images" / name, scan.echoes, like)
    write_mask(folder / "masks" / name, scan.lesion, like=like)
    for reader in VOLUME_READERS:
        outline = reader.outline(scan.lesion, place, rng)
        write_mask(folder / "annotations" / reader.name / name, outline, like=like)
    return _case(folder, name, place, scan, split)


def _case(folder: Path, name: str, place: ScanPlace, scan: SkinVolume, split: Split) -> Case:
    def record(path: str) -> FileRecord:
        return FileRecord(path, sha256_of(folder / path), shape_vox=place.shape_vox, spacing_mm=place.spacing_mm)

    reference = Annotation(record(f"masks/{name}"), annotator="generator", tool="true extent", created_at=_DATE)
    readers = (
        Annotation(
            record(f"annotations/{one.name}/{name}"), one.name, one.tool, one.skill, created_at=_DATE, role="reader"
        )
        for one in VOLUME_READERS
    )
    stem = name.removesuffix(".nii.gz")
    return Case(
        id=stem,
        image=record(f"images/{name}"),
        annotations=(reference, *readers),
        split=split,
        lesion_id=f"L{stem[-4:]}",
        patient_id=f"P{stem[-4:]}",
        attributes={"lesion_mm3": round(float(scan.lesion.sum() * np.prod(place.spacing_mm)), 3)},
        licence=_LICENCE,
        attribution=_ATTRIBUTION,
    )
