"""Single values as points: what a histogram of a few images would only pretend to know."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

FEWEST: Final = 30
"""A group of fewer values is drawn as points."""

_BINS: Final = 40
_STEP: Final = 0.16
_REACH: Final = 0.8


def draw_points(axis: Axes, groups: Sequence[tuple[Float[np.ndarray, " _"], str]]) -> None:
    """Draw a row of points for every group, the first on top; values that lie close stand on each other.

    Args:
        axis: its other axis has no meaning and is hidden.
        groups: values, at least one, and colour of each.
    """
    everything = np.concatenate([values for values, _ in groups])
    low, high = everything.min(), everything.max()
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    for row, (values, colour) in enumerate(groups):
        ordered = np.sort(values)
        places = np.digitize(ordered, edges)
        above = np.arange(len(ordered)) - np.searchsorted(places, places)  # how many lie below in the same bin
        step = min(_STEP, _REACH / max(1, above.max(initial=0)))
        axis.plot(ordered, len(groups) - 1 - row + step * above, "o", color=colour, markersize=4, alpha=0.75)
    axis.set_ylim(-0.3, len(groups) - 1 + _REACH + 0.3)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
