"""ResNet encoders: MONAI's ResNet under torchvision's parameter names, with strides exchanged for dilation."""

from jaxtyping import Float
from monai.networks.nets import ResNet, resnet18, resnet34, resnet50, resnet101
from torch import Tensor, nn

from dermaseg_monai.networks.staged_encoder import StagedEncoder, Stages

BUILDERS = {"resnet18": resnet18, "resnet34": resnet34, "resnet50": resnet50, "resnet101": resnet101}
BOTTLENECKS = ("resnet50", "resnet101")


class DilatedResNet(StagedEncoder):
    """Features at strides 4, 8 and `output_stride` of normalised RGB; h, w divide by `output_stride`.

    Where a stride is left out, what follows is dilated, so that pretrained weights keep their field of view: equal to
    torchvision's `replace_stride_with_dilation` (ResNet-50/101) and carried over to the basic blocks of ResNet-18/34,
    which torchvision refuses. Source: arXiv:1512.03385, arXiv:1706.05587.
    """

    def __init__(self, name: str, *, output_stride: int) -> None:
        super().__init__()
        net = BUILDERS[name](
            pretrained=False,
            spatial_dims=2,
            n_input_channels=3,
            conv1_t_stride=2,
            bias_downsample=False,
            feed_forward=False,
        )
        dilate(net, output_stride=output_stride)
        self.conv1, self.bn1, self.act, self.maxpool = net.conv1, net.bn1, net.act, net.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = net.layer1, net.layer2, net.layer3, net.layer4
        expansion = 4 if name in BOTTLENECKS else 1
        self.channels = (64 * expansion, 128 * expansion, 512 * expansion)
        self.late_channels = 256 * expansion

    def stages(self, image: Float[Tensor, "b 3 h w"]) -> Stages:
        stride4 = self.layer1(self.maxpool(self.act(self.bn1(self.conv1(image)))))
        stride8 = self.layer2(stride4)
        late = self.layer3(stride8)
        return stride4, stride8, late, self.layer4(late)


def dilate(net: ResNet, *, output_stride: int) -> None:
    """Exchange the strides of a ResNet beyond `output_stride` (8, 16 or 32) for dilation, in place."""
    layers = {8: (net.layer3, net.layer4), 16: (net.layer4,), 32: ()}[output_stride]
    dilation = 1
    for layer in layers:
        before, dilation = dilation, dilation * 2
        for index, block in enumerate(layer):
            if index == 0:
                block.downsample[0].stride = (1, 1)
            first, second = (before if index == 0 else dilation), dilation
            if hasattr(block, "conv3"):  # a bottleneck has one 3x3 convolution, a basic block two
                _set(block.conv2, first)
            else:
                _set(block.conv1, first)
                _set(block.conv2, second)


def _set(conv: nn.Conv2d, dilation: int) -> None:
    conv.stride, conv.dilation, conv.padding = (1, 1), (dilation, dilation), (dilation, dilation)
