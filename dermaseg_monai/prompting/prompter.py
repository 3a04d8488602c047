"""Makes the prompts of every kind for each case, on its way into the network."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from monai.engines.utils import PrepareBatch

from dermaseg_monai.arrays import BoolMask, RgbImage
from dermaseg_monai.engines.batch import PlainBatch
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.prompting.automatic import AutomaticPrompt
from dermaseg_monai.prompting.boxes import whole_box
from dermaseg_monai.prompting.given import GivenPrompt
from dermaseg_monai.prompting.prompt import Prompt

WithoutPrompt = Literal["empty", "whole_image"]

_WHITE = 255.0
_LESION = 0.5


class Prompter(PrepareBatch):
    """Evaluator's `prepare_batch`: adds `prompts`, name to Prompt, to what the inferer is given.

    Only kinds that are GivenPrompts are shown the reference mask. All prompts are kept in `made` (case id, then name).

    Args:
        kinds: which prompts to make.
        without_prompt: what becomes of a case for which a kind finds nothing: `empty`, an empty prediction, or
            `whole_image`, the whole image as the box. Either way the case is counted and scored.

    Raises:
        ConfigError: there is no kind, two have one name, or `without_prompt` is something else.
    """

    def __init__(self, kinds: Sequence[GivenPrompt | AutomaticPrompt], *, without_prompt: str) -> None:
        names = [kind.name for kind in kinds]
        repeated = [name for name in names if names.count(name) > 1]
        if not names or repeated:
            found = f"{repeated[0]} stands there twice" if repeated else "there is none"
            raise ConfigError(f"Every kind of prompt needs a name of its own; {found}. Correct `kinds` in the sheet.")
        if without_prompt not in get_args(WithoutPrompt):
            allowed = ", ".join(get_args(WithoutPrompt))
            raise ConfigError(f"without_prompt is {without_prompt!r}; it is one of {allowed}.")
        self.kinds, self.without_prompt = tuple(kinds), without_prompt
        self.made: dict[str, dict[str, Prompt]] = {}
        self._prepare = PlainBatch()

    def __call__(
        self,
        batchdata: dict[str, Any],
        device: str | torch.device | None = None,
        non_blocking: bool = False,  # noqa: FBT001, FBT002 (as MONAI's)
        **kwargs: Any,  # noqa: ANN401 (as MONAI's)
    ) -> Any:  # noqa: ANN401 (as MONAI's)
        """Return image, label, and the prompts as keyword argument of the inferer.

        Raises:
            ConfigError: the batch holds more than one case.
        """
        case_ids, images, labels = batchdata["case_id"], batchdata["image"], batchdata["label"]
        if len(case_ids) != 1:
            raise ConfigError(f"A batch holds {len(case_ids)} cases; SAM takes one at a time. Give batch_size 1.")
        image = (images[0].numpy() * _WHITE).round().astype(np.uint8).transpose(1, 2, 0)
        prompts = self.prompts(str(case_ids[0]), image, labels[0, 0].numpy() >= _LESION)
        self.made[str(case_ids[0])] = prompts
        return *self._prepare(batchdata, device, non_blocking, **kwargs), (), {"prompts": prompts}

    def prompts(self, case_id: str, image: RgbImage, label: BoolMask) -> dict[str, Prompt]:
        """Return the prompts of one case; one that found nothing is replaced as `without_prompt` says."""
        found = {
            kind.name: kind.derive(case_id, label) if isinstance(kind, GivenPrompt) else kind.propose(case_id, image)
            for kind in self.kinds
        }
        if self.without_prompt == "whole_image":
            rows, columns = label.shape
            whole = Prompt(box_px=whole_box((rows, columns)), found=False)
            return {name: whole if prompt.is_empty else prompt for name, prompt in found.items()}
        return found
