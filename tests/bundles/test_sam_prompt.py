"""The bundle that trains nothing: SAM with all prompts on a drawn set, as its sheet says."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from monai.bundle import ConfigWorkflow

from dermaseg_monai.images import read_mask, write_mask
from dermaseg_monai.manifest import Case, Manifest
from dermaseg_monai.metrics import read_scores, score_case
from dermaseg_monai.metrics.case_rows import read_rows
from dermaseg_monai.report.predictions import read_run
from tests.bundles.commands import Runs, Warm
from tests.prompting.tiny_sam import save_tiny_sam

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "sam_prompt" / "configs"
GIVEN = ("given_box", "given_box_jitter_10px", "given_box_jitter_30px", "given_points_1", "given_points_3")
AUTOMATIC = ("automatic_network_box", "automatic_classical_box", "automatic_whole_image")
MASKS = ("automatic_network_mask", "automatic_classical_mask")

pytestmark = pytest.mark.filterwarnings(
    "ignore:parsing config_file:UserWarning",
    # MONAI 1.6 on the default of its own DataLoader and on NumPy's scalars
    "ignore:.*:DeprecationWarning:monai.*",
    "ignore:.*:FutureWarning:monai.*",
)


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_sam(tmp_path_factory.mktemp("sam"))


@pytest.fixture(scope="module")
def cases(tiny: Path) -> tuple[Case, ...]:
    return Manifest.load(tiny).in_split("test")


@pytest.fixture(scope="module")
def predictions(tiny: Path, cases: tuple[Case, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for our network: the reference mask moved by 6 px to the right; nothing for the last case."""
    folder = tmp_path_factory.mktemp("predictions")
    for case in cases[:-1]:
        write_mask(folder / "masks" / f"{case.id}.png", np.roll(label_of(tiny, case), 6, axis=1))
    return folder


def label_of(tiny: Path, case: Case) -> np.ndarray:
    assert case.reference is not None
    return read_mask(tiny.parent / case.reference.mask.path)


def values(tiny: Path, sam: Path, predictions: Path, out: Path) -> dict[str, Any]:
    about = {"manifest": tiny, "dataset_dir": tiny.parent, "checkpoint": sam, "predictions": predictions}
    about |= {"output_dir": out / "run"}
    return {key: str(value) for key, value in about.items()} | {
        "tracking_uri": f"sqlite:///{out}/mlflow.db", "device": "cpu",
    }  # fmt: skip


@pytest.fixture(scope="module")
def out(tiny: Path, sam: Path, predictions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one evaluation of the sheet, with evaluation of code switched off."""
    folder = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        # MONAI reads the variable when it is imported
        patch.setattr("monai.bundle.config_item.ConfigExpression.run_eval", False)
        found = ConfigWorkflow(
            config_file=str(CONFIGS / "evaluate.json"),
            meta_file=str(CONFIGS / "metadata.json"),
            workflow_type="infer",
            **values(tiny, sam, predictions, folder),
        )
        found.initialize()
        assert found.check_properties() == []
        found.run()
    return folder / "run"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_kind_of_prompt_leaves_a_prediction_folder_that_others_can_read(
    out: Path, cases: tuple[Case, ...]
) -> None:
    assert {path.name for path in out.iterdir() if path.is_dir()} == {*GIVEN, *AUTOMATIC}
    for name in (*GIVEN, *AUTOMATIC):
        assert [row.case_id for row in read_rows(out / name)] == [case.id for case in cases]
        assert len(read_scores(out / name / "cases.csv")) == len(cases)
        for case in cases:
            assert read_mask(out / name / "masks" / f"{case.id}.png").shape == case.image.size_px
        assert json.loads((out / name / "summary.json").read_text())["n"] == len(cases)


def test_every_output_says_whether_the_prompt_was_given(out: Path) -> None:
    for name in (*GIVEN, *AUTOMATIC):
        origin = name.partition("_")[0]
        assert {row["origin"] for row in rows_of(out / name / "cases.csv")} == {origin}
        about = read_run(out / name)["about"]
        assert (about["prompt"], about["origin"]) == (name, origin)
        assert ("reference mask" in about["origin_note"]) is (origin == "given")
        assert json.loads((out / name / "summary.json").read_text())["origin"] == origin
        assert f"{name}, {origin}: " in (out / name / "summary.md").read_text()
    assert all(row["origin"] == row["prompt"].partition("_")[0] for row in rows_of(out / "prompts.csv"))


def test_the_scores_are_those_of_the_masks_that_were_written(out: Path, tiny: Path, cases: tuple[Case, ...]) -> None:
    for name in ("given_box", "automatic_whole_image"):
        for case, row in zip(cases, read_scores(out / name / "cases.csv"), strict=True):
            mask = read_mask(out / name / "masks" / f"{case.id}.png")
            label = label_of(tiny, case)
            again = score_case(mask, label, case_id=case.id, both_empty=1.0, tolerance_px=2.0, boundary_px=2)
            assert row == again


def test_prompts_csv_holds_what_a_picture_needs(out: Path, tiny: Path, cases: tuple[Case, ...]) -> None:
    rows = {(row["case_id"], row["prompt"]): row for row in rows_of(out / "prompts.csv")}
    assert len(rows) == len(cases) * len((*GIVEN, *AUTOMATIC))
    case = cases[0]
    label = label_of(tiny, case)
    (ys, xs), row = np.nonzero(label), rows[case.id, "given_box"]
    corners = tuple(float(row[name]) for name in ("x0_px", "y0_px", "x1_px", "y1_px"))
    assert corners == (xs.min(), ys.min(), xs.max(), ys.max())
    points = [tuple(float(number) for number in point.split()) for point in
              rows[case.id, "given_points_3"]["points_px"].split("; ")]  # fmt: skip
    assert len(points) == 3
    assert all(label[int(y), int(x)] for x, y in points)
    assert rows[case.id, "given_points_3"]["x0_px"] == ""


def test_a_case_without_a_prompt_is_counted_scored_and_never_dropped(out: Path, cases: tuple[Case, ...]) -> None:
    last = cases[-1].id
    row = next(row for row in rows_of(out / "automatic_network_box" / "cases.csv") if row["case_id"] == last)
    assert (row["prompt_found"], row["pred_px"], row["predicted_iou"], row["jaccard"]) == ("false", "0", "", "0.0")
    gap = {row["name"]: row for row in json.loads((out / "gap.json").read_text())["rows"]}
    assert gap["automatic_network_box"]["n_without"] == 1
    assert gap["automatic_network_mask"]["n_without"] == 1
    assert gap["given_box"]["n_without"] == 0
    assert {row["summary"]["n"] for row in gap.values()} == {len(cases)}


def test_one_table_holds_given_automatic_and_our_network(
    out: Path, tiny: Path, predictions: Path, cases: tuple[Case, ...]
) -> None:
    gap = {row["name"]: row for row in json.loads((out / "gap.json").read_text())["rows"]}
    assert list(gap) == [*GIVEN, *AUTOMATIC, *MASKS]
    jaccards = []
    for case in cases:
        path, label = predictions / "masks" / f"{case.id}.png", label_of(tiny, case)
        mask = read_mask(path) if path.is_file() else np.zeros_like(label)
        jaccards.append((mask & label).sum() / (mask | label).sum())
    assert gap["automatic_network_mask"]["summary"]["scores"]["jaccard"]["mean"] == pytest.approx(np.mean(jaccards))
    text = (out / "gap.md").read_text()
    assert all(f"| {name} | {name.partition('_')[0]} |" in text for name in gap)
    assert {row["mask_from"] for row in rows_of(out / "gap.csv")} == set(gap)


def test_the_evaluation_is_a_run_with_the_figures_of_every_kind(out: Path, runs_of: Runs) -> None:
    (run,) = runs_of(f"sqlite:///{out.parent}/mlflow.db")
    assert run.info.status == "FINISHED"
    gap = {row["name"]: row for row in json.loads((out / "gap.json").read_text())["rows"]}
    for name, row in gap.items():
        assert run.data.metrics[f"test_{name}_jaccard"] == pytest.approx(row["summary"]["scores"]["jaccard"]["mean"])


@pytest.mark.parametrize("overlay", ["medsam.json", "without_network.json"])
def test_an_overlay_changes_values_of_the_sheet_alone(overlay: str) -> None:
    sheet, found = (json.loads((CONFIGS / name).read_text()) for name in ("evaluate.json", overlay))
    assert set(found) <= set(sheet)
    kinds = [kind for kind in sheet["kinds"] if kind.get("source") != "@network_mask"]
    assert found.get("kinds", kinds) == kinds


@pytest.mark.slow
def test_a_command_says_in_one_line_what_is_missing(
    warm: Warm, tiny: Path, sam: Path, predictions: Path, tmp_path: Path
) -> None:
    sheet = "bundles/sam_prompt/configs/evaluate.json"
    given = values(tiny, sam, predictions, tmp_path)
    without = {key: value for key, value in given.items() if key != "predictions"}
    assert "--predictions FOLDER" in warm.bundle("evaluating", sheet, **without).error
    assert "There is no folder /no/sam" in warm.bundle("evaluating", sheet, **{**given, "checkpoint": "/no/sam"}).error
    both = f"['{sheet}','bundles/sam_prompt/configs/without_network.json']"
    done = warm.bundle("evaluating", both, **without)
    assert done.code == 0, done.err
    assert not (tmp_path / "run" / "automatic_network_box").exists()
    assert "made from the reference mask; no figure of it can be reached in use" in done.out
