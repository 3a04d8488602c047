import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from monai.transforms import EnsureChannelFirstd, LoadImaged
from monai.transforms.compose import Compose
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data import Fitd, LesionReader, MaskReader, cases
from dermaseg_monai.images import write_mask, write_rgb
from dermaseg_monai.manifest import Manifest, index_folder, prepare

PATIENCE_S = 240.0


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def make_set(root: Path, *, n: int, height: int = 300, width: int = 400) -> Path:
    """JPEGs of noise with masks, and their manifest."""
    rng = np.random.default_rng(0)
    for number in range(n):
        write_rgb(root / "images" / f"{number:03}.jpg", rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        mask = np.zeros((height, width), dtype=bool)
        mask[height // 4 : -height // 4, width // 4 : -width // 4] = True
        write_mask(root / "masks" / f"{number:03}.png", mask)
    index_folder(root).save(root / "manifest.json")
    return root / "manifest.json"


@pytest.mark.slow
def test_training_reads_what_was_prepared(tmp_path: Path) -> None:
    manifest = make_set(tmp_path / "set", n=3)
    out = tmp_path / "small"
    done = CliRunner().invoke(app, ["data", "prepare", str(manifest), "--size", "64", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert f"Wrote {out / 'manifest.json'}: 3 cases, digest" in done.output
    load = Compose(
        [
            LoadImaged("image", reader=LesionReader(), image_only=True, dtype=None),  # pyright: ignore[reportArgumentType]
            LoadImaged("label", reader=MaskReader(), image_only=True, dtype=None),  # pyright: ignore[reportArgumentType]
            EnsureChannelFirstd(("image", "label")),
            Fitd(("image", "label"), 32),
        ]
    )
    samples = cases(out / "manifest.json", out, "train")
    loaded: Any = load(samples[0])
    assert [sample["case_id"] for sample in samples] == ["000", "001", "002"]
    assert (loaded["image"].shape, np.asarray(loaded["label"]).mean()) == ((3, 32, 32), 0.25)


@pytest.mark.slow
def test_bad_images_are_named_at_the_end_with_exit_code_1(tmp_path: Path) -> None:
    manifest = make_set(tmp_path / "set", n=3)
    (tmp_path / "set" / "images" / "001.jpg").unlink()
    out = tmp_path / "small"
    command = ["data", "prepare", str(manifest), "--size", "64", "--out", str(out)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "Left out: 001: " in done.output
    assert "1 of 3 cases are left out." in done.output
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 1
    assert "2 cases, 2 of them from before" in again.output


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_run_goes_on_and_leaves_no_worker_behind(tmp_path: Path) -> None:
    manifest = make_set(tmp_path / "set", n=4)
    last = tmp_path / "set" / "images" / "003.jpg"
    last.rename(tmp_path / "last.jpg")
    os.mkfifo(last)  # whoever reads it waits for ever
    out, journal = tmp_path / "small", tmp_path / "small" / "journal.jsonl"
    words = ["data", "prepare", str(manifest), "--size", "64", "--out", str(out)]
    command = [sys.executable, "-m", "dermaseg_monai", *words]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    wait_for(lambda: journal.is_file() and journal.read_text().count('"id"') == 3)
    children = psutil.Process(started.pid).children(recursive=True)
    assert children
    started.kill()
    started.wait()
    wait_for(lambda: not any(map(is_alive, children)))
    assert not (out / "manifest.json").exists()
    (tmp_path / "last.jpg").replace(last)
    again = prepare(Manifest.load(manifest), manifest.parent, out, short_side_px=64, workers=1)
    assert (again.n_ready, again.faults) == (3, ())
    assert [case.image.size_px for case in again.manifest.cases] == [(64, 85)] * 4


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
