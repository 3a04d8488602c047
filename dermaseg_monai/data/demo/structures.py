"""Dermoscopic structures: network, globules, streaks, blotches, veil, regression, milia, vessels, nests."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from dermaseg_monai.data.artefacts.noise import fractal_noise, smooth_noise, smooth_step
from dermaseg_monai.data.artefacts.strokes import Stroke, curve, draw
from dermaseg_monai.data.artefacts.unit_rgb import Field, length_scale


@dataclass(frozen=True)
class Ground:
    """What every structure needs to know of the lesion it grows in: where the border is, and the length scale."""

    depth_px: Field
    scale: float

    @classmethod
    def of(cls, depth_px: Field) -> "Ground":
        """Return the ground of a signed distance (positive inside)."""
        return cls(depth_px, length_scale(depth_px.shape))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.depth_px.shape[0], self.depth_px.shape[1]

    def within(self, edge_px: float, soft_px: float) -> Field:
        """Return 1 deeper than `edge_px` inside the border, falling to 0 over `soft_px` towards it."""
        return smooth_step(self.depth_px, (edge_px - soft_px) * self.scale, edge_px * self.scale)

    def core(self, low: float, high: float) -> Field:
        """Rise from 0 to 1 between two depths given as parts of the greatest depth."""
        deepest_px = max(1.0, float(self.depth_px.max()))
        return smooth_step(self.depth_px, low * deepest_px, high * deepest_px)

    def patch(self, rng: np.random.Generator, *, cell_px: float, part: float, soft: float = 0.35) -> Field:
        """Return patches that cover about `part` of the lesion; `soft` is the width of their edge, in deviations."""
        noise = fractal_noise(self.shape, cell_px * self.scale, rng)
        inside = noise[self.depth_px > 0]
        level = float(np.quantile(inside, 1 - part)) if inside.size else 0.0
        return smooth_step(noise, level - soft, level + soft)

    def places(self, rng: np.random.Generator, count: int, *, edge_px: float) -> np.ndarray:
        """Return up to `count` random (row, column) points deeper than `edge_px` inside the border."""
        rows, columns = np.nonzero(self.depth_px > edge_px * self.scale)
        if not len(rows):
            return np.zeros((0, 2))
        chosen = rng.integers(len(rows), size=count)
        return np.stack([rows[chosen], columns[chosen]], axis=1) + rng.uniform(-0.5, 0.5, (count, 2))


def network(ground: Ground, rng: np.random.Generator, *, atypical: bool) -> Field:
    """Return a honeycomb of thin lines, thicker and more broken when atypical."""
    cell_px = ground.scale * rng.uniform(5.0, 7.5) * (1.25 if atypical else 1.0)
    ridge_px = _ridges(ground, rng, cell_px, jitter=0.34 if atypical else 0.25)
    line_px = cell_px * (0.16 + 0.05 * smooth_noise(ground.shape, 20 * ground.scale, rng)) * (1.35 if atypical else 1)
    lines = np.exp(-((ridge_px / np.maximum(line_px, 0.45)) ** 2))
    patchy = ground.patch(rng, cell_px=26.0, part=0.5 if atypical else 0.75, soft=0.9)
    return lines * patchy * ground.within(2.0, 4.0)


def lacunae(ground: Ground, rng: np.random.Generator) -> Field:
    """Return round lakes that fill the lesion, with paler walls between them."""
    cell_px = ground.scale * rng.uniform(8, 14)
    return smooth_step(_ridges(ground, rng, cell_px, jitter=0.3), 0.0, 0.4 * cell_px)


def globules(ground: Ground, rng: np.random.Generator, *, at_rim: bool) -> Field:
    """Return round brown clods, in one region or in a ring along the border."""
    count = int(rng.integers(18, 70))
    points = ground.places(rng, 4 * count, edge_px=2.5)
    if not len(points):
        return np.zeros(ground.shape, np.float32)
    row, column = points[:, 0].astype(int), points[:, 1].astype(int)
    where = ground.patch(rng, cell_px=30.0, part=0.45)
    if at_rim:
        where = 1 - smooth_step(ground.depth_px, 5 * ground.scale, 9 * ground.scale)
    points = points[where[row.clip(0, ground.shape[0] - 1), column.clip(0, ground.shape[1] - 1)] > 0.4][:count]  # noqa: PLR2004
    radii_px = ground.scale * rng.uniform(0.7, 2.1, len(points))
    return ndimage.gaussian_filter(draw(ground.shape, [Stroke(points, radii_px)]), 0.5 * ground.scale)


def streaks(ground: Ground, rng: np.random.Generator) -> Field:
    """Return radial lines that begin inside the lesion and taper off at its border, along a part of it."""
    rounded = ndimage.gaussian_filter(ground.depth_px, 3 * ground.scale)
    down, across = np.asarray(np.gradient(rounded, axis=0)), np.asarray(np.gradient(rounded, axis=1))
    rows, columns = np.nonzero(np.abs(ground.depth_px - 8 * ground.scale) < 0.8)  # noqa: PLR2004
    if not len(rows):
        return np.zeros(ground.shape, np.float32)
    side = smooth_noise(ground.shape, 45 * ground.scale, rng)
    strokes: list[Stroke] = []
    for index in rng.integers(len(rows), size=int(rng.integers(25, 60))):
        row, column = int(rows[index]), int(columns[index])
        if side[row, column] < -0.1:  # noqa: PLR2004
            continue
        heading = float(np.arctan2(-down[row, column], -across[row, column]) + rng.normal(0, 0.12))
        length_px = ground.scale * rng.uniform(5, 10)
        points = curve((float(row), float(column)), heading, length_px, bend_rad=rng.normal(0, 0.2), wave_rad=0.0)
        strokes.append(Stroke(points, ground.scale * 0.9 * (1 - 0.8 * np.linspace(0, 1, len(points)))))
    return ndimage.gaussian_filter(draw(ground.shape, strokes), 0.6 * ground.scale)


def blotches(ground: Ground, rng: np.random.Generator) -> Field:
    """Return structureless dark areas, off the middle."""
    return ground.patch(rng, cell_px=34.0, part=rng.uniform(0.12, 0.4), soft=0.6) * ground.core(0.05, 0.35)


def veil(ground: Ground, rng: np.random.Generator) -> Field:
    """Return one milky patch over a third of the lesion, away from the border."""
    milk = ground.patch(rng, cell_px=46.0, part=rng.uniform(0.2, 0.45), soft=0.9) * ground.core(0.12, 0.55)
    return milk * np.clip(0.85 + 0.15 * smooth_noise(ground.shape, 5 * ground.scale, rng), 0, 1)


def peppering(ground: Ground, rng: np.random.Generator, where: Field) -> Field:
    """Return fine grey dots inside `where`."""
    dots = smooth_step(smooth_noise(ground.shape, 1.8 * ground.scale, rng), 1.2, 2.2)
    return dots * where


def milia(ground: Ground, rng: np.random.Generator, *, count: int, edge_px: float = 4.0) -> Field:
    """Return small round spots with soft edges (milia-like cysts; with another colour, comedo-like openings)."""
    points = ground.places(rng, count, edge_px=edge_px)
    radii_px = ground.scale * rng.uniform(0.8, 2.6, len(points))
    return ndimage.gaussian_filter(draw(ground.shape, [Stroke(points, radii_px)]), 0.6 * ground.scale)


def vessels(ground: Ground, rng: np.random.Generator) -> Field:
    """Return branching vessels: trunks that enter from the border and send out thinner branches."""
    strokes: list[Stroke] = []
    for start in ground.places(rng, int(rng.integers(3, 7)), edge_px=1.0):
        at = float(start[0]), float(start[1])
        heading, length_px = rng.uniform(0, 2 * np.pi), ground.scale * rng.uniform(25, 45)
        _branch(strokes, rng, at, heading=heading, length_px=length_px, radius_px=0.85 * ground.scale)
    return draw(ground.shape, strokes) * ground.within(1.0, 4.0)


def nests(ground: Ground, rng: np.random.Generator) -> Field:
    """Return a few ovoid clods with soft edges."""
    points = ground.places(rng, int(rng.integers(3, 9)), edge_px=4.0)
    rows, columns = np.mgrid[: ground.shape[0], : ground.shape[1]].astype(np.float32)
    total = np.zeros(ground.shape, np.float32)
    for row, column in points:
        size_px = ground.scale * rng.uniform(3, 8)
        turn_rad, longer = rng.uniform(0, np.pi), rng.uniform(1.0, 1.8)
        u = (columns - column) * np.cos(turn_rad) + (rows - row) * np.sin(turn_rad)
        v = ((rows - row) * np.cos(turn_rad) - (columns - column) * np.sin(turn_rad)) * longer
        total = np.maximum(total, 1 - smooth_step(np.hypot(u, v).astype(np.float32), 0.6 * size_px, 1.1 * size_px))
    return total * ground.within(2.0, 3.0)


def _ridges(ground: Ground, rng: np.random.Generator, cell_px: float, *, jitter: float) -> Field:
    """Return the distance to the walls between the cells around a jittered hexagonal lattice; far away outside."""
    away_px = np.full(ground.shape, cell_px, np.float32)
    rows, columns = np.nonzero(ground.depth_px > -3 * ground.scale)
    if not len(rows):
        return away_px
    at = np.stack([rows, columns], axis=1).astype(np.float64)
    for axis in (0, 1):
        at[:, axis] += 0.8 * ground.scale * smooth_noise(ground.shape, 6 * ground.scale, rng)[rows, columns]
    nearest_px = np.asarray(KDTree(_hexagons(ground.shape, cell_px, rng, jitter)).query(at, k=2)[0])
    away_px[rows, columns] = (nearest_px[:, 1] - nearest_px[:, 0]) / 2
    return away_px


def _hexagons(shape: tuple[int, int], cell_px: float, rng: np.random.Generator, jitter: float) -> np.ndarray:
    rows = np.arange(-cell_px, shape[0] + 2 * cell_px, cell_px * 0.866)
    columns = np.arange(-cell_px, shape[1] + 2 * cell_px, cell_px)
    row, column = np.meshgrid(rows, columns, indexing="ij")
    column = column + (np.arange(len(rows)) % 2)[:, None] * cell_px / 2
    holes = np.stack([row.ravel(), column.ravel()], axis=1)
    return holes + rng.normal(0, jitter * cell_px, holes.shape)


def _branch(
    strokes: list[Stroke],
    rng: np.random.Generator,
    start: tuple[float, float],
    *,
    heading: float,
    length_px: float,
    radius_px: float,
) -> None:
    points = curve(start, heading, length_px, bend_rad=rng.normal(0, 0.8), wave_rad=rng.normal(0, 0.35))
    strokes.append(Stroke(points, radius_px * (1 - 0.6 * np.linspace(0, 1, len(points)))))
    if radius_px < 0.4 or length_px < 8:  # noqa: PLR2004
        return
    for along in rng.uniform(0.2, 0.9, int(rng.integers(1, 4))):
        fork = points[int(along * (len(points) - 1))]
        turned = heading + rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
        at = float(fork[0]), float(fork[1])
        _branch(strokes, rng, at, heading=turned, length_px=0.55 * length_px, radius_px=0.62 * radius_px)
