"""MobileNetV2 encoder under torchvision's parameter names, with strides exchanged for dilation."""

from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.staged_encoder import StagedEncoder, Stages

# expansion, channels, repeats, stride of the first repeat (table 2 of the paper)
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
STRIDE4, STRIDE8, LATE = 4, 7, 14  # features[:4] ends at stride 4, features[4:7] at 8, features[7:14] at 16 or less


class MobileNetV2(StagedEncoder):
    """Features at strides 4, 8 and `output_stride` of normalised RGB; h, w divide by `output_stride`.

    Source: arXiv:1801.04381, width 1.0, without the classifier; strides beyond `output_stride` become dilation, the
    first block after each keeping the dilation before it, as torchvision does for ResNets.
    """

    channels = (24, 32, 1280)
    late_channels = 96

    def __init__(self, *, output_stride: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv_norm(3, 32, stride=2)]
        channels, reached, dilation = 32, 2, 1
        for expansion, out, repeats, first_stride in STAGES:
            for index in range(repeats):
                stride, before = (first_stride if index == 0 else 1), dilation
                if reached * stride > output_stride:
                    stride, dilation = 1, dilation * stride
                reached *= stride
                layers.append(InvertedResidual(channels, out, expansion=expansion, stride=stride, dilation=before))
                channels = out
        layers.append(_conv_norm(channels, self.channels[-1], kernel_size=1))
        self.features = nn.Sequential(*layers)
        self._initialise()

    def stages(self, image: Float[Tensor, "b 3 h w"]) -> Stages:
        stride4 = self.features[:STRIDE4](image)
        stride8 = self.features[STRIDE4:STRIDE8](stride4)
        late = self.features[STRIDE8:LATE](stride8)
        return stride4, stride8, late, self.features[LATE:](late)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")


class InvertedResidual(nn.Module):
    """Widen by `expansion` (1x1), filter each channel (3x3), narrow to `out` (1x1); add the input where it fits."""

    def __init__(self, channels: int, out: int, *, expansion: int, stride: int, dilation: int) -> None:
        super().__init__()
        wide = channels * expansion
        layers: list[nn.Module] = [_conv_norm(channels, wide, kernel_size=1)] if expansion > 1 else []
        layers += [
            _conv_norm(wide, wide, stride=stride, dilation=dilation, groups=wide),
            nn.Conv2d(wide, out, kernel_size=1, bias=False),
            nn.BatchNorm2d(out),
        ]
        self.conv = nn.Sequential(*layers)
        self.adds_input = stride == 1 and channels == out

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o ho wo"]:
        return x + self.conv(x) if self.adds_input else self.conv(x)


def _conv_norm(
    channels: int, out: int, *, kernel_size: int = 3, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Sequential:
    padding = dilation * (kernel_size // 2)
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel_size, stride, padding, dilation=dilation, groups=groups, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU6(inplace=True),
    )
