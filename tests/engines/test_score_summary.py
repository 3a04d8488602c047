import json
import shutil
from pathlib import Path

import pytest
from ignite.engine import Engine

from dermaseg_monai.agreement import HumanCeiling
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.engines import ScoreSummaryFile
from dermaseg_monai.images import read_mask
from dermaseg_monai.manifest import Manifest
from dermaseg_monai.metrics import score_case


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo") / "set", n=12, seed=0)


def evaluated(demo: Path, folder: Path, manifest: Path, *, predictions: bool = True) -> Engine:
    """End an evaluation of the test cases whose predictions are the masks of the reader `tight`."""
    people = HumanCeiling(manifest, demo.parent, margin_dice=0.05, tolerance_px=2.0, seed=0)
    engine = Engine(lambda _engine, _batch: None)
    ScoreSummaryFile(folder, manifest=manifest, seed=0, people=people).attach(engine)
    scores = []
    for case in Manifest.load(demo).in_split("test"):
        assert case.reference is not None
        path = demo.parent / f"annotations/tight/{case.id}.png"
        label = read_mask(demo.parent / case.reference.mask.path)
        scores.append(score_case(read_mask(path), label, case_id=case.id, both_empty=1.0, surface=False))
        if predictions:
            (folder / "masks").mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / "masks")
    engine.state.case_scores = scores  # type: ignore[attr-defined]
    engine.run([0])
    return engine


def test_an_evaluation_says_how_far_people_agree_on_its_images(demo: Path, tmp_path: Path) -> None:
    evaluated(demo, tmp_path, demo)
    found = json.loads((tmp_path / "ceiling.json").read_text())["ceiling"]
    assert found["n_images"] == len(list(Manifest.load(demo).in_split("test")))
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("| score")
    assert found["sentence"] in summary
    assert "Within human range: not shown" in summary  # a handful of images shows nothing


def test_an_evaluation_without_readers_says_nothing_of_people(demo: Path, tmp_path: Path) -> None:
    content = json.loads(demo.read_text())
    for case in content["cases"]:
        case["annotations"] = [one for one in case["annotations"] if one.get("role", "reference") == "reference"]
    alone = tmp_path / "alone.json"
    alone.write_text(json.dumps(content))
    evaluated(demo, tmp_path, alone)
    assert "people" not in (tmp_path / "summary.md").read_text()
    assert not (tmp_path / "ceiling.json").exists()


def test_a_comparison_that_fails_does_not_cost_the_figures(
    demo: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    evaluated(demo, tmp_path, demo, predictions=False)
    assert (tmp_path / "summary.json").is_file()
    assert "No comparison with people" in caplog.text
