"""A batch on its way into the network."""

from typing import Any

import torch
from monai.data.meta_tensor import MetaTensor
from monai.engines.utils import PrepareBatch, default_prepare_batch


class PlainBatch(PrepareBatch):
    """Image and label on the device as plain tensors, for a trainer's `prepare_batch`.

    MONAI's tensors carry where they come from through every operation, which costs about 0.1 ms each; a training loses
    a tenth of its speed by it and never asks. What was recorded stays in the engine's batch.
    """

    def __call__(
        self,
        batchdata: dict[str, Any],
        device: str | torch.device | None = None,
        non_blocking: bool = False,  # noqa: FBT001, FBT002 (as MONAI's)
        **kwargs: Any,  # noqa: ANN401 (as MONAI's)
    ) -> Any:  # noqa: ANN401 (as MONAI's)
        """Return (image, label)."""
        image, label = default_prepare_batch(batchdata, device, non_blocking, **kwargs)
        return plain(image), plain(label)


def plain(value: Any) -> Any:  # noqa: ANN401 (tensor or None)
    """Return a MONAI tensor as torch's own; anything else as it is."""
    return value.as_tensor() if isinstance(value, MetaTensor) else value
