"""Networks that give NaN: nothing of it is written."""

from pathlib import Path

import numpy as np

from dermaseg_monai.errors import WeightsError


def require_finite(values: np.ndarray, *, case_id: str, weights: str | Path | None) -> None:
    """Refuse logits or probabilities that are no finite numbers.

    Pictures are checked when they are read, so that the network is at fault, even if other cases went well.

    Raises:
        WeightsError: names the case and the weights.
    """
    if not np.isfinite(values).all():
        network = "The network" if weights is None else f"The network of {weights}"
        found = f"{network} gives values that are no number for case {case_id}"
        raise WeightsError(f"{found}. Predict with --amp off; where that does not help, train it again.")
