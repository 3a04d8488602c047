"""DeepLabV3: the study's baseline, torchvision's network with one logit channel."""

from collections.abc import Mapping, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.convolution import conv_block
from dermaseg_monai.networks.decoder import enlarge
from dermaseg_monai.networks.encoder import build_encoder, load_encoder
from dermaseg_monai.networks.heads import LESION_PRIOR, auxiliary_classifier, logit_layer
from dermaseg_monai.networks.photograph import Photograph, crop
from dermaseg_monai.networks.pyramid import ASPP, RATES

WIDTH = 256


class DeepLabV3(nn.Module):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    Dilated encoder, ASPP, one 3x3 convolution, logits, bilinear to the image grid. In evaluation a tensor; in training
    too, or with an auxiliary head a dict `pred`, `aux`. A ResNet-50/101 at output stride 8 equals torchvision's
    `deeplabv3_resnet50/101` where h, w divide by 8 (elsewhere we pad and crop, torchvision squeezes the grid); its
    state dict loads through `from_torchvision`. Training takes two images or more per batch (see `ASPP`).

    Args:
        encoder: one of `dermaseg_monai.networks.encoder.ENCODER_NAMES`.
        encoder_weights: a file, a name from `dermaseg_monai.networks.weights`, or None for random ones.
        output_stride: 16, or 8 for finer context at about twice the time.
        auxiliary_head: in training predict from the features before the last stage as well.
        rates: dilations of the ASPP at output stride 16, doubled at 8.
        classes: logit channels; 1, or 21 for the weights that torchvision trained.

    Raises:
        ConfigError: an unknown encoder or output stride, or a batch of one image in training.
        ValueError: an image too small.
        WeightsError: the weights are missing or made for another encoder.

    Source: arXiv:1706.05587, rates and heads as in torchvision 0.29; biases start at the share of lesion pixels.
    """

    def __init__(
        self,
        encoder: str = "resnet50",
        encoder_weights: str | None = None,
        output_stride: int = 16,
        *,
        auxiliary_head: bool = False,
        rates: Sequence[int] = RATES,
        classes: int = 1,
    ) -> None:
        super().__init__()
        self.output_stride = output_stride
        self.photograph = Photograph(multiple=output_stride)
        self.encoder = build_encoder(encoder, output_stride=output_stride)
        rates = [rate * 16 // output_stride for rate in rates]
        self.classifier = nn.Sequential(
            ASPP(self.encoder.channels[-1], WIDTH, rates=rates),
            *conv_block(WIDTH, WIDTH),
            logit_layer(WIDTH, prior=LESION_PRIOR, classes=classes),
        )
        late = self.encoder.late_channels
        self.aux_classifier = auxiliary_classifier(late, classes=classes) if auxiliary_head else None
        if encoder_weights is not None:
            load_encoder(self.encoder, encoder_weights, name=encoder)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"] | dict[str, Tensor]:
        if self.training and self.aux_classifier is not None:
            return self.heads(image)
        top = self.encoder(self.photograph(image))[-1]
        return self._on_grid_of(image, self.classifier(top))

    def heads(self, image: Float[Tensor, "b c h w"]) -> dict[str, Tensor]:
        """Return `pred` and, where there is an auxiliary head, `aux`, as logits on the grid of the image."""
        *_, late, top = self.encoder.stages(self.photograph(image))
        maps = {"pred": self._on_grid_of(image, self.classifier(top))}
        if self.aux_classifier is not None:
            maps["aux"] = self._on_grid_of(image, self.aux_classifier(late))
        return maps

    def _on_grid_of(self, image: Float[Tensor, "b c h w"], logits: Float[Tensor, "b k ho wo"]) -> Tensor:
        return crop(enlarge(logits, self.output_stride), *image.shape[-2:])


def from_torchvision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state dict of torchvision's DeepLabV3 under the names of ours: `backbone.` becomes `encoder.`."""
    return {key.replace("backbone.", "encoder.", 1): tensor for key, tensor in state.items()}
