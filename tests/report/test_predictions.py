from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from dermaseg_monai.errors import DataError, ImageError
from dermaseg_monai.images import write_mask
from dermaseg_monai.manifest import index_folder
from dermaseg_monai.metrics.case_row import CaseRow
from dermaseg_monai.report import Panels, Predictions, draw_contact_sheet
from tests.report.study import LABEL, Study


def opened(study: Study) -> Predictions:
    return Predictions(study.predictions, manifest=study.manifest, dataset_dir=study.root)


def test_a_case_is_read_with_its_maps_and_counted(study: Study) -> None:
    predictions = opened(study)
    (view,) = predictions.views(predictions.row("b"), side_px=300)
    assert view.counts_px == {"pred": 400, "label": 400, "missed": 80, "extra": 80}
    assert set(view.maps) == {"boundary"}
    assert view.size_px == (40, 60)


def test_scores_are_words_with_units() -> None:
    row = CaseRow.parse({"case_id": "a", "file": "a.png", "dice": "0.5", "jaccard": "1", "hd95_mm": "2.25", "x": "nan"})
    assert row.score_words == ["Dice 0.500", "Jaccard 1.000", "HD95 2.250 mm"]
    assert "x" not in row.scores


@pytest.mark.parametrize("name", ["../a.png", "/etc/passwd", "..", "", "x\\..\\a.png"])
def test_a_file_name_that_leaves_the_folder_is_never_opened(name: str) -> None:
    row = CaseRow.parse({"case_id": "a", "status": "ok", "file": name})
    assert row.file is None
    assert "no usable file name" in row.reason


def test_what_takes_no_part_is_named_with_the_reason(study: Study) -> None:
    first, second, third = study.rows()
    failed = {**second, "status": "failed", "reason": "b.jpg is cut short", "file": "", "jaccard": ""}
    study.write_rows([{**first, "jaccard": ""}, failed])
    assert opened(study).unshown() == {
        "a": "not scored",
        "b": "b.jpg is cut short",
        third["case_id"]: "in the manifest, but not in cases.csv",
    }


def test_an_unknown_case_is_refused_with_the_nearest(study: Study) -> None:
    study.write_rows([{**row, "case_id": f"ISIC_000{row['case_id']}"} for row in study.rows()])
    with pytest.raises(DataError, match=r"No case 'ISIC_0000' among the 3 of .*did you mean ISIC_000"):
        opened(study).row("ISIC_0000")


def test_files_that_are_missing_or_do_not_fit_are_said(study: Study) -> None:
    predictions = opened(study)
    (study.root / "images" / "a.jpg").unlink()
    with pytest.raises(ImageError, match=r"a\.jpg does not exist"):
        predictions.views(predictions.row("a"), side_px=100)
    write_mask(study.predictions / "masks" / "b.png", LABEL[:20])
    with pytest.raises(ImageError, match=r"Case b: the prediction has \(20, 60\) px, the reference \(40, 60\)"):
        predictions.views(predictions.row("b"), side_px=100)


def test_another_reference_than_the_one_that_was_scored_is_refused(study: Study) -> None:
    write_mask(study.root / "masks" / "c.png", ~LABEL)
    predictions = opened(study)
    with pytest.raises(DataError, match="Case c: 400 px of reference were scored, the mask has 2000"):
        predictions.views(predictions.row("c"), side_px=100)


def test_a_case_of_another_manifest_is_refused(study: Study) -> None:
    study.write_rows([{**row, "case_id": f"x{row['case_id']}"} for row in study.rows()])
    predictions = opened(study)
    with pytest.raises(DataError, match=r"Case xa is not in manifest set.*--manifest FILE"):
        predictions.views(predictions.row("xa"), side_px=100)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"is no prediction folder: cases\.csv no such file"),
        ("a,b\n1,2\n", "has no column case_id"),
        ("case_id\n", "has no rows"),
        ("case_id\nx\nx\n", "has 1 ids twice, first 'x'"),
        (b"case_id\n\xff\xfe\n", "cannot be read as a table"),
    ],
)
def test_a_folder_without_a_table_of_cases_is_refused(study: Study, content: str | bytes | None, said: str) -> None:
    path = study.predictions / "cases.csv"
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said):
        opened(study)


def test_a_volume_is_shown_by_its_middle_and_its_worst_slice(tmp_path: Path) -> None:
    def save(path: Path, values: np.ndarray, step_z_mm: float = 4.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(values, np.diag([1.0, 1, step_z_mm, 1])), path)

    label = np.zeros((30, 20, 3), dtype=np.uint8)
    label[5:25, 5:15] = 1  # x, y, z
    pred = label.copy()
    pred[5:8, 5:15, 2] = 0
    pred[5:6, 5:15, 1] = 0
    save(tmp_path / "set/images/v.nii.gz", np.arange(1800, dtype=np.float32).reshape(30, 20, 3))
    save(tmp_path / "set/masks/v.nii.gz", label)
    save(tmp_path / "out/masks/v.nii.gz", pred)
    (tmp_path / "out/cases.csv").write_text("case_id,file,jaccard\nv,v.nii.gz,1\n")
    index_folder(tmp_path / "set", split="test").save(tmp_path / "m.json")
    predictions = Predictions(tmp_path / "out", manifest=tmp_path / "m.json", dataset_dir=tmp_path / "set")
    middle, worst = predictions.views(predictions.row("v"), side_px=100)
    assert middle.size_px == (320, 480)  # 20 mm of y high, 30 mm of x wide
    assert (middle.counts_px["missed"], worst.counts_px["missed"], worst.counts_px["pred"]) == (10, 30, 170)
    assert middle.slice_words.startswith("Middle slice of the lesion: slice z = 1 of 0 to 2, 4.00 mm from the first")
    assert worst.slice_words.startswith("Worst slice (30 of 40 differing voxels): slice z = 2 of 0 to 2")
    # x runs to the patient's right, so what is missed at its beginning lies on the right of the picture
    assert worst.missed is not None
    assert np.argwhere(worst.missed > 0.5)[:, 1].min() > worst.missed.shape[1] / 2
    assert predictions.row("v").picture_name == "v.png"
    picture = Panels().draw([middle, worst], case_id="v", scores="")
    assert picture.shape[0] > 1.8 * Panels().draw([middle], case_id="v", scores="").shape[0] - 100
    sheet = draw_contact_sheet(predictions, cases=1)
    assert sheet.shape[0] > 2 * 112
    save(tmp_path / "out/masks/v.nii.gz", pred, step_z_mm=1.0)
    with pytest.raises(ImageError, match="does not lie on the voxels of"):
        predictions.views(predictions.row("v"), side_px=100)
