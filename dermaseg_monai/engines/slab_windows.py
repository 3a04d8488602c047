"""The sliding window for a volume that does not fit into memory: one slab of windows at a time."""

from collections.abc import Iterator
from itertools import groupby, pairwise

import numpy as np
import torch
from jaxtyping import Float32
from monai.data.utils import compute_importance_map, dense_patch_slices
from monai.inferers.inferer import Inferer
from torch import nn

from dermaseg_monai.engines.blended_slab import BlendedSlab, Scale
from dermaseg_monai.images.slab_store import SlabStore
from dermaseg_monai.images.volume_file import spans

Block = Float32[np.ndarray, "x y z"]

_GIVEN_SLICES = 4  # so many finished slices leave at a time, for they are copied


class SlabWindows:
    """Run a network over windows with Gaussian blending and give the logits slab by slab, in order.

    The windows, their weights and the padding are those of MONAI's SlidingWindowInferer in mode `gaussian`, and so are
    the logits, but for the order of sums. That one takes the whole image as a tensor and keeps the whole output and
    the whole sum of weights (its `buffer_dim` saves neither of these); here the windows follow one axis, and what no
    later window touches is given away at once. Memory: three float32 slabs, as thick as a window.

    Args:
        inferer: what runs the network on a batch of windows.
        image_size: edge of a window, voxels.
        sw_batch_size: windows a batch.
        overlap: share of a window that the next one covers too, in [0, 1).
    """

    def __init__(self, inferer: Inferer, image_size: int, sw_batch_size: int, overlap: float) -> None:
        self.inferer, self.batch = inferer, sw_batch_size
        self.window = (image_size, image_size, image_size)
        self.step = max(1, int(image_size * (1 - overlap)))
        self.weight: Block = compute_importance_map(self.window, mode="gaussian").numpy()

    def __call__(
        self, image: SlabStore, scale: Scale, network: nn.Module, device: str | torch.device
    ) -> Iterator[Block]:
        """Yield the logits of a few slices after another along the axis of `image`, whole across it.

        Args:
            image: on the working grid.
            scale: makes of a slice what the network wants; MONAI's steps copy, therefore no more than a slice.
            network: in evaluation mode, one logit per voxel.
            device: where the network is.
        """
        axis, slab = image.axis, BlendedSlab(image, self.window)
        windows = sorted(dense_patch_slices(slab.padded, self.window, [self.step] * 3), key=lambda one: one[axis].start)
        rows = [(int(first), list(row)) for first, row in groupby(windows, key=lambda one: one[axis].start)]
        for (first, row), (following, _) in pairwise([*rows, (slab.padded[axis], [])]):
            slab.fill(first, scale)
            inside = [tuple(slice(None) if other == axis else part for other, part in enumerate(one)) for one in row]
            for part in spans(len(inside), self.batch):
                batch = torch.from_numpy(slab.cut(inside[part])).to(device)
                with torch.no_grad():
                    logits = self.inferer(batch, network).float().cpu().numpy()
                slab.add(inside[part], logits[:, 0], self.weight)
            for part in spans(min(following - first, image.shape[axis]), _GIVEN_SLICES):
                yield slab.blended(part)
            slab.move_on(following - first)
