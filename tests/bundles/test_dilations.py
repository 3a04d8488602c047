"""Dilations change no shape of a weight, so that only the file can say with which ones it was trained."""

from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import ConfigParser

from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.networks import BADeepLabV3

CONFIGS = Path(__file__).parents[2] / "bundles"


def parser(*files: Path, **values: Any) -> ConfigParser:  # noqa: ANN401 (values of a sheet)
    found = ConfigParser(ConfigParser.load_config_files([str(file) for file in files]))
    for key, value in values.items():
        found[key.replace("__", "#")] = value
    return found


@pytest.mark.parametrize("key", ["rates", "network_def__rates"])
@pytest.mark.parametrize("bundle", ["ba_deeplab", "deeplabv3"])
def test_the_weights_say_the_dilations_they_were_trained_with(bundle: str, key: str) -> None:
    sheet = parser(CONFIGS / bundle / "configs/train.json", **{key: [2, 4, 6]})
    assert sheet.get_parsed_content("checkpoints#metadata#rates") == [2, 4, 6]


def test_evaluation_and_inference_take_the_dilations_of_the_weights(tmp_path: Path) -> None:
    configs, weights = CONFIGS / "ba_deeplab/configs", tmp_path / "model.safetensors"
    said = {"encoder": "resnet18", "output_stride": "16", "image_size": "64", "rates": "[2, 4, 6]"}
    write_weights(weights, BADeepLabV3("resnet18", rates=[2, 4, 6]), said)
    image = torch.rand(1, 3, 64, 64)
    wanted = BADeepLabV3("resnet18", rates=[2, 4, 6]).eval()
    for files in ([configs / "inference.json"], [configs / "train.json", configs / "evaluate.json"]):
        sheet = parser(*files, weights=str(weights), device="cpu")
        network = sheet.get_parsed_content("network_def").eval()
        wanted.load_state_dict(network.state_dict())
        with torch.no_grad():
            assert torch.equal(network(image), wanted(image))
