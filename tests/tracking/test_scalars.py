import math

import numpy as np
import torch

from dermaseg_monai.tracking.scalars import clean_name, scalars


def test_numbers_of_every_kind_become_floats() -> None:
    found = scalars({"a": 1, "b": np.float32(0.5), "c": torch.tensor(2.0), "d": torch.tensor([3.0]), "e": True})
    assert found == {"a": 1.0, "b": 0.5, "c": 2.0, "d": 3.0, "e": 1.0}


def test_nested_names_keep_their_parents_and_vectors_are_numbered() -> None:
    assert scalars({"loss": {"a": {"b": 1}}, "iou": torch.tensor([0.5, 0.25])}) == {
        "loss/a/b": 1.0,
        "iou_0": 0.5,
        "iou_1": 0.25,
    }


def test_what_is_no_finite_number_is_left_out() -> None:
    assert scalars({"a": None, "b": "text", "c": math.inf, "d": math.nan, "e": [], "f": 0}) == {"f": 0.0}


def test_names_that_mlflow_refuses_are_cleaned() -> None:
    assert clean_name("train#dice@50%[x]") == "train_dice_50__x_"
    assert clean_name("/../a//b/") == "a/b"
