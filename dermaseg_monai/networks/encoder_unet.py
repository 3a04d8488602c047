"""A U-Net on an encoder that may come with ImageNet weights: MONAI's FlexibleUNet."""

import re
from collections.abc import Mapping

from jaxtyping import Float
from monai.networks.nets import FlexibleUNet
from torch import Tensor

from dermaseg_monai.errors import ConfigError, choose_one
from dermaseg_monai.networks.flexible_encoder import FlexibleEncoder
from dermaseg_monai.networks.framed import Framed
from dermaseg_monai.networks.weights import load_encoder_weights

# our names and those in MONAI's register
BACKBONES = {
    "resnet34": "resnet34_imagenet",
    "resnet50": "resnet50",
    "efficientnet_b0": "efficientnet-b0",
    "mobilenet_v2": "mobilenet_v2",
}
SKIPS = 4  # at strides 2, 4, 8 and 16
# EfficientNet-B0: the number of the last block of each stage, and what follows the last features
LAST_BLOCKS = (0, 2, 4, 7, 10, 14, 15)
EFFICIENTNET_CLASSIFIER = ("_conv_head", "_bn1", "_fc")


class EncoderUNet(Framed):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    The encoder's features at strides 2, 4, 8, 16 and 32, taken up again by a decoder of 256, 128, 64, 32 and 16
    channels: nearest neighbours, skip, two 3x3 convolutions with batch norm and ReLU. Nothing is downloaded but weights
    that are named and not there. In training, a batch has to hold more than one place at stride 32.

    Args:
        encoder: resnet34, resnet50, efficientnet_b0 or mobilenet_v2.
        encoder_weights: a file, a name from `dermaseg_monai.networks.weights`, or None for random ones. Files for the
            ResNets and MobileNetV2 have torchvision's parameter names; those for EfficientNet-B0 have the names of
            EfficientNet-PyTorch (or MONAI's), which pads as TensorFlow does: torchvision's EfficientNet does not, has
            other names, and is refused.

    Raises:
        ConfigError: an unknown encoder.
        ValueError: an image too small.
        WeightsError: the weights are missing or made for another encoder.

    Source: arXiv:1505.04597 with the decoder of MONAI's FlexibleUNet; encoders arXiv:1512.03385, arXiv:1905.11946 (with
    MONAI's stochastic depth of up to 0.2 in training), arXiv:1801.04381.
    """

    def __init__(self, encoder: str = "resnet34", encoder_weights: str | None = None) -> None:
        super().__init__(multiple=32)
        if encoder not in BACKBONES:
            raise ConfigError(f"encoder {encoder!r} is unknown here. {choose_one(encoder, BACKBONES)}")
        # is_pad would give back a mask of another size without a word; the frame pads already
        unet = FlexibleUNet(in_channels=3, out_channels=1, backbone=BACKBONES[encoder], pretrained=False, is_pad=False)
        # apart, so that the optimiser finds the `encoder` at its place, with MONAI's names
        self.encoder, self.decoder, self.segmentation_head = unet.encoder, unet.decoder, unet.segmentation_head
        if encoder == "efficientnet_b0":
            for part in EFFICIENTNET_CLASSIFIER:  # never used here, so it would never get a gradient
                delattr(self.encoder, part)
        if encoder_weights is not None:
            body = self.encoder.body if isinstance(self.encoder, FlexibleEncoder) else self.encoder
            rename = _monais_names if encoder == "efficientnet_b0" else dict
            load_encoder_weights(body, encoder_weights, name=encoder, rename=rename)

    def logits(self, photograph: Float[Tensor, "b 3 H W"]) -> Float[Tensor, "b 1 H W"]:
        return self.segmentation_head(self.decoder(self.encoder(photograph), SKIPS))


def _monais_names(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return an EfficientNet-B0 as MONAI names it, `_blocks.STAGE.BLOCK.*` for `_blocks.BLOCK.*`, less classifier."""
    return {
        re.sub(r"^_blocks\.(\d+)(?=\._)", _with_stage, key): tensor
        for key, tensor in published.items()
        if not key.startswith(tuple(f"{part}." for part in EFFICIENTNET_CLASSIFIER))
    }


def _with_stage(match: re.Match[str]) -> str:
    block = int(match[1])
    stage = sum(block > last for last in LAST_BLOCKS)
    return f"_blocks.{stage}.{block}"
