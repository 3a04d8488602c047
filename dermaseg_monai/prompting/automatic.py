"""Prompts that no human gives: they see the photograph and never the reference mask."""

from abc import ABC, abstractmethod

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.prompting.boxes import mask_box, whole_box
from dermaseg_monai.prompting.component import largest_component
from dermaseg_monai.prompting.mask_source import MaskSource
from dermaseg_monai.prompting.prompt import NOTHING, Origin, Prompt, box_prompt


class AutomaticPrompt(ABC):
    """A kind of prompt that sees the photograph alone; its name begins with `automatic_`."""

    origin: Origin = "automatic"
    name: str

    @abstractmethod
    def propose(self, case_id: str, image: RgbImage) -> Prompt:
        """Return the prompt of a case; NOTHING where no lesion was found."""


class AutomaticBox(AutomaticPrompt):
    """The smallest box around the largest connected part of a mask that nobody drew.

    Args:
        source: gives the masks.
    """

    def __init__(self, source: MaskSource) -> None:
        self.name = f"automatic_{source.name}_box"
        self.source = source

    def propose(self, case_id: str, image: RgbImage) -> Prompt:
        """Return the box."""
        mask = self.source.mask(case_id, image)
        return NOTHING if mask is None else box_prompt(mask_box(largest_component(mask)))


class WholeImage(AutomaticPrompt):
    """The box around the whole photograph."""

    name = "automatic_whole_image"

    def propose(self, case_id: str, image: RgbImage) -> Prompt:  # noqa: ARG002 (of the base)
        """Return the box."""
        rows, columns = image.shape[:2]
        return box_prompt(whole_box((rows, columns)))
