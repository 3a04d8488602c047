import base64
import re
import textwrap
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.predict.answer import answer
from tests.predict.dark_is_lesion import Broken, WithUncertainty, segmenter


def encoded(pixels: np.ndarray) -> str:
    held = BytesIO()
    Image.fromarray(pixels).save(held, format="PNG")
    return base64.b64encode(held.getvalue()).decode()


def decoded(text: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(base64.b64decode(text))))


PHOTOGRAPH = np.full((64, 32, 3), 250, dtype=np.uint8)
PHOTOGRAPH[8:24, :16] = 5


def test_the_answer_holds_the_mask_of_the_photographs_size() -> None:
    found = answer(segmenter(), encoded(PHOTOGRAPH), maps=False)
    mask = decoded(found["mask"])
    assert mask.shape == (64, 32)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[8:24, :16].all()
    assert not mask[24:].any()
    said = {key: found[key] for key in ("status", "reason", "height_px", "width_px", "lesion_fraction", "threshold")}
    assert said == {
        "status": "ok",
        "reason": "",
        "height_px": 64,
        "width_px": 32,
        "lesion_fraction": 0.125,
        "threshold": 0.5,
    }
    assert not {"probability", "uncertainty", "boundary"} & set(found)


def test_base64_may_have_line_breaks() -> None:
    broken = "\r\n".join(textwrap.wrap(encoded(PHOTOGRAPH), 76))
    assert "\n" in broken
    assert answer(segmenter(), broken, maps=False) == answer(segmenter(), encoded(PHOTOGRAPH), maps=False)


def test_maps_come_when_they_are_asked_for_and_the_network_has_them() -> None:
    found = answer(segmenter(WithUncertainty()), encoded(PHOTOGRAPH), maps=True)
    assert "boundary" not in found
    assert decoded(found["uncertainty"])[0, 0] > 65000
    probability = decoded(found["probability"])
    assert probability[12, 4] > 65000
    assert probability[40, 20] < 500


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no base64!", "The photograph is not base64"),
        ("", "The photograph is empty"),
        (base64.b64encode(b"hello").decode(), "The photograph is not an image that can be read"),
        (encoded(PHOTOGRAPH)[:120], "The photograph: .*cut short, damaged"),
        (None, "The photograph is no text. Send the bytes of the file in base64"),
        (float("nan"), "The photograph is no text"),  # what MLflow makes of a row without a value
    ],
)
def test_what_cannot_be_read_is_an_answer_with_a_reason_that_names_no_place(text: object, reason: str) -> None:
    found = answer(segmenter(), text, maps=False)
    assert found["status"] == "failed"
    assert "mask" not in found
    assert "/" not in found["reason"]
    assert re.search(reason, found["reason"])


def test_a_network_that_gives_no_numbers_fails_the_photograph() -> None:
    found = answer(segmenter(Broken()), encoded(PHOTOGRAPH), maps=False)
    assert (found["status"], "mask" in found) == ("failed", False)
    assert "values that are no number" in found["reason"]
    assert "/" not in found["reason"]
