"""A training on the labels of several readers, as the overlays one_reader.json and soft_mean.json ask for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bundles.commands import Warm

SCRIPT = Path(__file__).parent / "labels_seen.py"
READERS = {"tight", "loose", "noisy"}

Seen = Callable[[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def seen(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("readers")

    def train(overlay: str, name: str) -> dict[str, Any]:
        done = warm(SCRIPT, overlay, folder / name)
        assert done.code == 0, done.err
        return json.loads((folder / name / "labels.json").read_text())

    return train


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_reader_is_drawn_anew_every_epoch_and_again_the_same_in_a_rerun(seen: Seen) -> None:
    one, again = seen("one_reader.json", "one"), seen("one_reader.json", "again")
    first, second = one["drawn"]
    assert set(first.values()) | set(second.values()) == READERS
    both = set(first) & set(second)  # a batch that is not full is dropped
    assert len(both) > 5
    assert any(first[case] != second[case] for case in both)
    assert one == again
    assert one["levels"] == {"train": [0, 1], "validation": [0, 1]}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_soft_mean_is_trained_on_and_never_scored_against(seen: Seen) -> None:
    levels = seen("soft_mean.json", "soft")["levels"]
    assert levels["train"] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert levels["validation"] == [0, 1]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("overlay", ["one_reader", "soft_mean"])
def test_the_command_line_takes_an_overlay_behind_that_of_the_disk_cache(
    warm: Warm, tmp_path: Path, overlay: str
) -> None:
    configs = Path("bundles/baselines/configs")
    narrow = tmp_path / "narrow.json"
    narrow.write_text(json.dumps({"+network_def": {"widths": [4, 8, 16]}}))
    files = [configs / "train.json", narrow, configs / "disk_cache.json", configs / f"{overlay}.json"]
    values = {"max_epochs": 1, "batch_size": 6, "image_size": 64, "output_dir": tmp_path / "out"}
    values["cache_dir"] = tmp_path / "cache"
    done = warm.bundle("training", json.dumps([str(file) for file in files]), **values)
    assert done.code == 0, done.err
    config = json.loads((tmp_path / "out" / "run.json").read_text())["config"]
    assert config["train"]["dataset"]["data"]["_target_"] == "dermaseg_monai.data.reader_cases"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_before_the_disk_cache_the_overlay_says_that_it_comes_too_early(warm: Warm, tmp_path: Path) -> None:
    configs = Path("bundles/baselines/configs")
    files = [configs / f"{name}.json" for name in ("train", "one_reader", "disk_cache")]
    values = {"max_epochs": 1, "output_dir": tmp_path / "out", "cache_dir": tmp_path / "cache", "image_size": 64}
    done = warm.bundle("training", json.dumps([str(file) for file in files]), **values)
    assert "Name one_reader.json or soft_mean.json behind every overlay" in done.error
