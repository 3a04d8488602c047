"""EfficientNet-Lite encoder under the names of its published weights, with strides exchanged for dilation."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dermaseg_monai.networks.photograph import IMAGENET_MEAN, IMAGENET_STD
from dermaseg_monai.networks.staged_encoder import StagedEncoder, Stages

SCALES = {"efficientnet_lite0": (1.0, 1.0), "efficientnet_lite2": (1.1, 1.2)}
"""Width and depth, as multiples of the first of the family."""

# expansion, channels, repeats, stride of the first repeat, kernel (table 1 of the paper)
STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
STRIDE4, STRIDE8, LATE = 2, 3, 5  # stages after which the features at stride 4, at 8, and the late ones are taken
STEM, HEAD = 32, 1280
GREY, SPREAD = 127 / 255, 128 / 255  # what its training subtracted from RGB in [0, 1] and divided it by
EPSILON, MOMENTUM = 1e-3, 0.01


class EfficientNetLite(StagedEncoder):
    """Features at strides 4, 8 and `output_stride` of RGB normalised with ImageNet's mean; h, w divide by the stride.

    Source: arXiv:1905.11946 in the form its authors published for small devices: no squeeze-and-excitation, ReLU6 for
    swish, stem and head the same at every scale. Left out are the classifier and the random depth in training; strides
    beyond `output_stride` become dilation as in `MobileNetV2`. Its weights were trained with another normalisation,
    into which the photograph is brought here.

    Args:
        name: a key of `SCALES`.
        output_stride: 8, 16 or 32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, *, output_stride: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.conv_stem, self.bn0 = _convolution(3, STEM, stride=2), _norm(STEM)
        blocks, ends = [], []
        channels, reached, dilation = STEM, 2, 1
        for expansion, out, repeats, first_stride, kernel in _stages(*SCALES[name]):
            for index in range(repeats):
                stride, before = (first_stride if index == 0 else 1), dilation
                if reached * stride > output_stride:
                    stride, dilation = 1, dilation * stride
                reached *= stride
                blocks.append(LiteBlock(channels, out, expansion, kernel, stride=stride, dilation=before))
                channels = out
            ends.append((len(blocks), channels))
        self.blocks = nn.Sequential(*blocks)
        self.conv_head, self.bn1 = _convolution(channels, HEAD, kernel_size=1), _norm(HEAD)
        self.activation = nn.ReLU6(inplace=True)
        (self._stride4, c4), (self._stride8, c8), (self._late, self.late_channels) = (
            ends[count - 1] for count in (STRIDE4, STRIDE8, LATE)
        )
        self.channels = (c4, c8, HEAD)
        self._initialise()

    def stages(self, image: Float[Tensor, "b 3 h w"]) -> Stages:
        rgb = (image * self.std + (self.mean - GREY)) / SPREAD
        stem = self.activation(self.bn0(self.conv_stem(rgb)))
        stride4 = self.blocks[: self._stride4](stem)
        stride8 = self.blocks[self._stride4 : self._stride8](stride4)
        late = self.blocks[self._stride8 : self._late](stride8)
        return stride4, stride8, late, self.activation(self.bn1(self.conv_head(self.blocks[self._late :](late))))

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")


class LiteBlock(nn.Module):
    """Widen by `expansion` (1x1), filter each channel, narrow to `out` (1x1); add the input where it fits."""

    def __init__(
        self, channels: int, out: int, expansion: int, kernel_size: int, *, stride: int, dilation: int
    ) -> None:
        super().__init__()
        wide = channels * expansion
        if expansion > 1:
            self.expand_conv, self.bn0 = _convolution(channels, wide, kernel_size=1), _norm(wide)
        self.depthwise_conv = _convolution(
            wide, wide, kernel_size=kernel_size, stride=stride, dilation=dilation, groups=wide
        )
        self.bn1 = _norm(wide)
        self.project_conv, self.bn2 = _convolution(wide, out, kernel_size=1), _norm(out)
        self.activation = nn.ReLU6(inplace=True)
        self.widens, self.adds_input = expansion > 1, stride == 1 and channels == out

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o ho wo"]:
        wide = self.activation(self.bn0(self.expand_conv(x))) if self.widens else x
        filtered = self.activation(self.bn1(self.depthwise_conv(wide)))
        narrow = self.bn2(self.project_conv(filtered))
        return x + narrow if self.adds_input else narrow


class EvenConvolution(nn.Conv2d):
    """A convolution that halves even grids as TensorFlow pads them: half a pixel more at the right and lower edges."""

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o ho wo"]:  # noqa: A002 (nn.Conv2d's name)
        before = (self.kernel_size[0] - 2) // 2
        after = self.kernel_size[0] - 2 - before
        return super().forward(nn.functional.pad(input, (before, after, before, after)))


def published_names(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors under this encoder's names, which are the published ones without their underscores in front."""
    return {".".join(part.removeprefix("_") for part in key.split(".")): value for key, value in published.items()}


def _stages(width: float, depth: float) -> list[tuple[int, int, int, int, int]]:
    scaled = []
    for number, (expansion, channels, repeats, stride, kernel) in enumerate(STAGES):
        times = repeats if number in (0, len(STAGES) - 1) else -int(-depth * repeats // 1)
        scaled.append((expansion, _rounded(width * channels), times, stride, kernel))
    return scaled


def _rounded(channels: float) -> int:
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


def _convolution(
    channels: int, out: int, *, kernel_size: int = 3, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Conv2d:
    if stride > 1:
        return EvenConvolution(channels, out, kernel_size, stride, groups=groups, bias=False)
    padding = dilation * (kernel_size // 2)
    return nn.Conv2d(channels, out, kernel_size, 1, padding, dilation=dilation, groups=groups, bias=False)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON, momentum=MOMENTUM)
