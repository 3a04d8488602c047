from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.data import pixel_weights
from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Split

HALF, QUARTER = np.array([[1, 0], [1, 0]]), np.array([[1, 0, 0, 0], [1, 0, 0, 0]])


def manifest(folder: Path, *masks: np.ndarray) -> Path:
    """Write masks to train on, and one to test on that is all lesion."""
    pairs: list[tuple[Split, np.ndarray]] = [*(("train", mask) for mask in masks), ("test", np.ones((2, 2)))]
    cases: list[Case] = []
    for index, (split, mask) in enumerate(pairs):
        Image.fromarray((255 * mask).astype(np.uint8)).save(folder / f"{index}.png")
        file = FileRecord(f"{index}.png", sha256=f"{index:064x}", size_px=mask.shape)
        cases.append(Case(str(index), image=file, annotations=(Annotation(file),), split=split))
    Manifest("tiny", "1", None, tuple(cases)).save(folder / "manifest.json")
    return folder / "manifest.json"


def test_both_classes_weigh_alike_over_the_training_masks(tmp_path: Path) -> None:
    # masks of two sizes count alike: 1/2 and 1/4 lesion are 3 of 8
    w_fg, w_bg = pixel_weights(manifest(tmp_path, HALF, QUARTER), tmp_path)
    assert (w_fg, w_bg) == pytest.approx((8 / (2 * 3), 8 / (2 * 5)))
    assert w_fg * 3 == pytest.approx(w_bg * 5)


@pytest.mark.parametrize(("value", "share"), [(0.0, "0%"), (1.0, "100%")])
def test_masks_of_one_class_alone_are_refused(tmp_path: Path, value: float, share: str) -> None:
    mask = np.full((2, 2), value)
    with pytest.raises(DataError, match=rf"The 2 training masks of .* are {share} lesion.*other --loss#overlap"):
        pixel_weights(manifest(tmp_path, mask, mask), tmp_path)
