"""Whose outline counts where people are counted: a person who drew a case twice is one reader."""

from collections.abc import Sequence


def first_outlines(annotators: Sequence[str]) -> list[int]:
    """Return the place of the first outline of each person, in their order: with a second one nobody has two votes."""
    return [annotators.index(name) for name in dict.fromkeys(annotators)]
