"""Every network of every bundle trains, is evaluated and predicts, as a user starts it, without code in sheets."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from dermaseg_monai.engines import load_weights, read_metadata
from dermaseg_monai.images import read_mask
from tests.bundles.commands import Runs, Warm
from tests.bundles.networks import NETWORKS, OF_VOLUMES, OVERLAYS, Network

Trained = Callable[[Network], Path]


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for the overlays that the tests write."""
    return tmp_path_factory.mktemp("sheets")


@pytest.fixture(scope="module")
def trained(warm: Warm, sheets: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train a network for two steps, once; return the folder of the run."""
    done: dict[Network, Path] = {}

    def train(network: Network) -> Path:
        if network not in done:
            out = tmp_path_factory.mktemp(str(network)) / "run"
            ended = warm.bundle("training", network.sheets("train", sheets), output_dir=out, **network.two_steps)
            assert ended.code == 0, ended.err
            done[network] = out
        return done[network]

    return train


def class_of(network: Network, sheets: Path) -> str:
    config: dict[str, dict[str, str]] = {}
    for path in json.loads(network.sheets("train", sheets)):
        config |= {key: value for key, value in json.loads(Path(path).read_text()).items() if key == "network_def"}
    return config["network_def"]["_target_"].rpartition(".")[2]


def check_training(network: Network, trained: Trained, sheets: Path) -> None:
    folder = trained(network)
    found = read_metadata(folder / "model.safetensors")
    assert (found["bundle"], found["network"]) == (network.bundle, class_of(network, sheets))
    assert (folder / "last.ckpt").is_file()
    logged = json.loads((folder / "run.json").read_text())
    assert logged


@pytest.mark.parametrize("network", [Network("deeplabv3"), Network("baselines", "unet")], ids=str)
def test_a_bundle_trains_for_two_steps(network: Network, trained: Trained, sheets: Path) -> None:
    check_training(network, trained, sheets)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_network_trains_is_evaluated_and_predicts(
    warm: Warm, sheets: Path, trained: Trained, network: Network
) -> None:
    check_training(network, trained, sheets)
    folder = trained(network)
    weights = folder / "model.safetensors"
    done = warm.bundle("evaluating", network.sheets("train", sheets, "evaluate"), weights=weights)
    assert done.code == 0, done.err
    manifest = json.loads(network.manifest(warm.checkout).read_text())
    cases = [case["id"] for case in manifest["cases"] if case["split"] == "test"]
    scored = (folder / "evaluate_test" / "cases.csv").read_text().splitlines()
    assert len(scored) == 1 + len(cases)
    done = warm.bundle("run", network.sheets("inference", sheets), weights=weights, output_dir=folder / "predicted")
    assert done.code == 0, done.err
    for case in cases:
        name = network.mask_name(case)
        one, other = (read_mask(folder / place / "masks" / name) for place in ("evaluate_test", "predicted"))
        assert np.array_equal(one, other)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("network", [Network("unet_ham10000"), *OF_VOLUMES], ids=str)
def test_a_network_is_verified_and_exported_by_monai(
    warm: Warm, sheets: Path, trained: Trained, tmp_path: Path, network: Network
) -> None:
    folder = trained(network)
    files = network.sheets("inference", sheets)
    weights = folder / "model.safetensors"
    described = [f"--meta_file=bundles/{network.bundle}/configs/metadata.json", f"--config_file={files}"]
    described.append(f"--weights={weights}")
    done = warm("-m", "monai.bundle", "verify_net_in_out", "network_def", *described, "--n=2", "--device=cpu")
    assert done.code == 0, done.err
    built: Any = ConfigParser.load_config_files([str(warm.checkout / file) for file in json.loads(files)])
    plain = load_weights(ConfigParser(built).get_parsed_content("network_def"), weights).eval()
    image = torch.rand(1, 1, 32, 32, 32) if network.of_volumes else torch.rand(1, 3, 64, 64)
    shape = json.dumps(list(image.shape)).replace(" ", "")
    described += [
        f"--ckpt_file={folder / 'model.pt'}",
        "--key_in_ckpt=model",
        "--use_trace=True",
        f"--input_shape={shape}",
    ]
    with torch.no_grad():
        expected = plain(image)
    done = warm("-m", "monai.bundle", "ckpt_export", "network_def", f"--filepath={tmp_path / 'model.ts'}", *described)
    assert done.code == 0, done.err
    torch.testing.assert_close(torch.jit.load(tmp_path / "model.ts")(image), expected, rtol=1e-4, atol=1e-4)
    onnxruntime = pytest.importorskip("onnxruntime")
    kept = {"input_names": ["input_0"], "output_names": ["output_0"], "dynamo": False}
    onnx = [f"--filepath={tmp_path / 'model.onnx'}", *described, f"--converter_kwargs={kept}"]
    done = warm("-m", "monai.bundle", "onnx_export", "network_def", *onnx)
    assert done.code == 0, done.err
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"input_0": image.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-3, atol=1e-3)


def test_an_evaluation_with_the_wrong_overlay_names_keys_shapes_and_the_network(
    warm: Warm, sheets: Path, trained: Trained
) -> None:
    weights = trained(Network("baselines", "unet")) / "model.safetensors"
    wrong = Network("baselines", "segnet")
    for files in (wrong.sheets("train", sheets, "evaluate"), wrong.sheets("inference", sheets)):
        error = warm.bundle("run", files, weights=weights).error
        assert "was not made for this SegNet: of its tensors" in error
        assert "missing (" in error
        assert "of another shape (" in error
        assert "holds a UNet: use the sheets of the bundle baselines" in error
        assert "with the overlay of UNet (configs/networks) directly after the sheet" in error


def test_weights_of_another_bundle_name_theirs(warm: Warm, sheets: Path, trained: Trained) -> None:
    weights = trained(Network("deeplabv3")) / "model.safetensors"
    error = warm.bundle("run", Network("baselines", "unet").sheets("inference", sheets), weights=weights).error
    assert "holds a DeepLabV3: use the sheets of the bundle deeplabv3" in error


@pytest.mark.parametrize("network", [Network("deeplabv3"), Network("baselines", "unet")], ids=str)
def test_a_loss_is_chosen_by_the_same_key_and_an_unknown_one_refused(
    warm: Warm, sheets: Path, tmp_path: Path, network: Network
) -> None:
    files = network.sheets("train", sheets)
    assert (
        "overlap 'ce_dise' is unknown. Did you mean ce_dice?"
        in warm.bundle("training", files, **{"loss#overlap": "ce_dise", "output_dir": tmp_path / "out"}).error
    )
    assert not (tmp_path / "out").exists()
    error = warm.bundle("training", files, **{"loss#overlapp": "dice", "output_dir": tmp_path / "out"}).error
    assert "Unknown key --loss#overlapp" in error
    assert "Did you mean --loss::overlap?" in error


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("overlap", ["dice", "weighted_ce", "lovasz", "boundary"])
def test_a_bundle_trains_with_every_loss_of_its_own(warm: Warm, sheets: Path, tmp_path: Path, overlap: str) -> None:
    network = Network("baselines", "unet")
    values = {**network.two_steps, "loss#overlap": overlap, "output_dir": tmp_path / "out"}
    done = warm.bundle("training", network.sheets("train", sheets), **values)
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "model.safetensors").is_file()


@pytest.mark.slow
def test_ba_deeplab_takes_the_weights_of_its_training_masks(warm: Warm, tmp_path: Path) -> None:
    network = Network("ba_deeplab")
    values = {**network.two_steps, "loss#overlap": "weighted_ce", "output_dir": tmp_path / "out"}
    done = warm.bundle("training", network.sheets("train", tmp_path), **values)
    assert done.code == 0, done.err


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_auxiliary_head_is_trained_logged_and_asked_for_again(
    warm: Warm, sheets: Path, store: str, runs_of: Runs, tmp_path: Path
) -> None:
    network, with_head = Network("deeplabv3"), {"network_def#auxiliary_head": True}
    values = {**network.two_steps, **with_head, "output_dir": tmp_path / "out", "tracking_uri": store}
    done = warm.bundle("training", network.sheets("train", sheets), **values)
    assert done.code == 0, done.err
    (run,) = runs_of(store)
    assert {"train_loss/overlap", "train_loss/aux"} <= set(run.data.metrics)
    weights = {"weights": tmp_path / "out" / "model.safetensors", "tracking_uri": store}
    files = network.sheets("train", sheets, "evaluate")
    error = warm.bundle("evaluating", files, **weights).error
    assert re.search(r"was not made for this DeepLabV3: of its tensors \d+ unknown \(aux_classifier\.", error), error
    done = warm.bundle("evaluating", files, **weights, **with_head)
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "evaluate_test" / "summary.json").is_file()


def test_every_overlay_is_tested_and_there_are_the_eight_of_the_study() -> None:
    assert {str(network) for network in OVERLAYS} == {
        "unet", "encoder_unet", "attention_unet", "unet_plus_plus", "segnet", "swin_unet_lite", "segformer_lite",
        "deeplabv3_plus",
    }  # fmt: skip
