"""The networks room: one architecture per file, small blocks beside it, pretrained weights."""

from dermaseg_monai.networks.attention_unet import AttentionUNet
from dermaseg_monai.networks.ba_deeplab import BADeepLabV3
from dermaseg_monai.networks.catalogue import NETWORKS
from dermaseg_monai.networks.deeplabv3 import DeepLabV3
from dermaseg_monai.networks.deeplabv3_plus import DeepLabV3Plus
from dermaseg_monai.networks.encoder import ENCODER_NAMES, build_encoder
from dermaseg_monai.networks.encoder_unet import EncoderUNet
from dermaseg_monai.networks.segformer_lite import SegFormerLite
from dermaseg_monai.networks.segnet import SegNet
from dermaseg_monai.networks.slices import SliceNetwork
from dermaseg_monai.networks.swin_unet_lite import SwinUNetLite
from dermaseg_monai.networks.unet import UNet
from dermaseg_monai.networks.unet_plus_plus import UNetPlusPlus
from dermaseg_monai.networks.weights import NAMED_WEIGHTS, load_encoder_weights

__all__ = [
    "ENCODER_NAMES",
    "NAMED_WEIGHTS",
    "NETWORKS",
    "AttentionUNet",
    "BADeepLabV3",
    "DeepLabV3",
    "DeepLabV3Plus",
    "EncoderUNet",
    "SegFormerLite",
    "SegNet",
    "SliceNetwork",
    "SwinUNetLite",
    "UNet",
    "UNetPlusPlus",
    "build_encoder",
    "load_encoder_weights",
]
