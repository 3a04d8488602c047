"""What a trained bundle gives: a tracked run, scores, masks of the original size, exported networks."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from dermaseg_monai.engines import load_weights, read_metadata, read_weights
from dermaseg_monai.networks import BADeepLabV3
from dermaseg_monai.predict import Segmenter
from tests.bundles.commands import EVALUATE, INFERENCE, METADATA, TRAIN, Runs, Warm


def sizes(manifest: Path, split: str) -> dict[str, tuple[int, int]]:
    cases = [case for case in json.loads(manifest.read_text())["cases"] if case["split"] == split]
    return {case["id"]: tuple(case["image"]["size_px"]) for case in cases}


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def evaluated(warm: Warm, trained: Path) -> Path:
    """Folder of the evaluation of the trained weights on the test split, data and places by default."""
    done = warm.bundle("run", f"['{TRAIN}','{EVALUATE}']", weights=trained / "model.safetensors")
    assert done.code == 0, done.err
    return trained / "evaluate_test"


@pytest.fixture(scope="module")
def network(trained: Path) -> torch.nn.Module:
    return load_weights(BADeepLabV3("mobilenet_v2"), trained / "model.safetensors").eval()


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))


def test_a_training_leaves_weights_that_say_how_they_were_made(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert {"model.safetensors", "model.pt", "last.ckpt", "run.json", "training_cases.csv.gz"} <= names
    found = read_metadata(trained / "model.safetensors")
    expected = {"bundle": "ba_deeplab", "encoder": "mobilenet_v2", "output_stride": "16", "image_size": "64"}
    assert {key: found[key] for key in expected} == expected


def test_a_training_goes_on_from_weights_with_the_network_that_they_say(
    warm: Warm, trained: Path, tmp_path: Path
) -> None:
    sheets = f"['{TRAIN}','{TRAIN.replace('train.json', 'fine_tune.json')}']"
    values = {"initial_weights": trained / "model.safetensors", "max_epochs": 1, "batch_size": 4}
    done = warm.bundle("run", sheets, **values, output_dir=tmp_path / "out")
    assert done.code == 0, done.err
    before, after = (read_metadata(folder / "model.safetensors") for folder in (trained, tmp_path / "out"))
    assert {key: after[key] for key in ("encoder", "image_size", "rates")} == {
        key: before[key] for key in ("encoder", "image_size", "rates")
    }
    assert f"--config_file {tmp_path / 'out' / 'config.json'} --resume {tmp_path / 'out' / 'last.ckpt'}" in done.out


def test_both_weights_files_hold_the_same(trained: Path) -> None:
    one, other = read_weights(trained / "model.safetensors"), read_weights(trained / "model.pt")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_training_and_evaluation_are_finished_runs_of_the_store_beside_runs(
    checkout: Path, evaluated: Path, runs_of: Runs
) -> None:
    runs = runs_of(f"sqlite:///{checkout}/mlflow.db")
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert any("val_threshold_jaccard" in run.data.metrics for run in runs)
    assert any("dice" in name and "test" in name for run in runs for name in run.data.metrics)
    assert evaluated.is_dir()


def test_evaluation_says_how_far_people_agree_on_the_same_images(evaluated: Path, tiny: Path) -> None:
    found = json.loads((evaluated / "ceiling.json").read_text())["ceiling"]
    assert found["n_images"] == len(sizes(tiny, "test"))
    assert found["sentence"] in (evaluated / "summary.md").read_text()
    assert "surface_dice within 2 px; boundary_iou of bands of 2 px." in (evaluated / "summary.md").read_text()
    assert set(table(evaluated / "ceiling.csv")) == set(sizes(tiny, "test"))


def test_evaluation_gives_masks_at_original_size_a_row_per_image_and_a_summary(evaluated: Path, tiny: Path) -> None:
    expected = sizes(tiny, "test")
    rows = table(evaluated / "cases.csv")
    assert set(rows) == set(expected)
    for case_id, size_px in expected.items():
        mask = pixels(evaluated / "masks" / f"{case_id}.png")
        assert mask.shape == size_px
        assert set(np.unique(mask)) <= {0, 255}
        assert 0 <= float(rows[case_id]["dice"]) <= 1
    summary = json.loads((evaluated / "summary.json").read_text())
    mean = sum(float(row["dice"]) for row in rows.values()) / len(rows)
    assert summary["scores"]["dice"]["mean"] == pytest.approx(mean, abs=1e-6)


def test_inference_on_a_manifest_writes_every_picture_at_original_size_and_python_gives_the_same(
    warm: Warm, trained: Path, tiny: Path, tmp_path: Path, evaluated: Path
) -> None:
    done = warm.bundle("run", INFERENCE, weights=trained / "model.safetensors", output_dir=tmp_path / "out")
    assert done.code == 0, done.err
    for case_id, size_px in sizes(tiny, "test").items():
        for part in ("masks", "probabilities", "overlays"):
            assert pixels(tmp_path / "out" / part / f"{case_id}.png").shape[:2] == size_px
        one, other = (pixels(folder / "masks" / f"{case_id}.png") for folder in (tmp_path / "out", evaluated))
        assert np.array_equal(one, other)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["failed"] == 0
    segment = Segmenter.load(trained / "model.safetensors", overrides={"device": "cpu"})
    for case in json.loads(tiny.read_text())["cases"]:
        if case["split"] == "test":
            found, name = segment(tiny.parent / case["image"]["path"]), f"{case['id']}.png"
            assert np.array_equal(found.mask, pixels(tmp_path / "out" / "masks" / name) > 0)
            for part, values in (("probabilities", found.probability), ("uncertainty", found.uncertainty)):
                assert values is not None
                assert np.allclose(values, pixels(tmp_path / "out" / part / name) / 65535, atol=1e-4)


def test_inference_takes_pictures_of_different_sizes_in_batches(warm: Warm, trained: Path, tmp_path: Path) -> None:
    expected = {"wide": (40, 90), "high": (120, 50), "small": (33, 33)}
    for name, (height, width) in expected.items():
        pixels_of = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(pixels_of).save(tmp_path / "images" / f"{name}.png")
    values = {"images": tmp_path / "images", "weights": trained / "model.safetensors", "output_dir": tmp_path / "out"}
    done = warm.bundle("run", INFERENCE, batch_size=2, **values)
    assert done.code == 0, done.err
    assert {path.stem: pixels(path).shape for path in (tmp_path / "out" / "masks").iterdir()} == expected


def test_a_broken_jpeg_in_a_folder_costs_one_row_only(warm: Warm, trained: Path, tiny: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for case in json.loads(tiny.read_text())["cases"][:2]:
        shutil.copy(tiny.parent / case["image"]["path"], images)
    whole = next(images.iterdir())
    rows, columns = np.mgrid[:90, :120]
    Image.fromarray((rows[..., None] + columns[..., None] + np.arange(3)).astype(np.uint8)).save(tmp_path / "whole.jpg")
    (images / "broken.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:700])
    out = tmp_path / "out"
    done = warm.bundle("run", INFERENCE, images=images, weights=trained / "model.safetensors", output_dir=out)
    assert done.code == 0, done.err
    found = table(out / "cases.csv")
    assert len(found) == 3
    assert (found["broken"]["status"], found["broken"]["image"]) == ("failed", "broken.jpg")
    assert "broken.jpg" in found["broken"]["reason"]
    assert found[whole.stem]["status"] == "ok"
    assert done.out.rstrip().endswith(f"Open {out / 'index.html'} in a browser: every outline, the least sure first.")
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.index("broken.jpg") < page.index(f"<b>{whole.name}</b>")
    assert "Uncertainty of" in page
    assert {path.stem for path in (out / "masks").iterdir()} == set(found) - {"broken"}
    assert json.loads((out / "run.json").read_text())["failed"] == 1


def test_monai_verifies_what_goes_into_the_network_and_comes_out(warm: Warm, trained: Path) -> None:
    described = [f"--meta_file={METADATA}", f"--config_file={INFERENCE}", f"--weights={trained / 'model.safetensors'}"]
    done = warm("-m", "monai.bundle", "verify_net_in_out", "network_def", *described, "--n=2", "--device=cpu")
    assert done.code == 0, done.err
    assert "verified" in done.out + done.err


def export(trained: Path, command: str, filepath: Path, *more: str) -> list[str]:
    described = [f"--meta_file={METADATA}", f"--config_file={INFERENCE}", f"--ckpt_file={trained / 'model.pt'}"]
    words = ["-m", "monai.bundle", command, "network_def", f"--filepath={filepath}", "--key_in_ckpt=model"]
    return [*words, *described, f"--weights={trained / 'model.safetensors'}", *more]


def test_the_traced_network_gives_what_the_network_gives(
    warm: Warm, trained: Path, network: torch.nn.Module, image: torch.Tensor, tmp_path: Path
) -> None:
    words = export(trained, "ckpt_export", tmp_path / "model.ts", "--use_trace=True", "--input_shape=[1,3,128,128]")
    done = warm(*words)
    assert done.code == 0, done.err
    traced = torch.jit.load(tmp_path / "model.ts")
    with torch.no_grad():
        for given in (image, torch.cat([image.mT, image.mT.flip(0)])):
            torch.testing.assert_close(traced(given), network(given), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_onnxruntime_gives_what_the_network_gives(
    warm: Warm, trained: Path, network: torch.nn.Module, image: torch.Tensor, tmp_path: Path
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    axes = {0: "b", 2: "h", 3: "w"}
    kept = {
        "dynamic_axes": {"input_0": axes, "output_0": axes},
        "input_names": ["input_0"],
        "output_names": ["output_0"],
        "dynamo": False,
    }
    # without --use_trace MONAI keeps these arguments from the exporter, and the network takes one image at a time
    options = ["--use_trace=True", "--input_shape=[1,3,128,128]", f"--converter_kwargs={kept}"]
    done = warm(*export(trained, "onnx_export", tmp_path / "model.onnx", *options))
    assert done.code == 0, done.err
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for given in (image, torch.cat([image.mT, image.mT])):
        (found,) = session.run(None, {"input_0": given.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(found), network(given), rtol=1e-3, atol=1e-3)


@pytest.fixture
def contaminated(tiny: Path, tmp_path: Path) -> Path:
    """The manifest with a training case moved to the test side, where only it stands."""
    manifest = json.loads(tiny.read_text())
    first = next(case for case in manifest["cases"] if case["split"] == "train")
    manifest["cases"] = [{**first, "split": "test"}]
    (tmp_path / "contaminated.json").write_text(json.dumps(manifest))
    return tmp_path / "contaminated.json"


def test_weights_are_not_scored_on_what_they_were_trained_on_unless_told(
    warm: Warm, trained: Path, contaminated: Path, tmp_path: Path
) -> None:
    values = {"weights": trained / "model.safetensors", "manifest": contaminated, "output_dir": tmp_path / "out"}
    done = warm.bundle("run", f"['{TRAIN}','{EVALUATE}']", **values)
    assert "1 of 1 test cases of demo-20-seed1 were seen in the training of" in done.error
    assert not (tmp_path / "out" / "run.json").exists()
    done = warm.bundle("run", f"['{TRAIN}','{EVALUATE}']", allow_leaks=True, **values)
    assert done.code == 0, done.err
    about = json.loads((tmp_path / "out" / "run.json").read_text())["about"]
    assert about == {"split": "test", "allow_leaks": True, "seen_in_training": {"checked": True, "cases": 1}}


def test_an_evaluation_says_that_nothing_leaked(evaluated: Path) -> None:
    about = json.loads((evaluated / "run.json").read_text())["about"]
    assert about == {"split": "test", "allow_leaks": False, "seen_in_training": {"checked": True, "cases": 0}}


def test_an_evaluation_of_another_manifest_does_not_go_over_an_earlier_one(  # noqa: PLR0917 (fixtures)
    warm: Warm, trained: Path, evaluated: Path, tiny: Path, tmp_path: Path, store: str, runs_of: Runs
) -> None:
    manifest = json.loads(tiny.read_text())
    test = [case for case in manifest["cases"] if case["split"] == "test"]
    manifest["cases"] = test[:1]
    (tmp_path / "first.json").write_text(json.dumps(manifest))
    before = {path: path.read_bytes() for path in evaluated.rglob("*.*")}
    files, values = f"['{TRAIN}','{EVALUATE}']", {"weights": trained / "model.safetensors", "tracking_uri": store}
    error = warm.bundle("run", files, manifest=tmp_path / "first.json", dataset_dir=tiny.parent, **values).error
    assert f"{evaluated} holds the prediction of manifest demo-20-seed1 (digest " in error
    assert "first.json (demo-20-seed1, digest " in error
    assert "--output_dir" in error
    assert {path: path.read_bytes() for path in evaluated.rglob("*.*")} == before
    assert runs_of(store) == []
    done = warm.bundle("run", files, **values)
    assert done.code == 0, done.err
    assert table(evaluated / "cases.csv").keys() == {case["id"] for case in test}
