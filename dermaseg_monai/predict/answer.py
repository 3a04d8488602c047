"""What is sent back for a photograph that came as base64: a mask, maps, and a reason where there is none."""

import base64
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from dermaseg_monai.errors import ImageError, WeightsError
from dermaseg_monai.images import write_mask, write_probability
from dermaseg_monai.predict.segmentation import Segmentation
from dermaseg_monai.predict.segmenter import Segmenter

MAPS: Final = ("probability", "uncertainty", "boundary")
_NAME: Final = "photograph"

Answer = Mapping[str, Any]


def answer(segmenter: Segmenter, encoded: object, *, maps: bool) -> Answer:
    """Return what the network says of one photograph; one that cannot be read costs its own answer alone.

    Args:
        segmenter: the network.
        encoded: a JPEG, PNG, BMP or TIFF file in base64, with or without line breaks.
        maps: send `probability`, and `uncertainty` and `boundary` where the network has these heads, too: PNG of 16
            bits, 0 to 65535 for 0 to 1, in base64.

    Returns:
        `status` (ok or failed), `reason`, `height_px`, `width_px`, `mask` (PNG of 0 and 255 in base64, as large as the
        photograph upright), `lesion_fraction`, `predicted_dice`, `threshold`, and the maps.
    """
    with TemporaryDirectory(prefix="dermaseg-") as folder:
        place = Path(folder)
        try:
            outline = segmenter(_written(encoded, place / _NAME))
        except (ImageError, WeightsError) as error:
            # where files lie on the server says nothing to who sent the photograph
            reason = str(error).replace(str(place / _NAME), "The photograph")
            reason = reason.replace(str(segmenter.weights), segmenter.weights.name)
            return {"status": "failed", "reason": reason, "threshold": segmenter.threshold}
        height_px, width_px = outline.mask.shape
        write_mask(place / "mask.png", outline.mask)
        return {
            "status": "ok",
            "reason": "",
            "height_px": height_px,
            "width_px": width_px,
            "mask": _base64(place / "mask.png"),
            "lesion_fraction": round(outline.lesion_fraction, 6),
            "predicted_dice": round(outline.predicted_dice, 6),
            "threshold": segmenter.threshold,
            **(_maps(outline, place) if maps else {}),
        }


def _written(encoded: object, path: Path) -> Path:
    advice = "Send the bytes of the file in base64, with nothing before them."
    if not isinstance(encoded, str):
        raise ImageError(f"{path} is no text. {advice}")
    try:
        path.write_bytes(base64.b64decode("".join(encoded.split()), validate=True))
    except ValueError as error:
        raise ImageError(f"{path} is not base64 ({error}). {advice}") from error
    return path


def _maps(outline: Segmentation, place: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in MAPS:
        values = getattr(outline, name)
        if values is not None:
            write_probability(place / f"{name}.png", values)
            found[name] = _base64(place / f"{name}.png")
    return found


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
