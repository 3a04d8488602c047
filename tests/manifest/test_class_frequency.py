from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import write_mask
from dermaseg_monai.manifest import Annotation, Case, ClassFrequency, FileRecord, Manifest, Split, class_frequencies


def manifest(folder: Path, **masks: tuple[Split, np.ndarray]) -> Manifest:
    cases: list[Case] = []
    for name, (split, mask) in masks.items():
        write_mask(folder / f"{name}.png", mask)
        file = FileRecord(f"{name}.png", "0" * 64, size_px=mask.shape)  # pyright: ignore[reportArgumentType]
        cases.append(Case(name, image=file, annotations=(Annotation(file),), split=split))
    cases.append(Case("bare", image=FileRecord("x.png", "0" * 64), annotations=(), split="train"))
    return Manifest("tiny", "1", None, tuple(cases))


def test_every_mask_counts_alike_and_pixels_are_counted_too(tmp_path: Path) -> None:
    small, large = np.zeros((2, 2), dtype=bool), np.zeros((10, 10), dtype=bool)
    small[0] = True
    large[:1] = True
    made = manifest(tmp_path, a=("train", small), b=("train", large), c=("test", large))
    train, test = class_frequencies(made, tmp_path, ("train", "val", "test"))
    assert train == ClassFrequency("train", 2, (1 / 2 + 1 / 10) / 2, 12, 104)
    assert train.weights == pytest.approx((1 / 0.6, 1 / 1.4))
    assert train.weights[0] * train.lesion_share == pytest.approx(train.weights[1] * train.skin_share)
    assert (test.split, test.n_masks, test.lesion_px, test.all_px) == ("test", 1, 10, 100)
    assert test.to_json()["weight_lesion"] == pytest.approx(5.0)


@pytest.mark.parametrize(("share", "said"), [(0.0, "0%"), (1.0, "100%")])
def test_masks_of_one_class_have_no_weights(share: float, said: str) -> None:
    with pytest.raises(DataError, match=rf"The 3 val masks are {said} lesion.*dermaseg data verify"):
        _ = ClassFrequency("val", 3, share, 0, 1).weights
