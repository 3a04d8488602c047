"""Every network of the bundles, narrow enough for a test, and what a short training of it is given."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUNDLES = Path("bundles")
_ROOT = Path(__file__).resolve().parents[2]
VOLUMES = ("unet3d",)

# values of `network_def` that make a network small; the others are small at 64 px
NARROW: Mapping[str, Mapping[str, Any]] = {
    "unet": {"widths": [4, 8, 16]},
    "unet_ham10000": {"widths": [4, 8, 16]},
    "attention_unet": {"widths": [4, 8, 16]},
    "unet_plus_plus": {"widths": [4, 4, 8, 8, 16]},
    "segnet": {"widths": [4, 4, 8, 8, 8]},
    "unet3d": {"channels": [4, 8, 16]},
    "dynunet": {"filters": [4, 8, 16]},
    "segformer_lite": {"widths": [8, 16, 24, 32], "heads": [1, 2, 3, 4], "depths": [1, 1, 1, 1], "decoder_width": 16},
}


@dataclass(frozen=True)
class Network:
    """One network of one bundle: the sheet's own, or that of an overlay."""

    bundle: str
    overlay: str | None = None

    def __str__(self) -> str:
        return self.overlay or self.bundle

    @property
    def of_volumes(self) -> bool:
        """Whether it takes volumes; else photographs."""
        return self.bundle in VOLUMES

    @property
    def two_steps(self) -> Mapping[str, object]:
        """Values of a training of a few steps."""
        if self.of_volumes:
            return {"max_epochs": 1, "val_interval": 1, "image_size": 32, "spacing_mm": "[0.4,0.4,0.4]", "patches": 2}
        return {"max_epochs": 1, "batch_size": 6, "image_size": 64}

    def manifest(self, checkout: Path) -> Path:
        """Return the manifest of the drawn set that its sheets take by default."""
        return checkout / "data" / ("volumes" if self.of_volumes else "demo") / "manifest.json"

    def mask_name(self, case_id: str) -> str:
        """Return the name of a predicted mask."""
        return case_id + (".nii.gz" if self.of_volumes else ".png")

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


def _overlays(bundle: str) -> list[Network]:
    return [Network(bundle, path.stem) for path in sorted((_ROOT / BUNDLES / bundle).glob("configs/networks/*.json"))]


OVERLAYS = _overlays("baselines")
OF_VOLUMES = [Network("unet3d"), *_overlays("unet3d")]
NETWORKS = [Network("deeplabv3"), Network("unet_ham10000"), *OVERLAYS, *OF_VOLUMES]
