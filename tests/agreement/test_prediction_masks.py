from pathlib import Path

import pytest

from dermaseg_monai.agreement.prediction_masks import prediction_masks
from dermaseg_monai.errors import DataError


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_a_plain_folder_is_read_by_names(tmp_path: Path) -> None:
    folder = put(tmp_path, "a.png", "b_segmentation.png", "b_c_mask.png", "other.png")
    found = prediction_masks(folder, ["a", "b", "b_c", "d"])
    assert {case_id: path.name for case_id, path in found.paths.items()} == {
        "a": "a.png", "b": "b_segmentation.png", "b_c": "b_c_mask.png",
    }  # fmt: skip
    assert found.missing == {"d": "no prediction"}


def test_a_prediction_folder_is_read_by_its_table_and_its_other_pictures_are_no_masks(tmp_path: Path) -> None:
    put(tmp_path, "masks/a_1-12345678.png", "probabilities/b.png", "overlays/a_1-12345678.png")
    (tmp_path / "cases.csv").write_text(
        "case_id,status,reason,file\na/1,ok,,a_1-12345678.png\nb,failed,too large,\nc,ok,,../../secret.png\n"
    )
    found = prediction_masks(tmp_path, ["a/1", "b", "c", "d"])
    assert found.paths == {"a/1": tmp_path / "masks" / "a_1-12345678.png"}
    assert found.missing["b"] == "not predicted: too large"
    assert "no usable file name" in found.missing["c"]
    assert found.missing["d"] == "no prediction"


def test_two_masks_of_one_case_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a has two predictions"):
        prediction_masks(put(tmp_path, "a.png", "a_mask.png"), ["a"])


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder.*--pred"):
        prediction_masks(tmp_path / "nowhere", ["a"])
