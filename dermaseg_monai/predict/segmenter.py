"""A trained network in Python: one photograph in, its outline out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.bundle import Sheet, build_components, bundle_root, read_sheet, released_weights
from dermaseg_monai.engines.device import pick_device
from dermaseg_monai.engines.finite import require_finite
from dermaseg_monai.engines.memory_predictor import MemoryPredictor, image_tensor
from dermaseg_monai.engines.samples import channel
from dermaseg_monai.errors import ImageError
from dermaseg_monai.images import is_volume, read_image
from dermaseg_monai.predict.segmentation import Segmentation

_PARTS: Final = ("preprocessing", "inferer", "postprocessing")
_HEADS: Final = ("uncertainty", "boundary")


class Segmenter:
    """Predicts photographs one by one, as the inference sheet of a bundle does it for a folder.

    Calling it changes nothing in it: several threads may share one.

    Args:
        predictor: what the sheet puts before and behind the network.
        threshold: a pixel is lesion where the probability is at least this.
        weights: the weights file, for error messages and for whoever notes what was used.
    """

    def __init__(self, predictor: MemoryPredictor, *, threshold: float, weights: Path) -> None:
        predictor.network.eval()
        self.predictor, self.threshold, self.weights = predictor, threshold, weights

    @classmethod
    def load(
        cls,
        weights: str | Path | None = None,
        *,
        config_file: str | Path | Sequence[str | Path] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> "Segmenter":
        """Load a network with the sheet that it predicts with.

        Args:
            weights: `model.safetensors` of a training; None takes the released ones of BA-DeepLabV3.
            config_file: inference sheet of the bundle, several are merged; None takes that of BA-DeepLabV3.
            overrides: other values for keys of the sheet: `{"threshold": 0.3, "device": "cuda", "amp": "bf16"}`.

        Raises:
            ConfigError: a file or a key of the sheet is not there.
            WeightsError: the weights are missing, damaged or made for another network.
            DeviceError: the device is not there.
        """
        sheet = read_inference_sheet(weights, config_file, overrides)
        names = ("trained_network", "device", "threshold", *_PARTS)
        network, device, threshold, *parts = build_components(sheet.config, names).values()
        predictor = MemoryPredictor(
            network=network, device=pick_device(str(device)), **dict(zip(_PARTS, parts, strict=True))
        )
        return cls(predictor, threshold=float(threshold), weights=Path(sheet.config["weights"]))

    def __call__(self, photograph: np.ndarray | str | Path) -> Segmentation:
        """Return the outline of a photograph: a file, or pixels "h w 3" of uint8, upright.

        Raises:
            ImageError: the file is missing, damaged, too large or a volume.
            ValueError: the array is no photograph.
            WeightsError: the network gives values that are no number.
        """
        pixels, name = _pixels(photograph)
        (result,) = self.predictor.results([self.predictor.prepared({"image": image_tensor(pixels)})])
        maps = {key: channel(result[key]) for key in ("pred", *_HEADS) if key in result}
        for values in maps.values():
            require_finite(values, case_id=name, weights=self.weights)
        return Segmentation(maps.pop("pred"), self.threshold, **maps)


def read_inference_sheet(
    weights: str | Path | None,
    config_file: str | Path | Sequence[str | Path] | None,
    overrides: Mapping[str, Any] | None,
) -> Sheet:
    """Return the sheet that these weights predict with; the arguments are those of `Segmenter.load`.

    Raises:
        ConfigError: a file or a key of the sheet is not there.
    """
    if config_file is None:
        files = [str(Path(bundle_root("ba_deeplab")) / "configs" / "inference.json")]
    elif isinstance(config_file, str | Path):
        files = [str(config_file)]
    else:
        files = [str(one) for one in config_file]
    file = released_weights("ba_deeplab") if weights is None else str(weights)
    return read_sheet(files, {**(overrides or {}), "weights": file})


def _pixels(photograph: np.ndarray | str | Path) -> tuple[RgbImage, str]:
    if isinstance(photograph, np.ndarray):
        if photograph.dtype != np.uint8 or photograph.ndim != 3 or photograph.shape[2] != 3 or not photograph.size:  # noqa: PLR2004
            found = f"{photograph.dtype} of shape {photograph.shape}"
            raise ValueError(f"A photograph is an array of uint8 (height, width, 3), red first; got {found}.")
        return photograph, "in memory"
    if is_volume(photograph):
        raise ImageError(
            f"{photograph} is a volume, and this network takes photographs. Predict it with bundles/unet3d."
        )
    return read_image(photograph).pixels, Path(photograph).name
