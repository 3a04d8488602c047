"""The parts of a picture that are fingerprinted: the whole, and what a centre crop of it would show."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Shape: TypeAlias = Literal["whole", "square"]

STEP: Final = 0.93
"""Each crop keeps this part of the sides of the one before: a copy is at most 3.5 % off the nearest of them."""

STEPS: Final = 10
"""How many crops of each shape, the first of them uncut; the last keeps 52 % of the sides."""


@dataclass(frozen=True)
class Window:
    """A centred part of a picture: in the picture's own shape or square, `scale` of its sides in (0, 1]."""

    shape: Shape
    scale: float

    def box_px(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom in pixels, fractions allowed."""
        if self.shape == "whole":
            shown_w, shown_h = width * self.scale, height * self.scale
        else:
            shown_w = shown_h = min(width, height) * self.scale
        left, top = (width - shown_w) / 2, (height - shown_h) / 2
        return left, top, left + shown_w, top + shown_h

    @property
    def words(self) -> str:
        """What the window is, for a reader: `whole picture`, `centre 80 %`, `centre square`, `centre square, 80 %`."""
        if self.shape == "whole":
            return "whole picture" if self.scale == 1 else f"centre {self.scale:.0%}"
        return "centre square" if self.scale == 1 else f"centre square, {self.scale:.0%}"


WHOLE: Final = Window("whole", 1.0)

CROPS: Final[tuple[Window, ...]] = (
    *(Window("whole", STEP**step) for step in range(1, STEPS)),
    *(Window("square", STEP**step) for step in range(STEPS)),
)
"""Every window but the whole picture."""
