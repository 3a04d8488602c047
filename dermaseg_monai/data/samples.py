"""One split of a manifest as the list of samples that MONAI's data sets take."""

import hashlib
from pathlib import Path

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, Manifest, Split, require_no_leaks, require_verified
from dermaseg_monai.manifest.data_path import existing_dir

Sample = dict[str, str]
ReaderSample = dict[str, str | tuple[str, ...]]


def cases(manifest: str | Path, dataset_dir: str | Path, split: Split, *, allow_leaks: bool = False) -> list[Sample]:
    """Return the samples of one split after checking every file of it.

    A sample holds `image` and `label` (paths, for LoadImaged), `case_id`, and the same paths once more as `image_path`
    and `label_path`, which stay strings when the pixels are loaded. `content` is a digest of both files: a cache on
    disk (PersistentDataset), which goes by the sample, does not take a redrawn mask for the old one.

    Raises:
        DataError: no such manifest, folder or case; cases without a reference mask.
        LeakError: train, val and test share a lesion, patient or picture, and `allow_leaks` is off.
        IntegrityError: files are missing, damaged or other than the manifest says, or masks are not their images'.
    """
    loaded = Manifest.load(manifest)
    chosen = loaded.in_split(split)
    folder = data_folder(dataset_dir, manifest)
    _require_references(chosen, loaded.name, split)
    require_no_leaks(loaded, allow_leaks=allow_leaks)
    require_verified(loaded, folder, splits=[split])
    return [_sample(case, folder) for case in chosen]


def reader_cases(
    manifest: str | Path, dataset_dir: str | Path, split: Split, *, allow_leaks: bool = False
) -> list[ReaderSample]:
    """Return the samples of one split as `cases` does, each with `reader_labels`: the paths of its readers' masks.

    An adjudicated case has its adjudicated mask alone, for the disagreement is settled there; any other its
    `readings`, which is its reference where nobody else drew it, the first of each person. `label` stays the
    reference. For training: scores are against references.

    Raises:
        DataError: no case of the split has two readers; and as `cases`, with LeakError and IntegrityError.
    """
    samples = cases(manifest, dataset_dir, split, allow_leaks=allow_leaks)
    loaded, folder = Manifest.load(manifest), data_folder(dataset_dir, manifest)
    found = [case.reader_masks for case in loaded.in_split(split)]
    if all(len(masks) == 1 for masks in found):
        raise DataError(
            f"No {split} case of manifest {loaded.name} has masks of two readers (role `reader`), so there is nothing "
            "to choose or to average. Leave out one_reader.json or soft_mean.json."
        )
    return [
        {
            **sample,
            "reader_labels": tuple(str(folder / mask.path) for mask in masks),
            "content": _content(sample["content"], *(mask.sha256 for mask in masks)),
        }
        for sample, masks in zip(samples, found, strict=True)
    ]


def data_folder(dataset_dir: str | Path, manifest: str | Path) -> Path:
    """Return `dataset_dir` as an absolute path.

    Raises:
        DataError: it is no folder.
    """
    return existing_dir(dataset_dir, what_for=f"the paths of {manifest} start from: --dataset_dir FOLDER")


def _require_references(chosen: tuple[Case, ...], name: str, split: Split) -> None:
    bare = [case.id for case in chosen if case.reference is None]
    if bare:
        raise DataError(
            f"{len(bare)} of {len(chosen)} {split} cases of manifest {name} have no reference mask, first {bare[0]}. "
            "Add an annotation with the role `reference`, or put these cases into the split `excluded`."
        )


def _sample(case: Case, folder: Path) -> Sample:
    assert case.reference is not None  # noqa: S101 (checked by _require_references)
    image, label = str(folder / case.image.path), str(folder / case.reference.mask.path)
    content = _content(case.image.sha256, case.reference.mask.sha256)
    paths = {"image_path": image, "label_path": label}
    return {"image": image, "label": label, "case_id": case.id, **paths, "content": content}


def _content(*sha256: str) -> str:
    return hashlib.sha256(" ".join(sha256).encode()).hexdigest()
