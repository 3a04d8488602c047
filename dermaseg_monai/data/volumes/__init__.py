"""Layered skin volumes with a lesion, drawn on the spot: something to train and test on where no scan may be had."""

from dermaseg_monai.data.volumes.volume_set import make_volumes, volume_manifest

__all__ = ["make_volumes", "volume_manifest"]
