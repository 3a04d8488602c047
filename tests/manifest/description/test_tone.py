import numpy as np
import pytest

from dermaseg_monai.images import fitzpatrick_like, ita_deg, to_lab, tone_band
from dermaseg_monai.manifest.description.tone import monk_like, skin_tone
from tests.manifest.description.drawn import SKIN, disc, photograph, plain, sample

NOTHING = np.zeros((256, 256), dtype=bool)


def test_the_angle_of_flat_skin_is_that_of_its_colour() -> None:
    lightness, _, yellow = to_lab(np.array([[SKIN]], dtype=np.uint8))[0, 0]
    found = skin_tone(sample(*plain()), NOTHING)
    assert found.ita_deg == pytest.approx(float(np.degrees(np.arctan2(lightness - 50, yellow))), abs=0.1)
    assert found.spread_deg == pytest.approx(0, abs=0.1)
    assert found.reason == ""


def test_darker_skin_has_a_lower_angle() -> None:
    mask = disc(128, 128, 40)
    angles = [skin_tone(sample(photograph(mask, skin=skin), mask), NOTHING).ita_deg for skin in [SKIN, (120, 84, 60)]]
    assert angles[0] is not None
    assert angles[1] is not None
    assert angles[0] > angles[1]


@pytest.mark.parametrize(
    ("angle", "band", "kind"),
    [
        (60.0, "very light", "I"),
        (55.0, "light", "II"),
        (30.0, "intermediate", "III"),
        (11.0, "tan", "IV"),
        (-29.0, "brown", "V"),
        (-30.0, "dark", "VI"),
    ],
)
def test_bands_as_published(angle: float, band: str, kind: str) -> None:
    assert (tone_band(angle), fitzpatrick_like(angle)) == (band, kind)


def test_each_swatch_of_the_monk_scale_is_nearest_to_itself() -> None:
    swatches = ["f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420"]
    lab = to_lab(np.array([[list(bytes.fromhex(swatch)) for swatch in swatches]], dtype=np.uint8))[0]
    assert [monk_like(float(ita_deg(one))) for one in lab] == [str(number) for number in range(1, 11)]


def test_without_a_mask_it_is_unavailable() -> None:
    assert (
        skin_tone(sample(photograph(), None), NOTHING).ita_deg,
        skin_tone(sample(photograph(), None), NOTHING).reason,
    ) == (
        None,
        "no mask",
    )


def test_too_little_clean_skin_is_unavailable() -> None:
    assert skin_tone(sample(*plain()), ~NOTHING).reason == "too little clean skin"


def test_few_pixels_do_not_become_more_by_enlarging() -> None:
    mask = np.zeros((15, 15), dtype=bool)
    mask[7, 7] = True
    assert skin_tone(sample(photograph(mask, side=15), mask), NOTHING).reason == "too little clean skin"


def test_a_blue_cast_is_no_skin_tone() -> None:
    mask = disc(128, 128, 40)
    assert skin_tone(sample(photograph(mask, skin=(180, 180, 230)), mask), NOTHING).reason == "colour cast"
