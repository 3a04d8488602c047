from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.ph2 import index_ph2, read_ph2_table

TABLE = """\
||   Name || Histological Diagnosis || Clinical Diagnosis || Asymmetry | Pigment Network | Dots/Globules | Streaks \
| Regression Areas | Blue-Whitish Veil ||           Colors ||
|| IMD003 ||                        ||                  0 ||         0 |               T |             A |       A \
|                A |                 A ||                4 ||
|| IMD417 || Melanoma               ||                  2 ||         2 |              AT |             P |       P \
|                P |                 P ||          1  3  5 ||

Legends
Clinical Diagnosis: 0 - Common Nevus; 1 - Atypical Nevus; 2 - Melanoma.
"""


@pytest.fixture
def ph2(tmp_path: Path, save_image: Callable[..., None], save_mask: Callable[..., None]) -> Path:
    for level, name in enumerate(("IMD003", "IMD417")):
        case = tmp_path / "PH2 Dataset images" / name
        save_image(case / f"{name}_Dermoscopic_Image" / f"{name}.bmp", level=level)
        save_mask(case / f"{name}_lesion" / f"{name}_lesion.bmp")
        save_mask(case / f"{name}_roi" / f"{name}_R1_Label4.bmp")
    (tmp_path / "PH2_dataset.txt").write_text(TABLE)
    return tmp_path


def test_the_table_with_bars_is_read(ph2: Path) -> None:
    rows = read_ph2_table(ph2 / "PH2_dataset.txt")
    assert rows["IMD003"] == {
        "diagnosis": "common nevus",
        "histology": None,
        "asymmetry": 0,
        "pigment_network": "T",
        "dots_globules": "A",
        "streaks": "A",
        "regression_areas": "A",
        "blue_whitish_veil": "A",
        "colours": "dark brown",
    }
    assert (rows["IMD417"]["histology"], rows["IMD417"]["colours"]) == ("Melanoma", "white, light brown, blue grey")


def test_doubled_bars_between_the_criteria_are_the_same_table(ph2: Path) -> None:
    before = read_ph2_table(ph2 / "PH2_dataset.txt")
    (ph2 / "PH2_dataset.txt").write_text(TABLE.replace("||", "|").replace("|", "||"))
    assert read_ph2_table(ph2 / "PH2_dataset.txt") == before


def test_cases_go_into_test_with_their_lesion_mask(ph2: Path) -> None:
    manifest = index_ph2(ph2, allow_partial=True)
    case = manifest.cases[1]
    assert (case.id, case.split, case.attributes["diagnosis"]) == ("IMD417", "test", "melanoma")
    assert [record.path for record in case.files] == [
        "PH2 Dataset images/IMD417/IMD417_Dermoscopic_Image/IMD417.bmp",
        "PH2 Dataset images/IMD417/IMD417_lesion/IMD417_lesion.bmp",
    ]


def test_case_folders_may_lie_in_the_root(ph2: Path) -> None:
    for case in (ph2 / "PH2 Dataset images").iterdir():
        case.rename(ph2 / case.name)
    assert len(index_ph2(ph2, allow_partial=True).cases) == 2


def test_an_incomplete_set_is_counted(ph2: Path) -> None:
    with pytest.raises(DataError, match=r"holds 2 of 200 case folders.*--allow-partial"):
        index_ph2(ph2)


def test_a_missing_mask_is_named(ph2: Path) -> None:
    (ph2 / "PH2 Dataset images/IMD417/IMD417_lesion/IMD417_lesion.bmp").unlink()
    with pytest.raises(DataError, match=r"1 of 4 files are missing, first .*IMD417_lesion\.bmp"):
        index_ph2(ph2, allow_partial=True)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("nothing here", r"has no row `\|\| IMDxxx"),
        ("|| IMD003 || || 0 || 4 ||", r"line 1: 4 cells, expected 10"),
        (TABLE.replace("      0 ||  ", "      7 ||  "), r"line 2: diagnosis '7' or colours '4' are not in the legend"),
        (TABLE.replace("IMD417", "IMD418"), r"1 of 2 cases have no row in PH2_dataset\.txt, first IMD417"),
    ],
)
def test_a_table_that_does_not_fit_says_where(ph2: Path, table: str, message: str) -> None:
    (ph2 / "PH2_dataset.txt").write_text(table)
    with pytest.raises(DataError, match=message):
        index_ph2(ph2, allow_partial=True)


def test_a_missing_table_or_case_folder_is_named(ph2: Path) -> None:
    (ph2 / "PH2_dataset.txt").unlink()
    with pytest.raises(DataError, match=r"lacks PH2_dataset\.txt"):
        index_ph2(ph2, allow_partial=True)
    with pytest.raises(DataError, match="holds no case folder IMDxxx"):
        index_ph2(ph2 / "PH2 Dataset images" / "IMD003")
