"""What a promptable network is told about one image: a box, points, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Box: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in pixels of the photograph: x is the column, y the row of the first and the last pixel inside."""

Point: TypeAlias = tuple[float, float]
"""(x, y) in pixels of the photograph: column and row of a pixel that belongs to the lesion."""

Origin: TypeAlias = Literal["given", "automatic"]
"""`given`: made from the reference mask, which nobody has in use. `automatic`: made without it and without a human."""

ORIGIN_NOTES: dict[Origin, str] = {
    "given": "made from the reference mask; no figure of it can be reached in use",
    "automatic": "made from the photograph alone, without a human and without the reference",
}


@dataclass(frozen=True)
class Prompt:
    """A box, points, both, or nothing (`is_empty`) where the kind of prompt found nothing to point at.

    `found` is False where nothing was found, also when the whole image then stands in as the box.
    """

    box_px: Box | None = None
    points_px: tuple[Point, ...] = ()
    found: bool = True

    @property
    def is_empty(self) -> bool:
        """Neither a box nor a point."""
        return self.box_px is None and not self.points_px


NOTHING = Prompt(found=False)
"""No lesion was found to point at."""


def box_prompt(box: Box | None) -> Prompt:
    """Return a prompt of one box, or NOTHING without one."""
    return NOTHING if box is None else Prompt(box_px=box)


def point_prompt(points: Sequence[Point]) -> Prompt:
    """Return a prompt of points inside the lesion, or NOTHING without any."""
    return Prompt(points_px=tuple(points)) if points else NOTHING
