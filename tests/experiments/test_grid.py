from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dermaseg_monai.errors import ConfigError
from dermaseg_monai.experiments.grid import Point, baseline_of, expand, label
from dermaseg_monai.experiments.spec import Spec, override, read_spec


def spec(folder: Path, **parts: Mapping[str, Any]) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump({"name": "try", **parts}, sort_keys=False))
    return read_spec(path)


def of_variant(points: list[Point], name: str) -> Point:
    (found,) = [point for point in points if dict(point.setting)["variant"] == name]
    return found


def test_every_combination_is_run_and_the_seeds_of_a_setting_stand_together(tmp_path: Path) -> None:
    grid = {"seed": [0, 1], "network": ["a", "b"], "learning_rate": [0.1]}
    points = expand(spec(tmp_path, grid=grid, common={"max_epochs": 3, "loss": "dice"}))
    assert [(point.label, point.seed) for point in points] == [
        ("a, learning_rate 0.1", 0),
        ("a, learning_rate 0.1", 1),
        ("b, learning_rate 0.1", 0),
        ("b, learning_rate 0.1", 1),
    ]
    training = points[3].training
    assert (training.network, training.loss, training.overlays) == ("b", "dice", ())
    assert training.values == {"max_epochs": 3, "learning_rate": 0.1, "seed": 1}


def test_the_values_of_a_variant_win(tmp_path: Path) -> None:
    variants = {"whole": {}, "small": {"image_size": 32, "network_def#refinement": False, "loss": "dice"}}
    common = {"network": "a", "image_size": 64, "overlays": ["isic2018"], "loss": "ce_dice"}
    points = expand(spec(tmp_path, variants=variants, common=common))
    assert of_variant(points, "whole").training.values == {"image_size": 64}
    small = of_variant(points, "small").training
    assert small.values == {"image_size": 32, "network_def#refinement": False}
    assert (small.loss, small.overlays) == ("dice", ("isic2018",))


def test_the_first_training_has_data_of_its_own_and_the_other_values_of_its_run(tmp_path: Path) -> None:
    variants = {"none": {}, "other_set": {"first": {"manifest": "b.json", "dataset_dir": "b", "max_epochs": 9}}}
    common = {"network": "a", "manifest": "a.json", "dataset_dir": "a", "max_epochs": 3, "encoder": "e"}
    given = override(spec(tmp_path, variants=variants, common=common), {"first#batch_size": 2})
    points = expand(given)
    assert of_variant(points, "none").first is None
    both = of_variant(points, "other_set")
    assert both.training.values == {"manifest": "a.json", "dataset_dir": "a", "max_epochs": 3, "encoder": "e"}
    assert both.first is not None
    assert both.first.values == {
        "manifest": "b.json",
        "dataset_dir": "b",
        "max_epochs": 9,
        "encoder": "e",
        "batch_size": 2,
    }


@pytest.mark.parametrize(
    ("common", "said"),
    [
        ({}, r"try: all: no network"),
        ({"network": "a", "overlays": "isic2018"}, r"overlays is 'isic2018'; expected a list"),
        ({"network": "a", "first": 3}, r"first is 3; expected the values of a training"),
        ({"network": "a", "manifest": "a.json", "first": {"max_epochs": 1}}, r"first names no data"),
    ],
)
def test_values_that_make_no_run_are_refused(tmp_path: Path, common: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        expand(spec(tmp_path, common=common, grid={"seed": [0]}))


def test_a_setting_is_compared_with_the_one_that_has_the_values_of_the_baseline(tmp_path: Path) -> None:
    grid = {"network": ["a", "b"], "learning_rate": [1, 2]}
    given = spec(tmp_path, grid=grid, baseline={"learning_rate": 1})
    assert baseline_of((("network", "b"), ("learning_rate", 2)), given) == (("network", "b"), ("learning_rate", 1))


def test_an_axis_of_a_nested_key_is_called_by_its_last_part() -> None:
    assert label((("network", "a"), ("average#decay", 0.9))) == "a, decay 0.9"
