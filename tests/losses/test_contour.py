import pytest
import torch
from torch import Tensor

from dermaseg_monai.losses.contour import contour_band


def grid(*rows: str) -> Tensor:
    return torch.tensor([[float(pixel) for pixel in row] for row in rows])[None, None]


def test_a_step_has_a_band_of_twice_its_reach() -> None:
    assert torch.equal(contour_band(grid("0000111100"), band_px=1), grid("0001100110"))
    assert torch.equal(contour_band(grid("0000011111"), band_px=2), grid("0001111000"))


def test_a_single_pixel_has_the_square_around_it() -> None:
    mask = grid("00000", "00000", "00100", "00000", "00000")
    assert torch.equal(contour_band(mask, band_px=1), grid("00000", "01110", "01110", "01110", "00000"))


def test_the_frame_of_the_image_is_no_contour() -> None:
    assert not contour_band(torch.ones(1, 1, 5, 5), band_px=2).any()
    assert torch.equal(contour_band(grid("111000"), band_px=1), grid("001100"))


def test_the_soft_contour_is_how_much_probabilities_vary_nearby() -> None:
    soft = contour_band(torch.tensor([[[[0.1, 0.2, 0.6, 0.9]]]]), band_px=1)
    torch.testing.assert_close(soft, torch.tensor([[[[0.1, 0.5, 0.7, 0.3]]]]))


def test_the_rows_of_columns_are_the_square() -> None:
    mask = (torch.rand(2, 1, 17, 23, generator=torch.Generator().manual_seed(0)) > 0.9).float()
    padded = torch.nn.functional.pad(mask, (2, 2, 2, 2), value=0.5)
    windows = padded.unfold(2, 5, 1).unfold(3, 5, 1)
    seen = [(windows == value).any(-1).any(-1) for value in (0, 1)]
    assert torch.equal(contour_band(mask, band_px=2).bool(), seen[0] & seen[1])


def test_a_band_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"band_px is 0\. Give the reach"):
        contour_band(torch.zeros(1, 1, 4, 4), band_px=0)
