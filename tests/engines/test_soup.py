import json
import logging
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.engines import average_weights, load_weights, read_metadata, trained_with
from dermaseg_monai.engines.training_record import (
    TRAINING_CASES,
    TrainingCase,
    read_training_cases,
    write_training_cases,
)
from dermaseg_monai.engines.weights import write_weights
from dermaseg_monai.errors import DataError, WeightsError
from dermaseg_monai.files import sha256_of

SAID = {"network": "Net", "encoder": "resnet18", "image_size": "128", "epoch": "3", "val_threshold_jaccard": "0.7"}


def network(value: float, channels: int = 2, steps: int = 5) -> nn.Sequential:
    net = nn.Sequential(nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels))
    with torch.no_grad():
        for tensor in net.state_dict().values():
            tensor.fill_(steps if tensor.dtype == torch.int64 else value)
    return net


def trained(folder: Path, value: float, cases: str | None = "a", said: dict[str, str] = SAID, **shape: int) -> Path:
    folder.mkdir()
    write_weights(folder / "model.safetensors", network(value, **shape), said)
    if cases is not None:
        rows = [TrainingCase("m", "train", one, one, "", "", "") for one in cases]
        write_training_cases(folder / TRAINING_CASES, rows)
    return folder / "model.safetensors"


def test_every_tensor_is_the_mean_and_counters_the_largest(tmp_path: Path) -> None:
    one = trained(tmp_path / "one", 1.0, steps=5)
    two = trained(tmp_path / "two", 2.0, steps=9)
    three = trained(tmp_path / "three", 6.0, steps=7)
    state = load_file(average_weights([one, two, three], tmp_path / "mean"))
    counters = [value for value in state.values() if value.dtype == torch.int64]
    assert [int(counter) for counter in counters] == [9]
    rest = [value for value in state.values() if value.dtype != torch.int64]
    assert len(rest) == 6
    assert all(value.dtype == torch.float32 and bool((value == 3.0).all()) for value in rest)


def test_weights_of_before_there_was_a_choice_are_averaged_with_later_ones(tmp_path: Path) -> None:
    now = SAID | {"rates": "[3, 6, 9]", "hair_removal": "False"}
    mean = average_weights([trained(tmp_path / "one", 1.0), trained(tmp_path / "two", 3.0, said=now)], tmp_path / "m")
    assert read_metadata(mean)["rates"] == "[3, 6, 9]"
    other = trained(tmp_path / "three", 1.0, said=SAID | {"rates": "[6, 12, 18]"})
    with pytest.raises(WeightsError, match=r"rates \[3, 6, 9\] and \[6, 12, 18\]"):
        average_weights([tmp_path / "one" / "model.safetensors", other], tmp_path / "n")


def test_the_mean_of_a_network_with_itself_answers_as_the_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
    for name in ("one", "two"):
        write_weights(tmp_path / name / "model.safetensors", net, SAID)
    paths = [tmp_path / name / "model.safetensors" for name in ("one", "two")]
    mean = load_weights(network(0.0), average_weights(paths, tmp_path / "mean")).eval()
    image = torch.rand(1, 1, 8, 8)
    assert torch.equal(mean(image), net(image))


def test_it_says_what_evaluation_asks_and_which_files_it_is_made_of(tmp_path: Path) -> None:
    one = trained(tmp_path / "one", 1.0)
    two = trained(tmp_path / "two", 2.0, said=SAID | {"epoch": "9", "val_threshold_jaccard": "0.8", "torch": "2.9"})
    mean = average_weights([one, two], tmp_path / "mean")
    assert trained_with(mean, "encoder") == "resnet18"
    assert trained_with(mean, "image_size") == 128
    said = read_metadata(mean)
    assert json.loads(said["averaged"]) == {sha256_of(one)[:12]: 0.5, sha256_of(two)[:12]: 0.5}
    assert "val_threshold_jaccard" not in said  # it was no score of these weights
    assert (said["epoch"], said["metric"]) == ("none", "none")


def test_the_mean_of_a_mean_says_the_share_of_every_training(tmp_path: Path) -> None:
    one, two, three = (trained(tmp_path / name, value) for name, value in (("a", 1.0), ("b", 2.0), ("c", 4.5)))
    mean = average_weights([average_weights([one, two], tmp_path / "pair"), three], tmp_path / "mean")
    parts = {sha256_of(one)[:12]: 0.25, sha256_of(two)[:12]: 0.25, sha256_of(three)[:12]: 0.5}
    assert json.loads(read_metadata(mean)["averaged"]) == parts
    assert float(load_file(mean)["0.weight"].mean()) == 3.0


@pytest.mark.parametrize("said", ["no json", '["50495d519181"]', '{"50495d519181": "half"}', '{"a": null}'])
def test_a_mean_that_does_not_say_its_shares_is_refused(tmp_path: Path, said: str) -> None:
    one, two = trained(tmp_path / "one", 1.0), trained(tmp_path / "two", 2.0, said=SAID | {"averaged": said})
    with pytest.raises(WeightsError, match="of what it is the mean of"):
        average_weights([one, two], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_what_any_of_them_has_seen_stands_beside_it(tmp_path: Path) -> None:
    one, two = trained(tmp_path / "one", 1.0, "ab"), trained(tmp_path / "two", 2.0, "bc")
    mean = average_weights([one, two], tmp_path / "mean")
    assert [row.id for row in read_training_cases(mean) or []] == ["a", "b", "c"]


def test_a_part_of_what_was_seen_is_not_given_for_the_whole(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, silent = trained(tmp_path / "one", 1.0, "ab"), trained(tmp_path / "two", 2.0, None)
    average_weights([one, trained(tmp_path / "three", 1.0, "c")], tmp_path / "mean")
    with caplog.at_level(logging.WARNING):
        mean = average_weights([one, silent], tmp_path / "mean")
    assert read_training_cases(mean) is None
    assert f"What {silent} was trained on is not known" in caplog.text


def test_a_damaged_list_leaves_what_was_there(tmp_path: Path) -> None:
    one, two = trained(tmp_path / "one", 1.0, "a"), trained(tmp_path / "two", 2.0, "b")
    mean = average_weights([one, two], tmp_path / "mean")
    before = sha256_of(mean), sha256_of(mean.with_name(TRAINING_CASES))
    three = trained(tmp_path / "three", 5.0)
    three.with_name(TRAINING_CASES).write_bytes(b"no list")
    with pytest.raises(DataError, match="is damaged"):
        average_weights([one, three], tmp_path / "mean")
    assert (sha256_of(mean), sha256_of(mean.with_name(TRAINING_CASES))) == before


def test_other_precision_and_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    one, broken = trained(tmp_path / "one", 1.0), trained(tmp_path / "broken", float("nan"))
    with pytest.raises(WeightsError, match="not finite"):
        average_weights([one, broken], tmp_path / "mean")
    (tmp_path / "half").mkdir()
    write_weights(tmp_path / "half" / "model.safetensors", network(1.0).half(), SAID)
    with pytest.raises(WeightsError, match=r"torch\.float32 and torch\.float16\. Write both in one precision"):
        average_weights([one, tmp_path / "half" / "model.safetensors"], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


@pytest.mark.parametrize(
    ("said", "channels", "words"),
    [
        (SAID | {"image_size": "192"}, 2, r"were not trained alike: image_size 128 and 192\. Average trainings of one"),
        (SAID | {"hair_removal": "True"}, 2, r"were not trained alike: hair_removal False and True"),
        (SAID, 3, r"are of different networks: .* shape"),
    ],
)
def test_trainings_that_differ_are_refused(tmp_path: Path, said: dict[str, str], channels: int, words: str) -> None:
    one, two = trained(tmp_path / "one", 1.0), trained(tmp_path / "two", 2.0, said=said, channels=channels)
    with pytest.raises(WeightsError, match=words):
        average_weights([one, two], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_one_file_and_the_folder_of_one_of_them_are_refused(tmp_path: Path) -> None:
    one, two = trained(tmp_path / "one", 1.0), trained(tmp_path / "two", 2.0)
    with pytest.raises(WeightsError, match="Give two files or more"):
        average_weights([one], tmp_path / "mean")
    (tmp_path / "link").symlink_to(one.parent)
    with pytest.raises(WeightsError, match="is given twice"):
        average_weights([one, two, tmp_path / "link" / "model.safetensors"], tmp_path / "mean")
    before = sha256_of(one)
    with pytest.raises(WeightsError, match="where the mean would be written"):
        average_weights([one, two], tmp_path / "one")
    assert sha256_of(one) == before


def test_the_command_takes_folders_and_files(tmp_path: Path) -> None:
    one, two = trained(tmp_path / "one", 1.0), trained(tmp_path / "two", 3.0)
    done = CliRunner().invoke(app, ["average", str(one.parent), str(two), "--out", str(tmp_path / "mean")])
    assert done.exit_code == 0, done.output
    assert "the mean of 2 files" in done.output
    assert all(
        float(value.float().mean()) in {2.0, 5.0} for value in load_file(tmp_path / "mean/model.safetensors").values()
    )
