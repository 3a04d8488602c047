import json
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.bundle.kinds import check_kinds
from dermaseg_monai.errors import ConfigError

TRAIN: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "bundles/ba_deeplab/configs/train.json").read_text()
)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("train#dataset#cache_rate", "many", "a number"),
        ("train#dataset#cache_rate", True, "a number"),
        ("train::dataset::progress", "maybe", "True or False"),
        ("train#handlers#0#max_norm", "x", "a number"),
    ],
)
def test_a_nested_value_of_another_kind_than_the_sheets_is_refused(key: str, value: object, expected: str) -> None:
    sheet = {"train": {"dataset": {"cache_rate": 1.0, "progress": False}, "handlers": [{"max_norm": 5.0}]}}
    with pytest.raises(ConfigError, match=rf"--{key} is {value!r} .*expected {expected}, as the sheet's"):
        check_kinds({key: value}, sheet)


def test_a_nested_number_reference_or_null_may_stand_for_a_number() -> None:
    sheet = {"average": {"decay": 0.99, "name": "ema"}}
    check_kinds({"average#decay": 1}, sheet)
    check_kinds({"average#decay": "@decay"}, sheet)
    check_kinds({"average#decay": None, "average#name": "other"}, sheet)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("network_def#rates", 6, "a list, each of it a whole number, as the sheet's [3, 6, 9]"),
        ("network_def#rates", [3, "six", 9], "a list, each of it a whole number"),
        ("network_def#rates", [3, 6.5, 9], "a list, each of it a whole number"),
        ("loss#overlap", 3, "a text, as the sheet's 'ce_dice'"),
        ("loss#overlap", True, "a text"),
        ("loss#band_px", 2.5, "a whole number, as the sheet's 3"),
        ("loss::band_px", float("nan"), "a whole number"),
        ("train#dataloader#batch_size", "many", "a whole number, as the sheet's 8"),
        ("train#random_transforms#6#sigma_x", 0.5, "a list, each of it a number"),
        ("train#random_transforms#0#keys", 1, "a list of texts"),
        ("train#handlers", "none", "a list, as"),
        ("validate#key_metric", "dice", "named values"),
    ],
)
def test_a_value_of_another_kind_is_said_in_one_line(key: str, value: object, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_kinds({key: value}, TRAIN)
    said = str(raised.value)
    assert said.startswith(f"--{key} is {value!r} ({type(value).__name__}); expected {expected}")
    assert said.endswith("Correct it and run again.")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network_def#rates", [6, 12, 18]),
        ("network_def#rates", (6, 12)),
        ("network_def#rates", [[6, 12], [18, 24]]),
        ("network_def#rates", ["@output_stride", 6]),
        ("network_def#encoder_weights", "weights.pth"),  # null in the sheet, by its reference
        ("loss#band_px", 2.0),
        ("loss#boundary_weight", 1),
        ("loss#overlap", "dice"),
        ("loss#pixel_weights", 3),  # a component gives what it likes
        ("loss", {"_target_": "dermaseg_monai.losses.OverlapLoss", "overlap": "dice"}),
        ("train#dataloader#batch_size", 4),
        ("train#random_transforms#4#mode", "bilinear"),  # a list of texts in the sheet
        ("train#random_transforms#4#padding_mode", ["zeros", "border"]),
        ("train#random_transforms#0#prob", {"_target_": "dermaseg_monai.engines.trained_with"}),
        ("train#preprocessing#parts", [["@train#random_transforms"]]),
        ("early_stop", {"_target_": "anything"}),
        ("network_def#dynamic_aspp", False),
    ],
)
def test_what_may_stand_there_passes(key: str, value: object) -> None:
    check_kinds({key: value}, TRAIN)


def test_references_in_a_circle_are_left_to_the_one_who_builds_the_sheet() -> None:
    check_kinds({"a": 1, "c": 2}, {"a": "@b", "b": "@a", "c": "@nowhere"})
