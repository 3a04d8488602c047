"""Values for a state dict that follow from its keys and shapes alone, the same on every machine."""

import zlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

SIZE_PX = (48, 304)  # at output stride 8 a grid 38 places wide, so that dilations of 12, 24 and 36 all meet features


def named_values(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Return float64 values seeded by each key, tame enough that 100 layers neither vanish nor explode."""
    return {key: _values(key, torch.Size(shape)) for key, shape in shapes.items()}


def image_in_unit_range() -> Tensor:
    """Return one RGB image, 1 3 48 304, in [0, 1]."""
    return torch.rand(1, 3, *SIZE_PX, generator=torch.Generator().manual_seed(0)).double()


def _values(key: str, shape: torch.Size) -> Tensor:
    if key.endswith("num_batches_tracked"):
        return torch.tensor(7)
    # uniform numbers are whole numbers divided, the same everywhere; normal ones differ in the last bits between CPUs
    uniform = torch.rand(shape, generator=torch.Generator().manual_seed(zlib.crc32(key.encode()))).double()
    if key.endswith("running_var"):
        return uniform + 0.5
    if len(shape) == 1:
        of_branch = key.endswith("bn3.weight")  # what each bottleneck adds stays small, or 33 of them explode
        return uniform * 0.2 + (0.2 if of_branch else 0.7 if key.endswith("weight") else -0.1)
    return (uniform * 2 - 1) * (6 / shape[1:].numel()) ** 0.5
