from pathlib import Path

import pytest

from dermaseg_monai.bundle import build_components
from dermaseg_monai.errors import WeightsError


def test_what_two_components_name_is_built_once() -> None:
    shared = {"_target_": "torch.nn.ModuleList", "modules": ["@one"]}
    config = {"one": {"_target_": "torch.nn.Identity"}, "left": shared, "many": {"inner": shared}}
    found = build_components(config, ["left", "many#inner"])
    assert found["left"][0] is found["many#inner"][0]


def test_what_a_component_says_is_raised_as_it_was_said(tmp_path: Path) -> None:
    weights = str(tmp_path / "none.safetensors")
    config = {"net": {"_target_": "torch.nn.Identity"}}
    config["trained"] = {"_target_": "dermaseg_monai.engines.load_weights", "network": "@net", "path": weights}
    with pytest.raises(WeightsError, match=r"no weights file .*none\.safetensors"):
        build_components(config, ["trained"])
