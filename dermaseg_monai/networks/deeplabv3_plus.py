"""DeepLabV3+: DeepLabV3 with a decoder that adds the detail of stride 4."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.decoder import SkipFusion, enlarge
from dermaseg_monai.networks.encoder import build_encoder, load_encoder
from dermaseg_monai.networks.heads import LESION_PRIOR, auxiliary_classifier, logit_layer
from dermaseg_monai.networks.photograph import Photograph, crop
from dermaseg_monai.networks.pyramid import ASPP, RATES

WIDTH, SKIP = 256, 48
DECODER_STRIDE = 4


class DeepLabV3Plus(nn.Module):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    Dilated encoder, ASPP of separable convolutions, enlarged to stride 4 and joined with 48 channels of the encoder's
    features there, two separable 3x3 convolutions, logits, bilinear to the image grid. In evaluation a tensor; in
    training too, or with an auxiliary head a dict `pred`, `aux`. Training takes two images or more per batch (see
    `ASPP`).

    Args:
        encoder: one of `dermaseg_monai.networks.encoder.ENCODER_NAMES`.
        encoder_weights: a file, a name from `dermaseg_monai.networks.weights`, or None for random ones.
        output_stride: 16, or 8 for finer context at about twice the time.
        auxiliary_head: in training predict from the features before the last stage as well.
        rates: dilations of the ASPP at output stride 16, doubled at 8.

    Raises:
        ConfigError: an unknown encoder or output stride, or a batch of one image in training.
        ValueError: an image too small.
        WeightsError: the weights are missing or made for another encoder.

    Source: arXiv:1802.02611, with a ResNet or MobileNetV2 for Xception; biases start at the share of lesion pixels.
    """

    def __init__(
        self,
        encoder: str = "resnet50",
        encoder_weights: str | None = None,
        output_stride: int = 16,
        *,
        auxiliary_head: bool = False,
        rates: Sequence[int] = RATES,
    ) -> None:
        super().__init__()
        self.output_stride = output_stride
        self.photograph = Photograph(multiple=output_stride)
        self.encoder = build_encoder(encoder, output_stride=output_stride)
        stride4, _, top = self.encoder.channels
        rates = [rate * 16 // output_stride for rate in rates]
        self.aspp = ASPP(top, WIDTH, rates=rates, separable=True)
        self.decoder = SkipFusion(WIDTH, stride4, skip=SKIP, out=WIDTH, factor=output_stride // DECODER_STRIDE)
        self.logit = logit_layer(WIDTH, prior=LESION_PRIOR)
        self.aux_classifier = auxiliary_classifier(self.encoder.late_channels) if auxiliary_head else None
        if encoder_weights is not None:
            load_encoder(self.encoder, encoder_weights, name=encoder)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"] | dict[str, Tensor]:
        if self.training and self.aux_classifier is not None:
            return self.heads(image)
        stride4, _, top = self.encoder(self.photograph(image))
        return self._mask(image, stride4, top)

    def heads(self, image: Float[Tensor, "b c h w"]) -> dict[str, Tensor]:
        """Return `pred` and, where there is an auxiliary head, `aux`, as logits on the grid of the image."""
        stride4, _, late, top = self.encoder.stages(self.photograph(image))
        maps = {"pred": self._mask(image, stride4, top)}
        if self.aux_classifier is not None:
            maps["aux"] = crop(enlarge(self.aux_classifier(late), self.output_stride), *image.shape[-2:])
        return maps

    def _mask(
        self, image: Float[Tensor, "b c h w"], stride4: Float[Tensor, "b l h4 w4"], top: Float[Tensor, "b t ho wo"]
    ) -> Float[Tensor, "b 1 h w"]:
        logits = self.logit(self.decoder(self.aspp(top), stride4))
        return crop(enlarge(logits, DECODER_STRIDE), *image.shape[-2:])
