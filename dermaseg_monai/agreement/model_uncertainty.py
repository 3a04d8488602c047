"""How unsure a network is of a case, from the folder of its predictions."""

from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from dermaseg_monai.errors import DataError
from dermaseg_monai.images import read_mask, read_probability
from dermaseg_monai.metrics.case_rows import read_rows

UNCERTAINTY_FORMULA: Final = (
    "uncertainty = min(1, expected wrong pixels / predicted lesion pixels); expected wrong pixels: sum of the "
    "network's uncertainty map, or of min(p, 1 - p) where it has none; 1 where no lesion is predicted"
)


def read_uncertainty(folder: str | Path) -> dict[str, float]:
    """Return case id to uncertainty in [0, 1] (`UNCERTAINTY_FORMULA`) of every case that was predicted.

    Raises:
        DataError: it is no folder of predictions, or has neither `uncertainty/` nor `probabilities/`.
        ImageError: a map cannot be read.
    """
    source = Path(folder)
    maps = next((name for name in ("uncertainty", "probabilities") if (source / name).is_dir()), None)
    if maps is None:
        raise DataError(f"{source} has no uncertainty: it needs uncertainty/ or probabilities/ beside cases.csv.")
    return {
        row.case_id: expected_error(
            read_probability(source / maps / row.file),
            read_mask(source / "masks" / row.file),
            is_probability=maps == "probabilities",
        )
        for row in read_rows(source)
        if row.file is not None
    }


def expected_error(
    values: Float[np.ndarray, "*grid"], pred: Bool[np.ndarray, "*grid"], *, is_probability: bool
) -> float:
    """Return the expected number of wrong pixels over that of predicted lesion pixels, at most 1; 1 without lesion."""
    wrong = np.minimum(values, 1 - values) if is_probability else values
    lesion = int(np.count_nonzero(pred))
    return min(1.0, float(wrong.sum(dtype=np.float64)) / lesion) if lesion else 1.0
