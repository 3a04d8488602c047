"""Solid, dashed and dotted: how outlines are told apart that lie on each other or have one colour."""

from collections.abc import Hashable, Sequence
from typing import Literal, TypeAlias

LineStyle: TypeAlias = Literal["solid", "dashed", "dotted"]


def line_styles(colours: Sequence[Hashable], *, later: LineStyle) -> list[LineStyle]:
    """Return the style of each outline of a picture: the first solid, later ones `later`.

    An outline whose colour is there already, as of a person who drew twice, is dotted.
    """
    return ["dotted" if colour in colours[:at] else later if at else "solid" for at, colour in enumerate(colours)]
