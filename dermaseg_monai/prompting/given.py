"""Prompts made from the reference mask: the best a person could give, and what no one has in use."""

from abc import ABC, abstractmethod

from dermaseg_monai.arrays import BoolMask
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.prompting.boxes import jittered_box, mask_box
from dermaseg_monai.prompting.points import inner_points
from dermaseg_monai.prompting.prompt import NOTHING, Origin, Prompt, box_prompt, point_prompt


class GivenPrompt(ABC):
    """A kind of prompt that sees the reference mask; its name begins with `given_`."""

    origin: Origin = "given"
    name: str

    @abstractmethod
    def derive(self, case_id: str, label: BoolMask) -> Prompt:
        """Return the prompt of a case; NOTHING for an empty mask."""


class GivenBox(GivenPrompt):
    """The smallest box around the reference mask."""

    name = "given_box"

    def derive(self, case_id: str, label: BoolMask) -> Prompt:  # noqa: ARG002 (of the base)
        """Return the box."""
        return box_prompt(mask_box(label))


class GivenJitteredBox(GivenPrompt):
    """That box as a less careful hand draws it (see `jittered_box`).

    Args:
        jitter_px: how far each side may move, in pixels of the photograph.
        seed: with the case id, of the moves.

    Raises:
        ConfigError: `jitter_px` is below 1.
    """

    def __init__(self, *, jitter_px: int, seed: int) -> None:
        if jitter_px < 1:
            raise ConfigError(f"jitter_px is {jitter_px}; it must be at least 1. GivenBox is the box itself.")
        self.name = f"given_box_jitter_{jitter_px}px"
        self.jitter_px, self.seed = jitter_px, seed

    def derive(self, case_id: str, label: BoolMask) -> Prompt:
        """Return the moved box."""
        box = mask_box(label)
        if box is None:
            return NOTHING
        rows, columns = label.shape
        moved = jittered_box(box, jitter_px=self.jitter_px, size_px=(rows, columns), case_id=case_id, seed=self.seed)
        return box_prompt(moved)


class GivenPoints(GivenPrompt):
    """Points inside the reference mask, far from its edge and from each other (see `inner_points`).

    Args:
        count: how many; a lesion of fewer pixels gives fewer.

    Raises:
        ConfigError: `count` is below 1.
    """

    def __init__(self, *, count: int) -> None:
        if count < 1:
            raise ConfigError(f"The count of given points is {count}; it must be at least 1.")
        self.name = f"given_points_{count}"
        self.count = count

    def derive(self, case_id: str, label: BoolMask) -> Prompt:  # noqa: ARG002 (of the base)
        """Return the points."""
        return point_prompt(inner_points(label, self.count))
