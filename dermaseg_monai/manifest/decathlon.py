"""The datalist that MONAI's own loaders read."""

from pathlib import Path
from typing import Any

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import write_json
from dermaseg_monai.manifest.case import Case
from dermaseg_monai.manifest.data_path import existing_dir
from dermaseg_monai.manifest.decathlon_task import LIST_KEYS
from dermaseg_monai.manifest.groups import ties_left_behind
from dermaseg_monai.manifest.manifest import Manifest
from dermaseg_monai.manifest.split import taking_part


def decathlon_datalist(manifest: Manifest, dataset_dir: str | Path) -> dict[str, Any]:
    """Return the manifest as a Medical Segmentation Decathlon datalist with absolute paths.

    The lists `training`, `validation` and `test` hold {"image", "label", "case_id"}, and "lesion_id", "patient_id" and
    "group" where they are known (excluded cases are left out; those that only these tie are one group). The label is
    the reference mask and is left out of test cases that have none. Splits without cases are left out.
    `index_decathlon` reads it back where it lies in `dataset_dir` as dataset.json.

    Raises:
        DataError: `dataset_dir` is no folder, or a training or validation case has no reference.
    """
    folder = existing_dir(dataset_dir)
    left_behind = ties_left_behind(taking_part(manifest), manifest.cases)
    lists = {
        key: [_item(case, folder, left_behind.get(case.id)) for case in manifest.in_split(split)]
        for key, split in LIST_KEYS.items()
        if manifest.counts[split]
    }
    return {
        "name": manifest.name,
        "release": manifest.version,
        "licence": manifest.licence or "unknown",
        "description": "Skin lesion segmentation",
        "manifest_digest": manifest.digest,
        "tensorImageSize": "3D" if manifest.cases[0].image.shape_vox else "2D",
        "modality": {"0": "dermoscopy"},
        "labels": {"0": "skin", "1": "lesion"},
        "numTraining": len(lists.get("training", ())),
        "numValidation": len(lists.get("validation", ())),
        "numTest": len(lists.get("test", ())),
        **lists,
    }


def write_decathlon_datalist(manifest: Manifest, dataset_dir: str | Path, out: str | Path) -> None:
    """Write the datalist as JSON for `monai.data.load_decathlon_datalist`."""
    write_json(out, decathlon_datalist(manifest, dataset_dir))


def _item(case: Case, folder: Path, tied: str | None) -> dict[str, str]:
    item = {"image": str(folder / case.image.path), "case_id": case.id}
    item |= {key: name for key in ("lesion_id", "patient_id") if (name := getattr(case, key))}
    group = tied or case.attributes.get("group")
    if group not in (None, ""):
        item["group"] = str(group)
    reference = case.reference
    if reference is None and case.split != "test":
        raise DataError(f"Case {case.id} in {case.split} has no reference mask. Index the masks, or move it to test.")
    return item if reference is None else {**item, "label": str(folder / reference.mask.path)}
