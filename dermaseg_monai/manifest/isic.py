"""The segmentation sets of the ISIC challenges 2016, 2017 and 2018, unpacked as they are released."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.archive import ArchiveRow, archive_rows
from dermaseg_monai.manifest.case import Attribute, Split
from dermaseg_monai.manifest.draft import Draft, SetFacts, finish
from dermaseg_monai.manifest.listing import files_below, find_part, images_by_id, masks_by_id, require_root
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.table import read_table


@dataclass(frozen=True)
class Part:
    """One official part: the folder of its images, that of its masks, and how many pairs were released."""

    split: Split
    images: str
    masks: str
    n_pairs: int
    metadata: str | None = None
    classes: str | None = None


ISIC2016 = (
    Part("train", "ISBI2016_ISIC_Part1_Training_Data", "ISBI2016_ISIC_Part1_Training_GroundTruth", 900),
    Part("test", "ISBI2016_ISIC_Part1_Test_Data", "ISBI2016_ISIC_Part1_Test_GroundTruth", 379),
)
ISIC2017 = (
    Part(
        "train",
        "ISIC-2017_Training_Data",
        "ISIC-2017_Training_Part1_GroundTruth",
        2000,
        "ISIC-2017_Training_Data_metadata.csv",
        "ISIC-2017_Training_Part3_GroundTruth.csv",
    ),
    Part(
        "val",
        "ISIC-2017_Validation_Data",
        "ISIC-2017_Validation_Part1_GroundTruth",
        150,
        "ISIC-2017_Validation_Data_metadata.csv",
        "ISIC-2017_Validation_Part3_GroundTruth.csv",
    ),
    Part(
        "test",
        "ISIC-2017_Test_v2_Data",
        "ISIC-2017_Test_v2_Part1_GroundTruth",
        600,
        "ISIC-2017_Test_v2_Data_metadata.csv",
        "ISIC-2017_Test_v2_Part3_GroundTruth.csv",
    ),
)
ISIC2018 = (
    Part("train", "ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth", 2594),
    Part("val", "ISIC2018_Task1-2_Validation_Input", "ISIC2018_Task1_Validation_GroundTruth", 100),
    Part("test", "ISIC2018_Task1-2_Test_Input", "ISIC2018_Task1_Test_GroundTruth", 1000),
)
_SUFFIXES = ("_segmentation",)


def _index(
    parts: tuple[Part, ...],
    facts: SetFacts,
    root: str | Path,
    *,
    splits: Sequence[Split] | None = None,
    archive: str | Path | None = None,
    allow_partial: bool = False,
) -> Manifest:
    """Index a set in its official splits.

    `splits` says which parts to index; default: all. `archive` is a metadata table of the ISIC Archive (column
    isic_id); it brings lesion, patient, licence and attribution per image, which the release itself lacks.
    `allow_partial` accepts a part with fewer pairs than were released.

    Raises:
        DataError: which parts are missing, which part is incomplete and by how much, images without masks.
    """
    folder = require_root(root)
    chosen = _chosen(parts, [part.split for part in parts] if splits is None else splits, facts.name)
    _require_parts(folder, chosen, facts.name)
    rows = archive_rows(archive) if archive is not None else {}
    drafts = [draft for part in chosen for draft in _drafts(folder, part, rows, allow_partial=allow_partial)]
    if archive is not None and not any(draft.id in rows for draft in drafts):
        raise DataError(f"{archive} has no row for any image of {facts.name}. Pass the Archive's metadata of this set.")
    return finish(drafts, folder, facts)


index_isic2016 = partial(_index, ISIC2016, SetFacts("isic2016", "2016", "CC0-1.0"))
"""Index ISIC 2016 Part 1: 900 training and 379 test pairs."""

index_isic2017 = partial(_index, ISIC2017, SetFacts("isic2017", "2017", "CC0-1.0"))
"""Index ISIC 2017 Part 1: 2000 / 150 / 600 pairs. Superpixels are ignored. Diagnosis, age and sex are kept where the
release's own tables lie beside the images."""

index_isic2018 = partial(_index, ISIC2018, SetFacts("isic2018", "2018", "CC0-1.0 or CC-BY-NC-4.0, by image"))
"""Index ISIC 2018 Task 1: 2594 / 100 / 1000 pairs."""


def _chosen(parts: tuple[Part, ...], splits: Sequence[Split], name: str) -> list[Part]:
    official = [part.split for part in parts]
    unknown = [split for split in splits if split not in official]
    if unknown or not splits:
        said = f"no part {unknown[0]!r}" if unknown else "to be told which parts to index"
        raise DataError(f"{name} has {said}; choose from {', '.join(official)} (--splits).")
    return [part for part in parts if part.split in splits]


def _require_parts(folder: Path, parts: list[Part], name: str) -> None:
    wanted = [(part.split, place) for part in parts for place in (part.images, part.masks)]
    missing = [(split, place) for split, place in wanted if find_part(folder, place) is None]
    if not missing:
        return
    lacking = {split for split, _ in missing}
    whole = [part.split for part in parts if part.split not in lacking]
    hint = f", or index what is there with --splits {','.join(whole)}" if whole else ""
    command = f"dermaseg data fetch {name} --root {folder}"
    raise DataError(
        f"{folder} lacks {len(missing)} of the {len(wanted)} folders of {name}: "
        f"{', '.join(place for _, place in missing)}. Get them with `{command}`{hint}."
    )


def _drafts(folder: Path, part: Part, rows: Mapping[str, ArchiveRow], *, allow_partial: bool) -> list[Draft]:
    image_dir, mask_dir = find_part(folder, part.images), find_part(folder, part.masks)
    assert image_dir is not None  # noqa: S101 (checked by _require_parts)
    assert mask_dir is not None  # noqa: S101
    images = images_by_id(files_below(image_dir, (".jpg", ".jpeg")))
    if len(images) != part.n_pairs and not allow_partial:
        raise DataError(
            f"{image_dir} holds {len(images)} of {part.n_pairs} images. "
            "Unpack the official archive again, or index what is there with --allow-partial."
        )
    masks = masks_by_id(
        files_below(mask_dir, (".png",)), images, place=mask_dir, suffixes=_SUFFIXES, allow_partial=allow_partial
    )
    known = _own_tables((folder, image_dir, image_dir.parent), part)
    return [_draft(name, image, masks[name], part.split, rows.get(name), known) for name, image in images.items()]


def _draft(  # noqa: PLR0917
    name: str,
    image: Path,
    mask: Path,
    split: Split,
    row: ArchiveRow | None,
    known: Mapping[str, Mapping[str, Attribute]],
) -> Draft:
    own = known.get(name, {})
    if row is None:
        return Draft(name, image, mask, split, attributes=own)
    return Draft(
        name,
        image,
        mask,
        split,
        lesion_id=row.lesion_id,
        patient_id=row.patient_id,
        attributes={**row.attributes, **own},
        licence=row.licence,
        attribution=row.attribution,
    )


def _own_tables(places: tuple[Path, ...], part: Part) -> dict[str, dict[str, Attribute]]:
    """Return age, sex and diagnosis by image from the tables that ISIC 2017 released, where they are at hand."""
    known: dict[str, dict[str, Attribute]] = {}
    metadata = _first_file(places, part.metadata)
    if metadata is not None:
        table = read_table(metadata, id_column="image_id")
        table.require(["age_approximate", "sex"])
        for name in table.rows:
            age = table.cell(name, "age_approximate") or ""
            known[name] = {"age": int(age) if age.isdigit() else None, "sex": table.cell(name, "sex")}
    classes = _first_file(places, part.classes)
    if classes is not None:
        table = read_table(classes, id_column="image_id")
        table.require(["melanoma", "seborrheic_keratosis"])
        for name in table.rows:
            known.setdefault(name, {})["diagnosis"] = _diagnosis(
                table.cell(name, "melanoma"), table.cell(name, "seborrheic_keratosis")
            )
    return known


def _diagnosis(melanoma: str | None, keratosis: str | None) -> str:
    if melanoma in ("1", "1.0"):
        return "melanoma"
    return "seborrheic keratosis" if keratosis in ("1", "1.0") else "nevus"


def _first_file(places: tuple[Path, ...], name: str | None) -> Path | None:
    candidates = [place / name for place in places] if name is not None else []
    return next((path for path in candidates if path.is_file()), None)
