"""SAM and MedSAM: one image is embedded once and answers any number of prompts."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from dermaseg_monai.prompting.boxes import whole_box
from dermaseg_monai.prompting.checkpoint import load_sam, weights_file
from dermaseg_monai.prompting.fit import Fit
from dermaseg_monai.prompting.prompt import Prompt


@dataclass(frozen=True)
class Embedding:
    """What the image encoder makes of one photograph of `size_px` (rows, columns); `inner_px` as in Fitted."""

    features: Tensor
    size_px: tuple[int, int]
    inner_px: tuple[int, int]


class Sam(nn.Module):
    """Segment Anything, with SAM's or MedSAM's weights, for one photograph and one lesion at a time.

    `embed` once, `decode` for every prompt. `forward` uses the whole image as the box, the prompt that needs nobody.

    Args:
        checkpoint: folder with `config.json` and `model.safetensors` in the Hugging Face form, or a name of the hub
            (`facebook/sam-vit-base`, `wanglab/medsam-vit-base`).
        fit: how photographs come onto the encoder's square; LongSideFit for SAM, SquareFit for MedSAM.
        multimask: SAM gives three masks per prompt, of which the one with the highest predicted IoU is taken; False
            takes its single mask, the only one that MedSAM was trained to give.

    Raises:
        WeightsError: as `weights_file` and `load_sam`.
        MissingExtraError: the extra `sam` is not installed.

    Source: arXiv:2304.02643 (SAM), arXiv:2304.12306 (MedSAM), networks of Hugging Face transformers.
    """

    def __init__(self, *, checkpoint: str | Path, fit: Fit, multimask: bool) -> None:
        super().__init__()
        self.checkpoint, self.multimask = str(checkpoint), multimask
        self.weights = weights_file(checkpoint)
        self.model = load_sam(self.weights)
        self.fit = fit
        self.side_px = int(self.model.prompt_encoder.input_image_size)

    def forward(self, image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 h w"]:
        """Return lesion logits for RGB in [0, 1], each image with itself as the box."""
        height, width = image.shape[-2:]
        whole = Prompt(box_px=whole_box((height, width)))
        return torch.cat([self.decode(self.embed(one[None]), whole)[0] for one in image])

    def embed(self, image: Float[Tensor, "1 3 h w"]) -> Embedding:
        """Return the encoder's features of one RGB photograph in [0, 1]."""
        fitted = self.fit(image, self.side_px)
        height, width = image.shape[-2:]
        return Embedding(self.model.get_image_embeddings(fitted.pixels), (height, width), fitted.inner_px)

    def decode(self, embedding: Embedding, prompt: Prompt) -> tuple[Float[Tensor, "1 1 h w"], Float[Tensor, "1"]]:
        """Return the lesion logits on the grid of the photograph, and the IoU that SAM itself predicts for the mask.

        In float32 also under autocast: in 16 bits a coordinate would be off by pixels.

        Raises:
            ValueError: the prompt is empty.
        """
        if prompt.is_empty:
            raise ValueError("An empty prompt points at nothing. Replace it before SAM is asked.")
        features = embedding.features.float()
        scale_xy = self._scale_xy(embedding)
        box = points = None
        if prompt.box_px is not None:
            box = features.new_tensor(prompt.box_px).view(1, 1, 2, 2).mul(scale_xy).view(1, 1, 4)
        if prompt.points_px:
            points = features.new_tensor(prompt.points_px).view(1, 1, -1, 2).mul(scale_xy)
        with torch.autocast(features.device.type, enabled=False):
            answer = self.model(
                image_embeddings=features, input_boxes=box, input_points=points, multimask_output=self.multimask
            )
            masks, predicted_iou = answer.pred_masks[0, 0], answer.iou_scores[0, 0]
            best = int(predicted_iou.argmax())
            return self._restored(masks[best][None, None], embedding), predicted_iou[best][None]

    def _scale_xy(self, embedding: Embedding) -> Tensor:
        (height, width), (inner_height, inner_width) = embedding.size_px, embedding.inner_px
        return embedding.features.new_tensor([inner_width / width, inner_height / height]).float()

    def _restored(self, low: Tensor, embedding: Embedding) -> Tensor:
        square = F.interpolate(low.float(), (self.side_px, self.side_px), mode="bilinear", align_corners=False)
        height, width = embedding.inner_px
        return F.interpolate(square[..., :height, :width], embedding.size_px, mode="bilinear", align_corners=False)
