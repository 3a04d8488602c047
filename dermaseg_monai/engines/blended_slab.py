"""The part of an image that one row of windows covers: what they see and what the network said."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.images.slab_store import SlabStore

Block = Float32[np.ndarray, "x y z"]
Scale = Callable[[np.ndarray], np.ndarray]
Window = tuple[slice, ...]


class BlendedSlab:
    """Image, weighted sum of logits and sum of weights, float32, of a slab as thick as a window that moves along.

    It lies across the axis of `image`. An image that is smaller than a window has zeros around it, as MONAI pads it;
    `padded` is its size with them.
    """

    def __init__(self, image: SlabStore, window: Sequence[int]) -> None:
        self.image, self.axis = image, image.axis
        self.padded = [max(count, edge) for count, edge in zip(image.shape, window, strict=True)]
        self._before = [(wide - count) // 2 for wide, count in zip(self.padded, image.shape, strict=True)]
        shape = [window[axis] if axis == self.axis else count for axis, count in enumerate(self.padded)]
        self._seen, self._total, self._weights = (np.zeros(shape, np.float32) for _ in range(3))

    def fill(self, first: int, scale: Scale) -> None:
        """Read the image from slice `first` on; `scale` makes of a slice what the network wants."""
        for number in range(min(self._seen.shape[self.axis], self.image.shape[self.axis])):
            there = slice(first + number, first + number + 1)
            x, y, z = (there if axis == self.axis else slice(0, size) for axis, size in enumerate(self.image.shape))
            self._seen[self._place(slice(number, number + 1))] = scale(self.image.read((x, y, z)))

    def cut(self, windows: Sequence[Window]) -> Float32[np.ndarray, "n 1 x y z"]:
        """Return what windows see."""
        return np.stack([self._seen[one] for one in windows])[:, None]

    def add(self, windows: Sequence[Window], logits: Float32[np.ndarray, "n x y z"], weight: Block) -> None:
        """Add what the network said of windows."""
        for one, found in zip(windows, logits, strict=True):
            self._total[one] += found * weight
            self._weights[one] += weight

    def blended(self, part: slice) -> Block:
        """Return the weighted mean of some slices of the image that are in the slab."""
        place = self._place(part)
        return self._total[place] / self._weights[place]

    def move_on(self, by: int) -> None:
        """Move by so many slices; no copy of the slab is made."""
        for values in (self._total, self._weights):
            moved = np.moveaxis(values, self.axis, 0)
            for place in range(len(moved) - by):
                moved[place] = moved[place + by]
            moved[len(moved) - by :] = 0

    def _place(self, part: slice) -> Window:
        """Where slices of the image are in the slab."""
        along = slice(self._before[self.axis] + part.start, self._before[self.axis] + part.stop)
        edges = enumerate(zip(self._before, self.image.shape, strict=True))
        return tuple(along if axis == self.axis else slice(start, start + size) for axis, (start, size) in edges)
