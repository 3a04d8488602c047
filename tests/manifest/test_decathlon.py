from collections.abc import Callable
from pathlib import Path

import pytest
from monai.data.decathlon_datalist import load_decathlon_datalist, load_decathlon_properties

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Case, Manifest, decathlon_datalist, index_folder, write_decathlon_datalist


def test_monai_reads_the_datalist(plain: Path, tmp_path: Path) -> None:
    manifest = index_folder(plain, tables=plain / "table.csv", split_column="split")
    out = tmp_path / "lists" / "datalist.json"
    write_decathlon_datalist(manifest, plain, out)
    for key, name in (("training", "a"), ("validation", "b"), ("test", "c")):
        assert load_decathlon_datalist(out, data_list_key=key) == [
            {
                "image": str(plain / f"images/{name}.png"),
                "case_id": name,
                "label": str(plain / f"masks/{name}_mask.png"),
            }
        ]
    assert load_decathlon_properties(out, ["name", "numTraining", "labels"]) == {
        "name": "plain",
        "numTraining": 1,
        "labels": {"0": "skin", "1": "lesion"},
    }


def test_a_split_without_cases_and_excluded_cases_are_left_out(make_case: Callable[..., Case], tmp_path: Path) -> None:
    cases = (make_case("a"), make_case("b", "excluded"))
    datalist = decathlon_datalist(Manifest(name="x", version="1", licence=None, cases=cases), tmp_path)
    assert [item["case_id"] for item in datalist["training"]] == ["a"]
    assert "test" not in datalist


def test_only_test_cases_may_lack_a_label(make_case: Callable[..., Case], tmp_path: Path) -> None:
    test_case, train_case = make_case("a", "test", annotations=()), make_case("b", annotations=())
    datalist = decathlon_datalist(Manifest(name="x", version="1", licence=None, cases=(test_case,)), tmp_path)
    assert datalist["test"] == [{"image": str(tmp_path / "images/a.png"), "case_id": "a"}]
    with pytest.raises(DataError, match="Case b in train has no reference mask"):
        decathlon_datalist(Manifest(name="x", version="1", licence=None, cases=(train_case,)), tmp_path)
