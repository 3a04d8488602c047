"""SegFormer of the smallest size: a mix transformer and a decoder of 1x1 layers."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block
from dermaseg_monai.networks.decoder import enlarge
from dermaseg_monai.networks.framed import Framed
from dermaseg_monai.networks.heads import LESION_PRIOR, logit_layer
from dermaseg_monai.networks.hugging_face import from_hugging_face
from dermaseg_monai.networks.mix_transformer import DEPTHS, HEADS, WIDTHS, MixTransformer
from dermaseg_monai.networks.weights import load_encoder_weights

FINEST_STRIDE, COARSEST_STRIDE = 4, 32


class SegFormerLite(Framed):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    A mix transformer gives features at strides 4 to 32; the decoder brings each to `decoder_width` channels and stride
    4, mixes them place by place, and its logits are enlarged to stride 1.

    Args:
        encoder_weights: a file with SegFormer weights from Hugging Face, or None for random ones. For ImageNet:
            `hf download nvidia/mit-b0 pytorch_model.bin --local-dir weights`, then `weights/pytorch_model.bin`. Their
            licence (NVIDIA Source Code License for SegFormer) allows non-commercial use only.
        widths: channels of the four stages.
        heads: attention heads of each stage.
        depths: blocks of each stage.
        decoder_width: channels of the decoder.
        drop_path: chance that the last block is skipped for an image in training.

    Raises:
        ValueError: an image too small.
        WeightsError: the weights are missing or made for another encoder.

    Source: arXiv:2105.15203, sizes of MiT-B0; one logit, its bias starts at the share of lesion pixels.
    """

    def __init__(
        self,
        encoder_weights: str | None = None,
        *,
        widths: Sequence[int] = WIDTHS,
        heads: Sequence[int] = HEADS,
        depths: Sequence[int] = DEPTHS,
        decoder_width: int = 256,
        drop_path: float = 0.1,
    ) -> None:
        super().__init__(multiple=COARSEST_STRIDE)
        self.encoder = MixTransformer(widths=widths, heads=heads, depths=depths, drop_path=drop_path)
        self.decoder = AllMLPDecoder(widths, decoder_width)
        if encoder_weights is not None:
            load_encoder_weights(self.encoder, encoder_weights, name="mit_b0", rename=from_hugging_face)

    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        return enlarge(self.decoder(self.encoder(photograph)), FINEST_STRIDE)


class AllMLPDecoder(nn.Module):
    """Logits at stride 4 from features at strides 4, 8, 16 and 32; no layer looks beyond one place."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Conv2d(each, width, kernel_size=1) for each in channels)
        self.fuse = nn.Sequential(conv_block(len(channels) * width, width, kernel_size=1), nn.Dropout2d(0.1))
        self.logit = logit_layer(width, prior=LESION_PRIOR)

    def forward(self, features: Sequence[Float[Tensor, "b _ _ _"]]) -> Float[Tensor, "b 1 h4 w4"]:
        same_grid = [
            enlarge(project(x), 2**level) for level, (project, x) in enumerate(zip(self.project, features, strict=True))
        ]
        return self.logit(self.fuse(torch.cat(same_grid[::-1], dim=1)))
