"""HAM10000 as the Dataverse releases it: two folders of images, Tschandl's masks, a metadata table."""

from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.case import Split
from dermaseg_monai.manifest.draft import Draft, SetFacts, finish
from dermaseg_monai.manifest.listing import files_below, find_part, images_by_id, masks_by_id, require_root
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.table import Table, read_table

IMAGES = ("HAM10000_images_part_1", "HAM10000_images_part_2")
MASKS = "HAM10000_segmentations_lesion_tschandl"
TABLES = ("HAM10000_metadata.csv", "HAM10000_metadata.tab", "HAM10000_metadata")
N_PAIRS = 10_015
_ATTRIBUTES = {
    "diagnosis": "dx",
    "diagnosis_by": "dx_type",
    "age": "age",
    "sex": "sex",
    "site": "localization",
    "source": "dataset",
}


def index_ham10000(root: str | Path, *, split: Split = "train", allow_partial: bool = False) -> Manifest:
    """Index the 10 015 pairs of HAM10000 into one split, because the release has none.

    `lesion_id` is kept for every image (7470 lesions), so that `split_by_group` keeps a lesion on one side.
    `allow_partial` accepts fewer images than were released.

    Raises:
        DataError: which folder or table is missing, how many images are there, images without mask or row.
    """
    folder = require_root(root)
    names = [*(IMAGES[:1] if allow_partial else IMAGES), MASKS]
    missing = [name for name in names if find_part(folder, name) is None]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)} of ham10000. "
            f"Get them with `dermaseg data fetch ham10000 --root {folder}`."
        )
    table = read_table(_table_file(folder), id_column="image_id")
    table.require(["lesion_id", "dx"])
    images, masks = _pairs(folder, allow_partial=allow_partial)
    return finish(_drafts(images, masks, table, split), folder, SetFacts("ham10000", "4", "CC-BY-NC-4.0"))


def _pairs(folder: Path, *, allow_partial: bool) -> tuple[dict[str, Path], dict[str, Path]]:
    places = [place for place in (find_part(folder, name) for name in IMAGES) if place is not None]
    images = images_by_id(path for place in places for path in files_below(place, (".jpg", ".jpeg")))
    if len(images) != N_PAIRS and not allow_partial:
        raise DataError(
            f"{' and '.join(map(str, places))} hold {len(images)} of {N_PAIRS} images. "
            "Unpack both archives again, or index what is there with --allow-partial."
        )
    mask_dir = find_part(folder, MASKS)
    assert mask_dir is not None  # noqa: S101 (checked by the caller)
    masks = files_below(mask_dir, (".png",))
    return images, masks_by_id(masks, images, place=mask_dir, suffixes=("_segmentation",), allow_partial=allow_partial)


def _drafts(images: dict[str, Path], masks: dict[str, Path], table: Table, split: Split) -> list[Draft]:
    unknown = [name for name in images if name not in table.rows]
    if unknown:
        raise DataError(f"{len(unknown)} of {len(images)} images have no row in {table.source}, first {unknown[0]}.")
    kept = {name: table.typed(column) for name, column in _ATTRIBUTES.items() if column in table.columns}
    return [
        Draft(
            id=name,
            image=image,
            mask=masks[name],
            split=split,
            lesion_id=table.identity(name, "lesion_id"),
            attributes={key: cells[name] for key, cells in kept.items()},
            attribution="ViDIR Group, Medical University of Vienna",
        )
        for name, image in images.items()
    ]


def _table_file(folder: Path) -> Path:
    for name in TABLES:
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"{folder} lacks HAM10000_metadata.csv (or .tab), which says what belongs to which lesion. "
        f"Get it with `dermaseg data fetch ham10000 --root {folder}`."
    )
