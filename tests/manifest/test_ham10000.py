from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import find_leaks, index
from dermaseg_monai.manifest.ham10000 import IMAGES, MASKS, index_ham10000

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset\n"


@pytest.fixture
def ham(tmp_path: Path, save_image: Callable[..., None], save_mask: Callable[..., None]) -> Path:
    """Six images of three lesions in two parts, with the junk of the mask archive."""
    rows = []
    for number in range(6):
        name = f"ISIC_002430{number}"
        save_image(tmp_path / IMAGES[number % 2] / f"{name}.jpg", level=100 + number)
        save_mask(tmp_path / MASKS / f"{name}_segmentation.png")
        rows.append(f"HAM_{number // 2},{name},nv,histo,{'' if number else '80.0'},male,back,vidir_modern\n")
    junk = tmp_path / MASKS / "__MACOSX" / "._ISIC_0024300_segmentation.png"
    junk.parent.mkdir()
    junk.write_bytes(b"junk")
    (tmp_path / "HAM10000_metadata.csv").write_text(HEADER + "".join(rows))
    return tmp_path


def test_both_parts_are_read_with_lesion_and_attributes(ham: Path) -> None:
    manifest = index_ham10000(ham, allow_partial=True)
    assert manifest.counts["train"] == 6
    assert [case.lesion_id for case in manifest.cases] == ["HAM_0", "HAM_0", "HAM_1", "HAM_1", "HAM_2", "HAM_2"]
    assert manifest.cases[0].attributes == {
        "diagnosis": "nv",
        "diagnosis_by": "histo",
        "age": 80.0,
        "sex": "male",
        "site": "back",
        "source": "vidir_modern",
    }


def test_the_tab_separated_table_does_as_well(ham: Path) -> None:
    table = ham / "HAM10000_metadata.csv"
    (ham / "HAM10000_metadata.tab").write_text(table.read_text().replace(",", "\t"))
    table.unlink()
    assert index_ham10000(ham, allow_partial=True).cases[5].lesion_id == "HAM_2"


def test_it_can_be_split_lesion_by_lesion(ham: Path) -> None:
    manifest = index("ham10000", ham, val_share=0.3, test_share=0.3, allow_partial=True)
    assert manifest.counts == {"train": 2, "val": 2, "test": 2, "excluded": 0}
    assert find_leaks(manifest) == []


def test_an_incomplete_set_is_counted(ham: Path) -> None:
    with pytest.raises(DataError, match=r"hold 6 of 10015 images.*--allow-partial"):
        index_ham10000(ham)


@pytest.mark.parametrize("missing", [IMAGES[1], MASKS])
def test_a_missing_folder_is_named(ham: Path, missing: str) -> None:
    (ham / missing).rename(ham / "away")
    with pytest.raises(DataError, match=rf"lacks {missing} of ham10000"):
        index_ham10000(ham)


def test_a_missing_table_is_named(ham: Path) -> None:
    (ham / "HAM10000_metadata.csv").unlink()
    with pytest.raises(DataError, match=r"lacks HAM10000_metadata\.csv"):
        index_ham10000(ham, allow_partial=True)


def test_an_image_without_a_row_is_named(ham: Path) -> None:
    table = ham / "HAM10000_metadata.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match=r"1 of 6 images have no row in .*, first ISIC_0024305"):
        index_ham10000(ham, allow_partial=True)
