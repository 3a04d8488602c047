"""What goes to Label Studio: the labelling page of a project, and a task per case with the masks of others drawn in."""

import base64
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool
from PIL import Image

from dermaseg_monai.arrays import RgbImage
from dermaseg_monai.exchange.brush import encode_brush
from dermaseg_monai.images import PREDICTION_RGB, READER_RGB, REFERENCE_RGB, Rgb, hex_of, read_image

Mask = Bool[np.ndarray, "h w"]

BRUSH: Final = "mask"
STATEMENT: Final = "statement"
LESION: Final = "lesion"
NO_LESION: Final = "no lesion"
_PICTURE: Final = "image"
_QUALITY: Final = 92


def _tools(colour: Rgb) -> str:
    brush = f'<Label value="{LESION}" background="{hex_of(colour)}"/>'
    return f"""
    <Header value="Paint the lesion, or tick that there is none"/>
    <BrushLabels name="{BRUSH}" toName="{_PICTURE}">{brush}</BrushLabels>
    <Choices name="{STATEMENT}" toName="{_PICTURE}" choice="multiple" showInLine="true"><Choice value="{NO_LESION}"/>
    </Choices>
    <Image name="{_PICTURE}" value="$image" zoom="true" zoomControl="true" smoothing="true"/>"""


READING_PAGE: Final = f"<View>{_tools(READER_RGB[0])}\n</View>\n"
"""The labelling page of a project in which readers draw on their own."""

ADJUDICATION_PAGE: Final = f"""<View>{_tools(REFERENCE_RGB)}
    <Header value="Who drew what ($facts)" size="5"/>
    <Image name="outlines" value="$outlines" zoom="false"/>
</View>
"""
"""The labelling page of a project in which a senior reader decides: below the picture a drawing of every outline.

What the senior paints becomes the reference, and has its cyan; what a reader paints does not.
"""

REVIEW_PAGE: Final = f"""<View>
    <Header value="Yellow is what a network drew ($facts). Ctrl+H hides it, and shows it again. Correct it where it is \
wrong; submit it unchanged where it is right; skip a picture that cannot be judged." size="5"/>{_tools(PREDICTION_RGB)}
    <Header value="The outline supports your judgement and does not replace it. Not a medical device." size="5"/>
</View>
"""
"""The labelling page of a project in which a clinician corrects the outlines of a network, which have its yellow."""


def task(
    case_id: str, digest: str, image: str, *, shown: Mapping[str, str], masks: Mapping[str, Mask]
) -> dict[str, Any]:
    """Return the JSON object of a task.

    Args:
        case_id: comes back with the answer.
        digest: of the case at this moment; comes back too.
        image: address of the photograph, or the photograph itself (`embedded`).
        shown: further fields for the labelling page.
        masks: by the names of who drew them; each becomes a prediction that can be looked at, copied and corrected.
    """
    data = {"image": image, "case_id": case_id, "digest": digest, **shown}
    drawn = [
        {"model_version": name, "result": [region(mask, f"mask{at}")] if mask.any() else [_no_lesion(mask)]}
        for at, (name, mask) in enumerate(masks.items())
    ]
    return {"data": data, "predictions": drawn} if drawn else {"data": data}


def region(mask: Mask, name: str) -> dict[str, Any]:
    """Return a mask as a brush region; `name` tells it from the other regions of a task."""
    value = {"format": "rle", "rle": encode_brush(mask), "brushlabels": [LESION]}
    return {"id": name, "type": "brushlabels", "from_name": BRUSH, "to_name": _PICTURE, "value": value} | _size(mask)


def embedded(path: str | Path) -> str:
    """Return a photograph as a JPEG inside an address, upright and without EXIF, in its own size.

    Raises:
        ImageError: it cannot be read.
    """
    return embedded_picture(read_image(path).pixels)


def embedded_picture(rgb: RgbImage) -> str:
    """Return a picture as a JPEG inside an address."""
    held = BytesIO()
    Image.fromarray(rgb).save(held, format="JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(held.getvalue()).decode("ascii")


def _no_lesion(mask: Mask) -> dict[str, Any]:
    said = {"type": "choices", "from_name": STATEMENT, "to_name": _PICTURE, "value": {"choices": [NO_LESION]}}
    return {"id": "statement", **said} | _size(mask)


def _size(mask: Mask) -> dict[str, int]:
    return {"original_width": mask.shape[1], "original_height": mask.shape[0], "image_rotation": 0}
