"""One MONAI Compose out of several lists of transforms, so that a sheet can name its lists and reuse them."""

from collections.abc import Callable, Sequence
from itertools import chain as joined
from typing import Any

from monai.transforms.compose import Compose


def chain(*, parts: Sequence[Sequence[Callable[..., Any]]]) -> Compose:
    """Return one flat Compose of all transforms of `parts`, in order.

    Flat, because MONAI's caching data sets cache up to the first random transform and take a nested Compose for one.
    """
    return Compose(list(joined.from_iterable(parts)))
