from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest import Manifest


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("consensus") / "demo", n=4, seed=0)


def test_the_demo_set_gets_a_consensus_of_its_three_annotators(demo: Path) -> None:
    before = demo.read_bytes()
    out = demo.parent / "consensus"
    words = ["agreement", "consensus", "--manifest", demo, "--out", out, "--method", "majority", "--tie", "refuse"]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    assert "Cases with 3 readers:" in done.output
    assert f"Wrote {out / 'manifest.json'}; its paths start from {demo.parent}" in done.output
    assert "WARNING" not in done.output
    assert demo.read_bytes() == before
    case = Manifest.load(out / "manifest.json").cases[0]
    assert case.annotations[-1].annotator == "majority (ties refuse): tight, loose, noisy"
    votes = sum(read_mask(demo.parent / one.mask.path).astype(int) for one in case.annotations if one.role == "reader")
    np.testing.assert_array_equal(read_mask(demo.parent / case.annotations[-1].mask.path), votes >= 2)


def test_a_case_that_fails_is_named_and_the_exit_code_is_one(tmp_path: Path) -> None:
    manifest = make_demo(tmp_path / "demo", n=3, seed=0)
    (manifest.parent / "annotations/tight/demo_0001.png").write_bytes(b"")
    words = ["agreement", "consensus", "--manifest", manifest, "--out", tmp_path / "out", "--method", "mean"]
    done = CliRunner().invoke(app, [*map(str, words), "--tie", "skin"])
    assert done.exit_code == 1
    assert "Failed: demo_0001: " in done.output
    cases = Manifest.load(tmp_path / "out/manifest.json").cases
    assert [case.annotations[-1].role for case in cases].count("consensus") == 2


def test_weights_are_asked_for(demo: Path) -> None:
    words = ["agreement", "consensus", "--manifest", demo, "--out", demo.parent / "w", "--method", "weighted"]
    done = CliRunner().invoke(app, [*map(str, words), "--tie", "skin"])
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception) == "--method weighted needs --weights CSV (or pooled)."
