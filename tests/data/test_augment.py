from typing import Any

import numpy as np
import pytest
import torch
from monai.data.meta_tensor import MetaTensor

from dermaseg_monai.data import RandArtefactsd
from dermaseg_monai.data.augment import level_of
from dermaseg_monai.data.stressors import STRESSORS


def sample() -> dict[str, Any]:
    image = torch.full((3, 48, 64), 0.7)
    label = torch.zeros(1, 48, 64)
    image[:, 16:32, 20:44], label[:, 16:32, 20:44] = 0.3, 1
    return {"image": image, "label": label}


def artefacts(*names: str, seed: int = 3, **settings: Any) -> RandArtefactsd:  # noqa: ANN401
    transform = RandArtefactsd("image", names, **{"prob": 1.0, **settings})
    transform.set_random_state(seed)
    return transform


@pytest.mark.parametrize("name", [name for name, one in STRESSORS.items() if not one.moves_mask])
def test_every_artefact_works_on_floats_and_on_bytes(name: str) -> None:
    for image in (sample()["image"], (sample()["image"] * 255).to(torch.uint8)):
        found = artefacts(name, grades=[5.0, 5.0])({**sample(), "image": image})
        assert found["image"].dtype == image.dtype
        assert found["image"].shape == image.shape
        assert not torch.equal(found["image"], image)
        assert torch.equal(found["label"], sample()["label"])


def test_it_is_the_stressor_at_the_drawn_level() -> None:
    found = artefacts("blur", grades=[2.0, 2.0])(sample())["image"]
    rgb = (sample()["image"] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    expected, _ = STRESSORS["blur"].apply(rgb, np.zeros((48, 64), bool), 2.0, np.random.default_rng(0))
    assert torch.equal((found * 255).round().to(torch.uint8), torch.from_numpy(expected).permute(2, 0, 1))


def test_its_own_random_state_decides() -> None:
    names = ("hair", "noise", "exposure")
    one, other = artefacts(*names), artefacts(*names)
    torch.manual_seed(1)
    first = [one(sample())["image"] for _ in range(3)]
    np.random.default_rng().random()
    assert all(torch.equal(image, other(sample())["image"]) for image in first)
    assert not torch.equal(first[0], first[1])


def test_probability_zero_changes_nothing() -> None:
    given = sample()
    assert artefacts("noise", prob=0.0)(given)["image"] is given["image"]


def test_grade_zero_leaves_the_grey_values() -> None:
    assert torch.allclose(artefacts("noise", grades=[0.0, 0.0])(sample())["image"], sample()["image"], atol=0.5 / 255)


def test_the_input_and_the_metadata_are_kept() -> None:
    image = MetaTensor(sample()["image"], meta={"a": 1})
    found = artefacts("noise")({**sample(), "image": image})["image"]
    assert found.meta["a"] == 1
    assert torch.equal(image.as_tensor(), sample()["image"])


def test_skin_tone_reads_the_skin_beside_the_label() -> None:
    given = sample()
    given["image"][:, 8:40, 8:56] = 0.3  # most of the picture is lesion
    given["label"][:, 8:40, 8:56] = 1
    told = artefacts("skin_tone")(given)["image"]
    untold = artefacts("skin_tone")({"image": given["image"]})["image"]
    assert not torch.equal(told, untold)


def test_grades_lie_between_levels_in_proportion() -> None:
    blur = STRESSORS["blur"]  # 1, 2, 4, 6, 10
    assert [level_of(blur, grade) for grade in (0.0, 0.5, 1.0, 2.5, 5.0)] == [0, 0.5, 1, 3, 10]


def test_names_that_move_the_mask_or_do_not_exist_are_refused() -> None:
    for name in ("rotation", "scale", "snow"):
        with pytest.raises(ValueError, match=rf"leave the mask in place; '{name}' is none\. Known: hair, ruler"):
            artefacts("hair", name)
    with pytest.raises(ValueError, match=r"there are none\. Known: hair"):
        artefacts()


@pytest.mark.parametrize("grades", [[2.0, 1.0], [-1.0, 2.0], [0.0, 6.0], [1.0]])
def test_grades_have_limits(grades: list[float]) -> None:
    with pytest.raises(ValueError, match=r"grades must be two numbers, the lower first, in \[0, 5\]; got"):
        artefacts("hair", grades=grades)


def test_only_rgb_is_taken() -> None:
    with pytest.raises(ValueError, match=r"image has 1 channels; RandArtefactsd takes RGB"):
        artefacts("hair")({"image": torch.zeros(1, 8, 8)})
