"""Air bubbles: small rings, dark outside and bright inside."""

from typing import Final

import numpy as np
from jaxtyping import Float32

from dermaseg_monai.manifest.description.filters import Grid, highest_near, labelled, slope
from dermaseg_monai.manifest.description.sample import Sample

_LEAST_STEP: Final = 4.0
_MOST_EDGES: Final = 4000
_RINGS_PX: Final = {2: (4, 5), 3: (5, 6), 4: (6, 7), 5: (7,), 7: (9,), 9: (11,), 11: (13,)}
"""Inner radius to the outer radii of a dark rim around it."""
_CLOSED: Final = 0.75
_APART_PX: Final = 9


def count_bubbles(sample: Sample, ignored: Grid) -> int:
    """Return how many rings of 2 to 13 px radius (1 to 5 % of the shorter side) lie beside the lesion.

    Every edge pixel votes for the middle of the circle it may lie on, one radius along its gradient; a ring has a rim
    that darkens inwards and, inside it, an edge that lightens inwards, each found on 75 % of its circumference or more.
    Round reflections and crusts are counted as well; bubbles on the lesion are not.

    Source: the vote of Loy and Zelinsky 2003, doi:10.1109/TPAMI.2003.1217601, for two edges at once.
    """
    down, right = (slope(sample.luma, axis) for axis in (0, 1))
    step = np.hypot(down, right)
    edges = np.flatnonzero((step > _LEAST_STEP) & sample.beside & ~ignored)
    strength = step.ravel()[edges]
    if len(edges) > _MOST_EDGES:
        kept = np.sort(np.argpartition(strength, -_MOST_EDGES)[-_MOST_EDGES:])
        edges, strength = edges[kept], strength[kept]
    points = np.stack(np.divmod(edges, step.shape[1]))
    uphill = np.stack([down.ravel()[edges], right.ravel()[edges]]) / strength
    rims = {radius: _votes(points - radius * uphill, step.shape, radius) for radius in (4, 5, 6, 7, 9, 11, 13)}
    closed = np.zeros(step.shape, np.float32)
    for inner, outer in _RINGS_PX.items():
        inside = _votes(points + inner * uphill, step.shape, inner)
        rim = np.maximum.reduce([rims[radius] for radius in outer])
        np.maximum(closed, np.minimum(inside, rim), out=closed)
    return labelled((closed == highest_near(closed, _APART_PX)) & (closed > _CLOSED))[1]


def _votes(places: np.ndarray, shape: tuple[int, ...], radius_px: int) -> Float32[np.ndarray, "h w"]:
    """Return the part of a circumference that votes for each pixel or its neighbours."""
    rows, columns = np.rint(places).astype(np.intp)
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    votes = np.bincount(rows[inside] * shape[1] + columns[inside], minlength=shape[0] * shape[1])
    framed = np.pad(votes.reshape(shape).astype(np.float32), 1)
    across = framed[:, :-2] + framed[:, 1:-1] + framed[:, 2:]
    near = across[:-2] + across[1:-1] + across[2:]  # three times as fast as ndimage.uniform_filter
    return np.minimum(1, near / np.float32(2 * np.pi * radius_px)).astype(np.float32)
