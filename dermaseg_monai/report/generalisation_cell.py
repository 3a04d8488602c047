"""One cell of a matrix of data sets, as pictures and pages show it."""

from dataclasses import dataclass
from typing import Final

_COLOURS: Final = ((0.6, (253, 231, 200)), (0.75, (222, 235, 222)), (0.9, (116, 173, 209)), (1.0, (49, 110, 170)))
"""Score and colour: pale orange to blue, apart for colour-blind eyes and, by lightness, on a grey print."""
_BRIGHT: Final = 140.0


@dataclass(frozen=True)
class MatrixCell:
    """A score with its interval (None where there is none), the images it is of, and a remark below it.

    `own` is True on the diagonal: trained and tested on the same set.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    own: bool
    remark: str = ""

    @property
    def interval(self) -> str:
        """`[0.812, 0.834]`, or nothing."""
        return "" if self.low is None or self.high is None else f"[{self.low:.3f}, {self.high:.3f}]"

    @property
    def colour(self) -> tuple[int, int, int]:
        """Red, green and blue of the background, 0-255."""
        previous = _COLOURS[0]
        for following in _COLOURS:
            if self.mean <= following[0]:
                width = following[0] - previous[0]
                part = 0.0 if width <= 0 else (self.mean - previous[0]) / width
                red, green, blue = (
                    round(one + part * (other - one)) for one, other in zip(previous[1], following[1], strict=True)
                )
                return red, green, blue
            previous = following
        return _COLOURS[-1][1]

    @property
    def ink(self) -> str:
        """Black or white, whichever can be read on `colour`."""
        red, green, blue = self.colour
        return "#222222" if 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT else "#ffffff"


MatrixRows = tuple[tuple[MatrixCell | None, ...], ...]
"""Trained on (rows) and tested on (columns), both in the order of the sets; None was not scored."""
