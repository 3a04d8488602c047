"""One command, word for word, from the checkout, from the bundle's folder and from anywhere else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bundles.commands import Runs, Warm
from tests.bundles.networks import Network

HELP = """
import resource, runpy, sys
sys.argv = ["dermaseg", "--help"]
try:
    runpy.run_module("dermaseg_monai", run_name="__main__")
except SystemExit:
    pass
used = resource.getrusage(resource.RUSAGE_SELF)
print("torch" in sys.modules, "monai" in sys.modules, used.ru_utime + used.ru_stime)
"""
SHORT = {"max_epochs": 1, "image_size": 32, "batch_size": 4, "experiment": "three_folders"}


PLACES = ("checkout", "bundle", "elsewhere", "elsewhere with DERMASEG_BUNDLES")
VALUES = {
    "ba_deeplab": {},
    "unet_ham10000": {"network_def#widths": "[4,8,16]"},
    "unet3d": {**Network("unet3d").two_steps, "batch_size": 1},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "name", ["ba_deeplab", *(pytest.param(name, marks=pytest.mark.slow) for name in ("unet_ham10000", "unet3d"))]
)
def test_a_training_finds_bundle_data_and_store_from_any_folder(
    warm: Warm, tmp_path: Path, runs_of: Runs, name: str, place: str
) -> None:
    root = warm.checkout
    bundle = root / "bundles" / name
    here, sheet, env = {
        "checkout": (root, f"bundles/{name}/configs/train.json", {}),
        "bundle": (bundle, "configs/train.json", {}),
        "elsewhere": (tmp_path, bundle / "configs" / "train.json", {}),
        "elsewhere with DERMASEG_BUNDLES": (
            tmp_path,
            bundle / "configs/train.json",
            {"DERMASEG_BUNDLES": bundle.parent},
        ),
    }[place]
    before = set((root / "runs" / name).glob("*"))
    env = {key: str(value) for key, value in env.items()}
    done = warm.bundle("training", sheet, cwd=here, env=env, **{**SHORT, **VALUES[name]})
    assert done.code == 0, done.err
    (folder,) = set((root / "runs" / name).glob("*")) - before
    assert (folder / "model.safetensors").is_file()
    assert f"mlflow ui --backend-store-uri sqlite:///{root}/mlflow.db" in done.out
    assert runs_of(f"sqlite:///{root}/mlflow.db")[-1].info.status == "FINISHED"
    assert list(tmp_path.iterdir()) == []
    assert sorted(path.name for path in bundle.iterdir()) == ["LICENSE", "configs", "docs"]


@pytest.mark.slow
def test_a_python_that_is_not_warm_does_the_same(checkout: Path, cold: dict[str, str], tmp_path: Path) -> None:
    words = ["run", "training", "--config_file=bundles/ba_deeplab/configs/train.json", f"--output_dir={tmp_path}/out"]
    command = [sys.executable, "-m", "monai.bundle", *words, *(f"--{key}={value}" for key, value in SHORT.items())]
    done = subprocess.run(command, cwd=checkout, env=cold, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model.safetensors").is_file()


@pytest.mark.slow
def test_a_python_that_is_not_warm_says_an_error_in_the_same_line(checkout: Path, cold: dict[str, str]) -> None:
    words = ["run", "training", "--config_file=bundles/ba_deeplab/configs/train.json", "--epoch=9"]
    command = [sys.executable, "-m", "monai.bundle", *words]
    done = subprocess.run(command, cwd=checkout, env=cold, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("dermaseg: error: Unknown key --epoch")
    assert "Traceback" not in done.stderr


def test_help_takes_under_half_a_second_and_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)  # noqa: S603
    torch, monai, seconds = done.stdout.splitlines()[-1].split()
    assert "Skin lesion segmentation" in done.stdout
    assert (torch, monai) == ("False", "False")
    assert float(seconds) < 0.5
