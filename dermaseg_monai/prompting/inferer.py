"""Runs SAM on one photograph with all its prompts."""

from collections.abc import Mapping

import torch
from monai.inferers.inferer import Inferer

from dermaseg_monai.prompting.prompt import Prompt
from dermaseg_monai.prompting.sam import Sam

IOU_SUFFIX = "_predicted_iou"


class PromptInferer(Inferer):
    """Returns a dict, per prompt `name` the lesion probability "1 1 h w" and `name_predicted_iou` "1".

    The image is embedded once. A prompt that is empty gives a probability of 0 everywhere and a predicted IoU of NaN.
    `FlatHeadsd` in the postprocessing puts the maps beside each other.
    """

    def __call__(self, inputs: torch.Tensor, network: Sam, *, prompts: Mapping[str, Prompt]) -> dict[str, torch.Tensor]:
        """Return the maps of all prompts."""
        embedding = None
        answers: dict[str, torch.Tensor] = {}
        for name, prompt in prompts.items():
            if prompt.is_empty:
                answers[name], iou = inputs.new_zeros((1, 1, *inputs.shape[-2:])), inputs.new_full((1,), torch.nan)
            else:
                embedding = network.embed(inputs) if embedding is None else embedding
                logits, iou = network.decode(embedding, prompt)
                answers[name] = logits.sigmoid()
            answers[name + IOU_SUFFIX] = iou
        return answers
