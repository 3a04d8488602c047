import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.bundle import output_folder
from dermaseg_monai.bundle.output_folder import evaluation_folder, latest_weights, released_weights, run_folder
from dermaseg_monai.errors import ConfigError


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(output_folder, "project_root", lambda: tmp_path)
    return tmp_path


def test_two_runs_of_one_second_get_two_folders(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_folder.time, "strftime", lambda _: "now")
    first, second = run_folder("mine"), run_folder("mine")
    assert [Path(first).name, Path(second).name] == ["now", "now_1"]
    assert Path(first).parent == root / "runs" / "mine"


def test_a_resumed_run_goes_on_in_its_folder(root: Path) -> None:
    assert run_folder("mine", resume=str(root / "runs/mine/then/last.ckpt")) == str(root / "runs/mine/then")


def test_a_run_resumed_by_its_folder_goes_on_there(root: Path) -> None:
    (root / "then").mkdir()
    assert run_folder("mine", resume=str(root / "then")) == str(root / "then")


@pytest.mark.usefixtures("root")
def test_a_folder_goes_when_nothing_came_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[tuple[Callable[..., None], Path]] = []
    monkeypatch.setattr(output_folder.atexit, "register", lambda *call: at_exit.append(call))
    used, unused = Path(run_folder("mine")), Path(run_folder("mine"))
    (used / "run.json").touch()
    for function, folder in at_exit:
        function(folder)
    assert (used.is_dir(), unused.exists()) == (True, False)


def test_the_newest_weights_are_found(root: Path) -> None:
    for index, name in enumerate(["b", "a"]):
        weights = root / "runs" / "mine" / name / "model.safetensors"
        weights.parent.mkdir(parents=True)
        weights.touch()
        os.utime(weights, (index, index))
    assert latest_weights("mine") == str(root / "runs/mine/a/model.safetensors")


def test_no_weights_says_how_to_get_some(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "mine" / "configs").mkdir(parents=True)
    (root / "mine" / "configs" / "metadata.json").touch()
    monkeypatch.setenv("DERMASEG_BUNDLES", str(root))
    with pytest.raises(ConfigError, match=r"No trained weights in .*make train.*--weights"):
        latest_weights("mine")
    with pytest.raises(ConfigError, match=r"mine ships no weights .*--initial_weights FILE"):
        released_weights("mine")


def test_the_released_weights_are_found() -> None:
    assert released_weights("ba_deeplab").endswith("bundles/ba_deeplab/models/model.safetensors")


def test_an_evaluation_lies_beside_the_weights_and_that_of_shipped_ones_below_runs(root: Path) -> None:
    assert evaluation_folder(str(root / "then/model.safetensors"), "val") == str(root / "then/evaluate_val")
    shipped = root / "bundles/mine/models/model.safetensors"
    assert evaluation_folder(str(shipped), "test") == str(root / "runs/mine/shipped/evaluate_test")


def test_weights_beside_each_other_are_evaluated_into_folders_of_their_names(root: Path) -> None:
    small = root / "bundles/mine/models/model_256px.safetensors"
    assert evaluation_folder(str(small), "test") == str(root / "runs/mine/shipped/evaluate_test_model_256px")
    mean = root / "then/mean.safetensors"
    assert evaluation_folder(str(mean), "single_view") == str(root / "then/evaluate_single_view_mean")
