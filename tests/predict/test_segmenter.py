from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.errors import ConfigError, ImageError, WeightsError
from dermaseg_monai.files import write_json
from dermaseg_monai.images import write_rgb
from dermaseg_monai.predict import Segmenter
from dermaseg_monai.predict.segmenter import read_inference_sheet
from tests.predict.dark_is_lesion import Broken, DarkIsLesion, WithUncertainty, segmenter

LIGHT, DARK = 250, 5


def photograph() -> np.ndarray:
    """64 rows, 32 columns; dark are rows 8 to 23 of the left half: 16 x 16 px, an eighth of it."""
    pixels = np.full((64, 32, 3), LIGHT, dtype=np.uint8)
    pixels[8:24, :16] = DARK
    return pixels


def test_the_mask_lies_where_the_lesion_is_on_the_grid_of_the_photograph() -> None:
    found = segmenter()(photograph())
    assert found.mask.shape == found.probability.shape == (64, 32)
    rows, columns = np.nonzero(found.mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (8, 23, 0, 15)
    assert found.lesion_fraction == 1 / 8
    assert found.predicted_dice > 0.95


def test_a_file_is_read_as_everywhere_turned_upright(tmp_path: Path) -> None:
    write_rgb(tmp_path / "upright.png", photograph())
    sideways = Image.fromarray(np.rot90(photograph()).copy())
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter
    sideways.save(tmp_path / "turned.png", exif=exif)
    network = segmenter()
    for name in ("upright.png", "turned.png"):
        assert np.array_equal(network(tmp_path / name).probability, network(photograph()).probability)


def test_maps_come_from_the_heads_that_the_network_has() -> None:
    assert segmenter()(photograph()).uncertainty is None
    found = segmenter(WithUncertainty())(photograph())
    assert found.uncertainty is not None
    assert found.uncertainty.shape == (64, 32)
    assert found.uncertainty[0, 0] > 0.99  # light: the network was made so
    assert found.uncertainty[12, 4] < 0.01
    assert found.boundary is None


def test_the_threshold_is_the_segmenters() -> None:
    grey = np.full((32, 32, 3), 128, dtype=np.uint8)  # 0.502 of white: a probability of 0.49
    assert segmenter(threshold=0.5)(grey).lesion_fraction == 0
    assert segmenter(threshold=0.4)(grey).lesion_fraction == 1


def test_the_photograph_stays_as_it_is_and_threads_share_one() -> None:
    pixels, network = photograph(), segmenter()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(network, [pixels, np.ascontiguousarray(pixels[::-1])] * 8))
    assert np.array_equal(pixels, photograph())
    assert all(
        np.array_equal(one.mask, np.flipud(other.mask)) for one, other in zip(found[::2], found[1::2], strict=True)
    )


def test_a_network_that_was_in_training_is_not_again_while_a_thread_predicts() -> None:
    network = DarkIsLesion().train()
    segmenter(network)(photograph())
    assert not network.training


@pytest.mark.parametrize(
    "wrong", [photograph() / 255, photograph()[..., 0], photograph().transpose(2, 0, 1), photograph()[:0]]
)
def test_an_array_that_is_no_photograph_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint8 \(height, width, 3\), red first; got .* of shape \("):
        segmenter()(wrong)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ImageError, match=r"half\.png"):
        segmenter()(tmp_path / "half.png")
    with pytest.raises(ImageError, match=r"volume, and this network takes photographs"):
        segmenter()(tmp_path / "a.nii.gz")


def test_values_that_are_no_number_are_no_outline() -> None:
    with pytest.raises(WeightsError, match=r"w\.safetensors gives values that are no number"):
        segmenter(Broken())(photograph())


def test_an_unknown_key_of_the_sheet_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"treshold.*Did you mean --threshold"):
        Segmenter.load("w.safetensors", overrides={"treshold": 0.3})


def test_of_several_sheets_the_last_one_wins_and_what_is_given_by_name_wins_over_all(tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    write_json(one, {"weights": "none", "threshold": 0.5})
    write_json(other, {"threshold": 0.3})
    for given, overrides, threshold in ((one, None, 0.5), (str(one), {"threshold": 0.2}, 0.2), ([one, other], {}, 0.3)):
        sheet = read_inference_sheet("w.safetensors", given, overrides)
        assert (sheet.config["weights"], sheet.config["threshold"]) == ("w.safetensors", threshold)
