from pathlib import Path

import pytest
from torch import nn

from dermaseg_monai.engines import trained_with
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.errors import WeightsError


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    said = {"encoder": "resnet18", "image_size": "128", "hair_removal": "True", "colour_constancy": "False"}
    said |= {"spacing_mm": str([0.2, 0.2, 0.5]), "rates": str([6, 12]), "torn": "[1,"}
    write_weights(tmp_path / "model.safetensors", nn.Conv2d(1, 1, 1), said)
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("encoder", "resnet18"),
        ("image_size", 128),
        ("hair_removal", True),
        ("colour_constancy", False),
        ("spacing_mm", [0.2, 0.2, 0.5]),
    ],
)
def test_text_numbers_and_truths_come_back_as_such(weights: Path, name: str, value: object) -> None:
    found = trained_with(weights, name)
    assert found == value
    assert type(found) is type(value)


def test_whole_numbers_stay_whole(weights: Path) -> None:
    found = trained_with(weights, "rates", otherwise=[3, 6, 9])
    assert found == [6, 12]
    assert isinstance(found, list)
    assert all(isinstance(one, int) for one in found)
    assert trained_with(weights, "other_rates", otherwise=[3, 6, 9]) == [3, 6, 9]


def test_a_list_that_is_none_is_a_damaged_file(weights: Path) -> None:
    with pytest.raises(WeightsError, match=r"says torn \[1,, which is no list of numbers"):
        trained_with(weights, "torn")


def test_what_the_file_says_goes_before_otherwise(weights: Path) -> None:
    assert trained_with(weights, "hair_removal", otherwise=False) is True


def test_a_choice_that_the_file_does_not_know_is_otherwise_or_an_error(weights: Path) -> None:
    assert trained_with(weights, "shaving", otherwise=False) is False
    with pytest.raises(WeightsError, match=r"does not say its shaving \(it says: colour_constancy, .*--shaving VALUE"):
        trained_with(weights, "shaving")
