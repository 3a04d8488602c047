"""The networks of the study by name: where each comes from, what implements it, which settings it takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from dermaseg_monai.networks.attention_unet import AttentionUNet
from dermaseg_monai.networks.ba_deeplab import BADeepLabV3
from dermaseg_monai.networks.deeplabv3 import DeepLabV3
from dermaseg_monai.networks.deeplabv3_plus import DeepLabV3Plus
from dermaseg_monai.networks.encoder import ENCODER_NAMES
from dermaseg_monai.networks.encoder_unet import BACKBONES, EncoderUNet
from dermaseg_monai.networks.segformer_lite import SegFormerLite
from dermaseg_monai.networks.segnet import SegNet
from dermaseg_monai.networks.swin_unet_lite import SwinUNetLite
from dermaseg_monai.networks.unet import UNet
from dermaseg_monai.networks.unet_plus_plus import UNetPlusPlus

DILATED = ("encoder", "encoder_weights", "output_stride")


@dataclass(frozen=True)
class NetworkEntry:
    """One network: its class, the paper, what implements it, which settings of a sheet and encoders it takes."""

    network: type[nn.Module]
    source: str
    implementation: str
    settings: tuple[str, ...] = ()
    encoders: tuple[str, ...] = ()


NETWORKS: Mapping[str, NetworkEntry] = {
    "deeplabv3": NetworkEntry(DeepLabV3, "arXiv:1706.05587", "ours; ResNet: MONAI ResNet", DILATED, ENCODER_NAMES),
    "deeplabv3_plus": NetworkEntry(
        DeepLabV3Plus, "arXiv:1802.02611", "ours; ResNet: MONAI ResNet", DILATED, ENCODER_NAMES
    ),
    "unet": NetworkEntry(UNet, "arXiv:1505.04597", "ours"),
    "encoder_unet": NetworkEntry(
        EncoderUNet,
        "arXiv:1505.04597",
        "MONAI UNetDecoder (FlexibleUNet's)",
        ("encoder", "encoder_weights"),
        tuple(BACKBONES),
    ),
    "attention_unet": NetworkEntry(AttentionUNet, "arXiv:1804.03999", "MONAI AttentionUnet"),
    "unet_plus_plus": NetworkEntry(UNetPlusPlus, "arXiv:1807.10165", "MONAI BasicUNetPlusPlus"),
    "segnet": NetworkEntry(SegNet, "arXiv:1511.00561", "ours"),
    "swin_unet_lite": NetworkEntry(SwinUNetLite, "arXiv:2201.01266", "MONAI SwinUNETR in 2D"),
    "segformer_lite": NetworkEntry(SegFormerLite, "arXiv:2105.15203", "ours", ("encoder_weights",)),
    "ba_deeplab": NetworkEntry(
        BADeepLabV3, "arXiv:1706.05587, this project", "ours; ResNet: MONAI ResNet", DILATED, ENCODER_NAMES
    ),
}
