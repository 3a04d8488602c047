from pathlib import Path

import pytest
from torch import nn

from dermaseg_monai.engines import trained_with
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.errors import WeightsError


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    said = {"encoder": "resnet18", "image_size": "128", "hair_removal": "True", "colour_constancy": "False"}
    said["spacing_mm"] = str([0.2, 0.2, 0.5])
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


def test_what_the_file_says_goes_before_otherwise(weights: Path) -> None:
    assert trained_with(weights, "hair_removal", otherwise=False) is True


def test_a_choice_that_the_file_does_not_know_is_otherwise_or_an_error(weights: Path) -> None:
    assert trained_with(weights, "shaving", otherwise=False) is False
    with pytest.raises(WeightsError, match=r"does not say its shaving \(it says: colour_constancy, .*--shaving VALUE"):
        trained_with(weights, "shaving")
