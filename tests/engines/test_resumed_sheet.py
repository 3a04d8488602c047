from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from dermaseg_monai.engines.resumed_sheet import require_same_sheet, sheet_values
from dermaseg_monai.errors import TrainingError


@dataclass
class Sheet:
    config: dict[str, Any]


SHEET = {
    "image_size": 96,
    "max_epochs": 2,
    "tracking_uri": "postgresql://me:secret@db/mlflow",
    "loss": {"_target_": "package.Loss", "overlap": "ce_dice", "weights": [1, 2.5]},
    "network": "@network_def",
    "resume": None,
}


def test_plain_values_are_told_by_their_ids_without_places_lengths_and_code() -> None:
    assert sheet_values(SHEET) == {
        "image_size": "96",
        "loss#overlap": '"ce_dice"',
        "loss#weights#0": "1",
        "loss#weights#1": "2.5",
        "network": '"@network_def"',
    }


def test_another_value_is_named_with_what_it_was_and_how_to_go_on() -> None:
    now = sheet_values({**SHEET, "image_size": 128, "loss": {**SHEET["loss"], "overlap": "dice"}})
    words = (
        r"run/last\.ckpt was trained with other values than this run has \(image_size 128, loss#overlap \"dice\"\).*"
        r"give --image_size 96 --loss#overlap \"ce_dice\" again.*--initial_weights run/model\.safetensors"
    )
    with pytest.raises(TrainingError, match=words):
        require_same_sheet(sheet_values(SHEET), now, "run/last.ckpt")


def test_a_value_that_was_none_counts_too() -> None:
    with pytest.raises(TrainingError, match=r"\(clip 1\.0\).*give --clip null again"):
        require_same_sheet(sheet_values({"clip": None}), sheet_values({"clip": 1.0}), "run/last.ckpt")


def test_keys_of_another_version_and_states_from_before_are_no_difference() -> None:
    saved = {**sheet_values(SHEET), "gone": "1"}
    require_same_sheet(saved, {**sheet_values(SHEET), "new": "2"}, "last.ckpt")
    require_same_sheet({}, sheet_values(SHEET), "last.ckpt")


def test_a_number_in_another_notation_is_the_same() -> None:
    require_same_sheet(
        sheet_values({"prob": 0.0, "sizes": [1]}), sheet_values({"prob": 0, "sizes": [1.0]}), "last.ckpt"
    )


def test_a_resume_with_other_values_is_refused_before_anything_is_put_back(build: Callable, tmp_path: Path) -> None:
    build(tmp_path, max_epochs=1, sheet=Sheet(SHEET)).trainer.run()
    build(tmp_path, max_epochs=2, sheet=Sheet({**SHEET, "max_epochs": 9, "device": "cuda"}), resume=tmp_path)
    with pytest.raises(TrainingError, match="--image_size 96 again"):
        build(tmp_path, max_epochs=2, sheet=Sheet({**SHEET, "image_size": 64}), resume=tmp_path)


def test_what_a_sheet_takes_from_a_weights_file_is_compared_as_what_came_of_it(build: Callable, tmp_path: Path) -> None:
    taken = {**SHEET, "image_size": {"_target_": "trained_with", "weights": "x.safetensors"}}  # 8, say the metadata
    build(tmp_path, max_epochs=1, sheet=Sheet(taken)).trainer.run()
    build(tmp_path, max_epochs=2, sheet=Sheet(taken), resume=tmp_path)
    with pytest.raises(TrainingError, match="--image_size 8 again"):
        build(tmp_path, max_epochs=2, sheet=Sheet({**SHEET, "image_size": 64}), resume=tmp_path)


def test_a_resume_goes_on_at_the_new_learning_rate(build: Callable, tmp_path: Path) -> None:
    build(tmp_path, max_epochs=1, learning_rate=0.01).trainer.run()
    old = build(tmp_path / "old", max_epochs=2, learning_rate=0.01, resume=tmp_path)
    new = build(tmp_path / "new", max_epochs=2, learning_rate=0.001, resume=tmp_path)
    assert [group["lr"] for group in new.optimizer.param_groups] == pytest.approx(
        [group["lr"] / 10 for group in old.optimizer.param_groups]
    )
    for training in (old, new):
        training.trainer.run()
    rates = [training.lr_scheduler.get_last_lr()[0] for training in (old, new)]
    assert rates[1] == pytest.approx(rates[0] / 10)
    assert rates[0] > 0
    assert not torch.equal(old.network.state_dict()["head.weight"], new.network.state_dict()["head.weight"])
