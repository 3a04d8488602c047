"""Mixed precision: the network in 16 bits, everything after it in 32."""

from collections.abc import Callable
from typing import Any

import torch
from monai.data.meta_tensor import MetaTensor
from monai.inferers.inferer import Inferer

from dermaseg_monai.engines.batch import plain
from dermaseg_monai.engines.device import pick_device
from dermaseg_monai.errors import ConfigError

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class MixedPrecisionInferer(Inferer):
    """Run another inferer under autocast and give its outputs back in float32.

    The loss is thus computed in float32. `bf16` works on the CPU and on CUDA, `fp16` on CUDA only. The network sees
    plain tensors, which is faster; without gradients the output carries the input's metadata again, as MONAI's writers
    and inverting transforms expect.

    Raises:
        ConfigError: `amp` is unknown, or `fp16` on a device that is not CUDA.
        DeviceError: the device is not there.
    """

    def __init__(self, inferer: Inferer, amp: str, device: str | torch.device) -> None:
        self.inferer = inferer
        self.device = pick_device(str(device))
        self.dtype = _dtype(amp, self.device)

    def __call__(self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (as MONAI's)
        """Return what the inferer returns, floats as float32."""
        with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None):
            output = _float32(self.inferer(plain(inputs), network, *args, **kwargs))
        if isinstance(inputs, MetaTensor) and isinstance(output, torch.Tensor) and not output.requires_grad:
            return MetaTensor(output, meta=inputs.meta, applied_operations=inputs.applied_operations)
        return output


def scales_gradients(amp: str, device: str | torch.device) -> bool:
    """Say whether gradients must be scaled: only `fp16` on CUDA loses small ones. Value of a trainer's `amp`.

    Raises:
        ConfigError: as MixedPrecisionInferer.
        DeviceError: the device is not there.
    """
    return _dtype(amp, pick_device(str(device))) is torch.float16


def _dtype(amp: str, device: torch.device) -> torch.dtype | None:
    if amp == "off":
        return None
    if amp not in _DTYPES:
        raise ConfigError(f"amp is {amp!r}; it is one of off, bf16, fp16. Give --amp off.")
    if amp == "fp16" and device.type != "cuda":
        raise ConfigError(f"amp fp16 needs CUDA but the device is {device}. Give --amp bf16 or --amp off.")
    return _DTYPES[amp]


def _float32(output: Any) -> Any:  # noqa: ANN401 (tensor, or containers of it)
    if isinstance(output, torch.Tensor):
        return output.float() if output.is_floating_point() else output
    if isinstance(output, dict):
        return {key: _float32(value) for key, value in output.items()}
    if isinstance(output, list | tuple):
        return type(output)(_float32(value) for value in output)
    return output
