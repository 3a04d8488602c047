import pytest
import torch

from dermaseg_monai.prompting.fit import LongSideFit, SquareFit


def test_the_long_side_fills_the_square_and_zeros_fill_the_rest() -> None:
    fitted = LongSideFit()(torch.ones(1, 3, 30, 60), 64)
    assert fitted.inner_px == (32, 64)
    assert fitted.pixels.shape == (1, 3, 64, 64)
    assert (fitted.pixels[..., 32:, :] == 0).all()
    assert fitted.pixels[0, :, 5, 5].tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    )


def test_a_high_image_is_padded_on_the_right() -> None:
    fitted = LongSideFit()(torch.ones(1, 3, 60, 30), 64)
    assert fitted.inner_px == (64, 32)
    assert (fitted.pixels[..., 32:] == 0).all()
    assert (fitted.pixels[..., :32] != 0).all()


@pytest.mark.parametrize("size_px", [(600, 400), (300, 700), (5, 900)])
def test_it_is_what_transformers_image_processor_does(size_px: tuple[int, int]) -> None:
    from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil  # noqa: PLC0415

    coarse = torch.rand(1, 3, 9, 9, generator=torch.manual_seed(0))
    smooth = torch.nn.functional.interpolate(coarse, size_px, mode="bilinear")[0].permute(1, 2, 0)
    image = (smooth * 255).round().to(torch.uint8).numpy()
    theirs = SamImageProcessorPil()(image, return_tensors="pt")
    ours = LongSideFit()(torch.from_numpy(image).permute(2, 0, 1)[None] / 255, 1024)
    assert list(ours.inner_px) == theirs["reshaped_input_sizes"][0].tolist()
    # they resize bytes, we floats: half a grey level, divided by 255 and by the smallest deviation
    assert (ours.pixels - theirs["pixel_values"]).abs().max() < 1.1 / 255 / 0.224


def test_medsams_square_is_stretched_and_spans_zero_to_one() -> None:
    image = torch.full((1, 3, 20, 40), 0.5)
    image[:, :, :, 20:] = 0.75
    fitted = SquareFit()(image, 64)
    assert fitted.inner_px == (64, 64)
    assert fitted.pixels.amin() == 0
    assert fitted.pixels.amax() == 1
    assert (fitted.pixels[..., :16] < 0.2).all()
    assert (fitted.pixels[..., 48:] > 0.8).all()


def test_a_picture_of_one_colour_is_finite() -> None:
    assert (SquareFit()(torch.full((1, 3, 8, 8), 0.3), 64).pixels == 0).all()
