from typing import Any

import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor

from dermaseg_monai.data import RandColorJitterd
from dermaseg_monai.data.colour import colour_matrix

GREY = torch.tensor([0.299, 0.587, 0.114])


def picture() -> torch.Tensor:
    return torch.rand(3, 8, 6, generator=torch.Generator().manual_seed(0)) * 0.4 + 0.3


def jitter(seed: int = 7, **strengths: float) -> RandColorJitterd:
    values: dict[str, Any] = dict(strengths)
    transform = RandColorJitterd("image", prob=1.0, **values)
    transform.set_random_state(seed)
    return transform


def grey(image: torch.Tensor) -> torch.Tensor:
    return torch.einsum("c,chw->hw", GREY, image)


def test_brightness_is_one_factor() -> None:
    ratio = jitter(brightness=0.3)({"image": picture()})["image"] / picture()
    assert ratio.std() < 1e-6
    assert 0.7 <= ratio.mean() <= 1.3
    assert ratio.mean() != pytest.approx(1)


def test_contrast_keeps_the_mean_grey() -> None:
    changed = jitter(contrast=0.3)({"image": picture()})["image"]
    middle = grey(picture()).mean()
    factor = (changed - middle) / (picture() - middle)
    assert grey(changed).mean() == pytest.approx(middle.item(), abs=1e-6)
    assert factor.median().item() != pytest.approx(1)
    assert factor.std() < 1e-2


def test_saturation_and_hue_keep_every_grey_value() -> None:
    changed = jitter(saturation=0.5, hue=0.1)({"image": picture()})["image"]
    assert torch.allclose(grey(changed), grey(picture()), atol=1e-5)
    assert not torch.allclose(changed, picture(), atol=1e-2)


def test_no_saturation_is_grey() -> None:
    assert colour_matrix(saturation=0.0, hue=0.0) == pytest.approx(np.tile(GREY.numpy(), (3, 1)), abs=1e-6)


def test_a_third_of_a_circle_turns_red_towards_another_primary() -> None:
    turned = colour_matrix(saturation=1.0, hue=1 / 3) @ [1, 0, 0]
    assert turned.argmax() != 0
    assert colour_matrix(saturation=1.0, hue=1.0) == pytest.approx(np.eye(3), abs=1e-9)


def test_values_are_clamped_and_types_kept() -> None:
    image = (picture() * 255).to(torch.uint8)
    changed = jitter(brightness=1.0, contrast=1.0, saturation=1.0, hue=0.5)(
        {"image": MetaTensor(image, meta={"a": 1})}
    )["image"]
    assert isinstance(changed, MetaTensor)
    assert changed.meta["a"] == 1
    assert changed.dtype == torch.uint8
    floats = [jitter(seed=seed, brightness=1.0)({"image": picture()})["image"] for seed in range(20)]
    assert all(image.min() >= 0 and image.max() <= 1 for image in floats)


def test_bytes_and_floats_change_alike() -> None:
    image = (picture() * 255).to(torch.uint8)
    strengths: dict[str, Any] = {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.05}
    as_bytes = jitter(**strengths)({"image": image})["image"]
    as_floats = jitter(**strengths)({"image": image / 255})["image"]
    assert (as_bytes.float() - as_floats * 255).abs().max() <= 0.5 + 1e-3


def test_its_own_random_state_decides() -> None:
    first = [jitter(hue=0.2)({"image": picture()})["image"] for _ in range(2)]
    torch.manual_seed(1)
    assert torch.equal(first[0], first[1])
    repeated = jitter(hue=0.2)
    assert not torch.equal(repeated({"image": picture()})["image"], repeated({"image": picture()})["image"])


def test_probability_zero_changes_nothing() -> None:
    image = picture()
    assert RandColorJitterd("image", prob=0.0, hue=0.5)({"image": image})["image"] is image


def test_the_input_is_left_alone() -> None:
    image = picture()
    jitter(brightness=0.5)({"image": image})
    assert torch.equal(image, picture())


@pytest.mark.parametrize(("name", "value", "most"), [("brightness", 1.5, 1), ("contrast", -0.1, 1), ("hue", 0.6, 0.5)])
def test_strengths_have_limits(name: str, value: float, most: float) -> None:
    strengths: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=rf"{name} must lie in \[0, {most}\]; got {value}"):
        RandColorJitterd("image", **strengths)


def test_only_rgb_has_colours() -> None:
    with pytest.raises(ValueError, match="image has 1 channels"):
        jitter(hue=0.1)({"image": torch.zeros(1, 2, 2)})
