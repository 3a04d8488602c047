"""The cases of one split that can be read, and a note of those that cannot."""

from pathlib import Path

from dermaseg_monai.data import ImageList, Sample, Unreadable, readable_images
from dermaseg_monai.data.samples import data_folder
from dermaseg_monai.errors import DataError, ImageError, IntegrityError
from dermaseg_monai.files import require_unchanged
from dermaseg_monai.images import measure, read_mask
from dermaseg_monai.manifest import Case, Manifest, Split, require_no_leaks


def readable_cases(
    manifest: str | Path, dataset_dir: str | Path, split: Split, *, allow_leaks: bool = False
) -> ImageList:
    """Return the samples of one split (as `cases` does), without those whose image or reference mask cannot be used.

    What is left out, and why, is in `failures` of the list: one bad file costs its own case and no other. Missing,
    damaged, other than the manifest says, of different sizes, or without a reference mask.

    Raises:
        DataError: no such manifest, folder or case, or no case that can be used.
        LeakError: train, val and test share a lesion, patient or picture, and `allow_leaks` is off; the prompts from
            our own network would be better than they are in use.
    """
    loaded = Manifest.load(manifest)
    require_no_leaks(loaded, allow_leaks=allow_leaks)
    images = readable_images(manifest, dataset_dir, split)
    folder = data_folder(dataset_dir, manifest)
    by_id = {case.id: case for case in loaded.cases}
    samples: list[Sample] = []
    failures = list(images.failures)
    for sample in images:
        case = by_id[sample["case_id"]]
        fault = _fault(case, folder)
        if fault is not None or case.reference is None:
            failures.append(Unreadable(case.id, sample["image_path"], str(fault)))
            continue
        label = str(folder / case.reference.mask.path)
        samples.append({**sample, "label": label, "label_path": label})
    if not samples:
        raise DataError(f"None of the {len(failures)} {split} cases can be used. First: {failures[0].reason}")
    return ImageList(samples, failures)


def _fault(case: Case, folder: Path) -> str | None:
    if case.reference is None:
        return f"Case {case.id} has no reference mask to score against."
    path = folder / case.reference.mask.path
    try:
        size_px, image_px = read_mask(path).shape, measure(folder / case.image.path)
        require_unchanged(path, case.reference.mask.sha256)
    except (ImageError, IntegrityError) as error:
        return str(error)
    except OSError as error:
        return f"Cannot read {path}: {error.strerror or error}. Copy it again or leave it out."
    return None if size_px == image_px else f"{path} has {size_px} px, its image {image_px}."
