"""Every network of the bundles, narrow enough for a test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUNDLES = Path("bundles")
_OVERLAYS = Path(__file__).resolve().parents[2] / BUNDLES / "baselines" / "configs" / "networks"

# values of `network_def` that make a network small; the others are small at 64 px
NARROW: Mapping[str, Mapping[str, Any]] = {
    "unet": {"widths": [4, 8, 16]},
    "unet_ham10000": {"widths": [4, 8, 16]},
    "attention_unet": {"widths": [4, 8, 16]},
    "unet_plus_plus": {"widths": [4, 4, 8, 8, 16]},
    "segnet": {"widths": [4, 4, 8, 8, 8]},
    "segformer_lite": {"widths": [8, 16, 24, 32], "heads": [1, 2, 3, 4], "depths": [1, 1, 1, 1], "decoder_width": 16},
}


@dataclass(frozen=True)
class Network:
    """One network of one bundle: the sheet's own, or that of an overlay."""

    bundle: str
    overlay: str | None = None

    def __str__(self) -> str:
        return self.overlay or self.bundle

    def sheets(self, first: str, folder: Path, *more: str) -> str:
        """Return --config_file: a sheet, the overlay, one that narrows the network (in `folder`), further sheets."""
        configs = BUNDLES / self.bundle / "configs"
        files = [configs / f"{first}.json"]
        if self.overlay:
            files.append(configs / "networks" / f"{self.overlay}.json")
        if str(self) in NARROW:
            files.append(folder / f"{self}_narrow.json")
            files[-1].write_text(json.dumps({"+network_def": NARROW[str(self)]}))
        return json.dumps([str(file) for file in [*files, *(configs / f"{name}.json" for name in more)]])


OVERLAYS = [Network("baselines", path.stem) for path in sorted(_OVERLAYS.glob("*.json"))]
NETWORKS = [Network("deeplabv3"), Network("unet_ham10000"), *OVERLAYS]
