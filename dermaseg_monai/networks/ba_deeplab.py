"""BA-DeepLabV3: the boundary-aware network of the project."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.aspp import DynamicASPP
from dermaseg_monai.networks.decoder import RefinementDecoder, SkipFusion, enlarge
from dermaseg_monai.networks.encoder import build_encoder, load_encoder
from dermaseg_monai.networks.heads import LESION_PRIOR, MapHead
from dermaseg_monai.networks.photograph import Photograph, crop

# shares of pixels expected in the other maps, where the biases start; a contour band is 5 to 10 % of a photograph
BOUNDARY_PRIOR, ERROR_PRIOR = 0.1, 0.1


class BADeepLabV3(nn.Module):
    """Lesion logits for RGB in [0, 1] of any size from 32 x 32 px, on the same grid.

    Dilated encoder, dynamic ASPP, skips at strides 8 and 4, then heads at stride 4 (region, boundary, and uncertainty:
    the logit of the probability that the region head errs at this pixel), then a refinement decoder that corrects the
    region. In training a dict of logits `pred`, `region`, `boundary`, `uncertainty` (b 1 h w each) and `branch_weights`
    (b n, sums to 1); in evaluation the tensor `pred`. A head that is off is absent from the dict. Without refinement
    `pred` is the region, or, without that too, a plain classifier's map.

    Args:
        encoder: one of `dermaseg_monai.networks.encoder.ENCODER_NAMES`.
        encoder_weights: a file, a name from `dermaseg_monai.networks.weights`, or None for random ones.
        output_stride: 16, or 8 for finer context at about twice the time.
        region_head: predict the lesion before refinement.
        boundary_head: predict a band around the contour.
        uncertainty_head: predict where the region head errs.
        dynamic_aspp: weigh the scales for each image.
        refinement: correct the region with low-level features and the other maps.
        rates: dilations of the ASPP at output stride 16, doubled at 8; for grids of 8 to 20 places (128 to 320 px).

    Raises:
        ConfigError: an unknown encoder or output stride.
        ValueError: an image too small.
        WeightsError: the weights are missing or made for another encoder.

    Source: arXiv:1706.05587 and arXiv:1802.02611, with the heads and the refinement of this project.
    """

    def __init__(
        self,
        encoder: str = "resnet18",
        encoder_weights: str | None = None,
        output_stride: int = 16,
        *,
        region_head: bool = True,
        boundary_head: bool = True,
        uncertainty_head: bool = True,
        dynamic_aspp: bool = True,
        refinement: bool = True,
        rates: Sequence[int] = (3, 6, 9),
    ) -> None:
        super().__init__()
        self.photograph = Photograph(multiple=output_stride)
        self.encoder = build_encoder(encoder, output_stride=output_stride)
        stride4, stride8, top = self.encoder.channels
        width, skip, out = (256, 48, 96) if encoder in ("resnet50", "resnet101") else (128, 32, 64)
        rates = [rate * 16 // output_stride for rate in rates]
        self.aspp = DynamicASPP(top, width, rates=rates, dynamic=dynamic_aspp)
        self.to_stride8 = SkipFusion(width, stride8, skip=skip, out=width, factor=output_stride // 8)
        self.to_stride4 = SkipFusion(width, stride4, skip=skip, out=out, factor=2)
        self.region = MapHead(out, prior=LESION_PRIOR) if region_head or not refinement else None
        self.boundary = MapHead(out, prior=BOUNDARY_PRIOR) if boundary_head else None
        self.uncertainty = MapHead(out, prior=ERROR_PRIOR) if uncertainty_head else None
        self.returns_region = region_head
        maps = sum((region_head, boundary_head, uncertainty_head))
        prior = 0.5 if region_head else LESION_PRIOR  # a correction starts at 0, a mask at its share
        self.refinement = RefinementDecoder(out, stride4, maps=maps, width=out, prior=prior) if refinement else None
        if encoder_weights is not None:
            load_encoder(self.encoder, encoder_weights, name=encoder)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"] | dict[str, Tensor]:
        logits = self.heads(image)
        return logits if self.training else logits["pred"]

    def heads(self, image: Float[Tensor, "b c h w"]) -> dict[str, Tensor]:
        """Return every map that is switched on, as logits on the grid of the image, and the branch weights."""
        height, width = image.shape[-2:]
        stride4, stride8, top = self.encoder(self.photograph(image))
        context, branch_weights = self.aspp(top)
        features = self.to_stride4(self.to_stride8(context, stride8), stride4)
        region = None if self.region is None else self.region(features)
        boundary = None if self.boundary is None else self.boundary(features)
        uncertainty = None if self.uncertainty is None else self.uncertainty(features)
        others = [logits for logits in (boundary, uncertainty) if logits is not None]
        if self.refinement is not None:
            pred = self.refinement(features, stride4, region, others)
        else:
            assert region is not None  # noqa: S101 (without refinement there is a region head)
            pred = enlarge(region, 4)
        maps = {"pred": pred}
        if region is not None and self.returns_region:
            maps["region"] = pred if self.refinement is None else enlarge(region, 4)
        if boundary is not None:
            maps["boundary"] = enlarge(boundary, 4)
        if uncertainty is not None:
            maps["uncertainty"] = enlarge(uncertainty, 4)
        cropped = {name: crop(logits, height, width) for name, logits in maps.items()}
        return cropped if branch_weights is None else cropped | {"branch_weights": branch_weights}
