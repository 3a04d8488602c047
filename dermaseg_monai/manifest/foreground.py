"""Binary masks of label maps that hold several structures, written beside the originals."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.images import is_volume, read_image, write_mask
from dermaseg_monai.manifest.threads import in_threads


def write_foreground(
    labels: Sequence[Path], root: Path, *, values: Collection[int], names: Mapping[int, str]
) -> dict[Path, Path]:
    """Write a mask of 0 and 1 for every label map and return the masks by their label maps.

    The mask of `root`/a/b.nii.gz is `root`/foreground_1_2/a/b.nii.gz where `values` are 1 and 2: 1 where the label is
    one of them, with the affine of the label. The label maps stay as they are; masks that are there are replaced. None
    is written unless all can be.

    Raises:
        DataError: a label map that cannot be read or holds a value without a name, or no place to write.
    """
    place = root / "_".join(["foreground", *map(str, sorted(values))])
    try:
        draft = TemporaryDirectory(dir=root, prefix=".foreground-")
    except OSError as error:
        raise DataError(
            f"Cannot write {place}: {error.strerror}. Copy the task to a folder you may write to."
        ) from error
    with draft as folder:
        work = partial(_write_mask, root=root, folder=Path(folder), values=values, names=names)
        faults = [fault for fault in in_threads(work, labels, title="Writing masks") if fault]
        if faults:
            raise DataError(f"{len(faults)} of {len(labels)} labels cannot be used, first: {faults[0]}")
        masks = {label: place / label.relative_to(root) for label in labels}
        for label, mask in masks.items():
            mask.parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / label.relative_to(root)).replace(mask)
    return masks


def _write_mask(
    label: Path, *, root: Path, folder: Path, values: Collection[int], names: Mapping[int, str]
) -> ImageError | None:
    try:
        if not is_volume(label):
            raise ImageError(f"{label} is no NIfTI volume. Save it as .nii.gz, or as a mask of 0 and 255.")  # noqa: TRY301
        picture = read_image(label)
        held = np.unique(picture.pixels)
        strange = held[~np.isin(held, list(names))]
        if strange.size:
            known = ", ".join(f"{value} {name}" for value, name in sorted(names.items()))
            raise ImageError(f"{label} holds the value {strange[0]:g}, which is none of {known}. Mend the label.")  # noqa: TRY301
    except ImageError as error:
        return error
    write_mask(folder / label.relative_to(root), np.isin(picture.pixels, list(values)), like=picture)
    return None
