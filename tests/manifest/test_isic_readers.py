from collections.abc import Callable
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import index
from dermaseg_monai.manifest.isic import ISIC2016, ISIC2017, ISIC2018, index_isic2016, index_isic2017, index_isic2018


@pytest.fixture
def isic2018(tmp_path: Path, save_image: Callable[..., None], save_mask: Callable[..., None]) -> Path:
    for number, part in enumerate(ISIC2018):
        save_image(tmp_path / part.images / f"ISIC_000000{number}.jpg", level=100 + number)
        (tmp_path / part.images / "ATTRIBUTION.txt").write_text("text")
        save_mask(tmp_path / part.masks / f"ISIC_000000{number}_segmentation.png")
    return tmp_path


def test_isic2018_has_its_official_splits(isic2018: Path) -> None:
    manifest = index_isic2018(isic2018, allow_partial=True)
    assert [(case.id, case.split) for case in manifest.cases] == [
        ("ISIC_0000000", "train"),
        ("ISIC_0000001", "val"),
        ("ISIC_0000002", "test"),
    ]
    first = manifest.cases[0]
    assert [record.path for record in first.files] == [
        "ISIC2018_Task1-2_Training_Input/ISIC_0000000.jpg",
        "ISIC2018_Task1_Training_GroundTruth/ISIC_0000000_segmentation.png",
    ]


def test_an_incomplete_part_is_counted(isic2018: Path) -> None:
    with pytest.raises(DataError, match=r"Training_Input holds 1 of 2594 images.*--allow-partial"):
        index_isic2018(isic2018)


def test_missing_parts_are_listed_with_the_way_on(isic2018: Path) -> None:
    for part in ISIC2018[1:]:
        (isic2018 / part.masks).rename(isic2018 / f"away_{part.split}")
    with pytest.raises(DataError, match=r"lacks 2 of the 6 folders of isic2018: .*Validation_Gr.*--splits train\."):
        index_isic2018(isic2018, allow_partial=True)
    assert len(index_isic2018(isic2018, splits=["train"], allow_partial=True).cases) == 1


def test_a_folder_in_a_folder_of_the_same_name_is_found(isic2018: Path) -> None:
    name = ISIC2018[0].images
    (isic2018 / name).rename(isic2018 / "inner")
    (isic2018 / name).mkdir()
    (isic2018 / "inner").rename(isic2018 / name / name)
    assert index_isic2018(isic2018, allow_partial=True).cases[0].image.path.startswith(f"{name}/{name}/")


def test_the_archive_brings_lesion_patient_and_licence(isic2018: Path) -> None:
    archive = isic2018 / "metadata.csv"
    archive.write_text(
        "isic_id,attribution,copyright_license,age_approx,sex,lesion_id,patient_id\n"
        "ISIC_0000000,Anonymous,CC-0,55,female,IL_1,IP_1\n"
        "ISIC_0000002,Vienna,CC-BY-NC,,male,IL_1,\n"
    )
    train, val, test = index_isic2018(isic2018, archive=archive, allow_partial=True).cases
    assert (train.lesion_id, train.licence, test.licence) == ("IL_1", "CC-0", "CC-BY-NC")
    assert train.attributes == {"age": 55, "sex": "female"}
    assert (val.lesion_id, test.patient_id, test.attributes) == (None, None, {"sex": "male"})


def test_an_archive_table_of_other_images_is_refused(isic2018: Path) -> None:
    archive = isic2018 / "metadata.csv"
    archive.write_text("isic_id,attribution,copyright_license,lesion_id,patient_id\nISIC_9999999,x,CC-0,,\n")
    with pytest.raises(DataError, match="has no row for any image of isic2018"):
        index_isic2018(isic2018, archive=archive, allow_partial=True)


def test_isic2017_ignores_superpixels_and_reads_its_own_tables(
    tmp_path: Path, save_image: Callable[..., None], save_mask: Callable[..., None]
) -> None:
    part = ISIC2017[0]
    for name in ("ISIC_0000000", "ISIC_0000001", "ISIC_0000002"):
        save_image(tmp_path / part.images / f"{name}.jpg")
        save_mask(tmp_path / part.images / f"{name}_superpixels.png")
        save_mask(tmp_path / part.masks / f"{name}_Segmentation.png")
    (tmp_path / part.images / "ISIC-2017_Training_Data_metadata.csv").write_text(
        "image_id,age_approximate,sex\nISIC_0000000,55,female\nISIC_0000001,unknown,male\n"
    )
    (tmp_path / "ISIC-2017_Training_Part3_GroundTruth.csv").write_text(
        "image_id,melanoma,seborrheic_keratosis\nISIC_0000000,1.0,0.0\nISIC_0000001,0.0,1.0\nISIC_0000002,0.0,0.0\n"
    )
    manifest = index_isic2017(tmp_path, splits=["train"], allow_partial=True)
    assert [dict(case.attributes) for case in manifest.cases] == [
        {"age": 55, "sex": "female", "diagnosis": "melanoma"},
        {"age": None, "sex": "male", "diagnosis": "seborrheic keratosis"},
        {"diagnosis": "nevus"},
    ]


def test_isic2016_has_train_and_test(
    tmp_path: Path, save_image: Callable[..., None], save_mask: Callable[..., None]
) -> None:
    for number, part in enumerate(ISIC2016):
        save_image(tmp_path / part.images / f"ISIC_000000{number}.jpg", level=number)
        save_mask(tmp_path / part.masks / f"ISIC_000000{number}_Segmentation.png")
    manifest = index_isic2016(tmp_path, allow_partial=True)
    assert manifest.counts == {"train": 1, "val": 0, "test": 1, "excluded": 0}
    with pytest.raises(DataError, match="isic2016 has no part 'val'; choose from train, test"):
        index("isic2016", tmp_path, splits=["val"])


def test_an_image_without_a_mask_is_named(isic2018: Path) -> None:
    (isic2018 / ISIC2018[0].masks / "ISIC_0000000_segmentation.png").unlink()
    with pytest.raises(DataError, match=r"1 of 1 images have no mask in .*GroundTruth, first ISIC_0000000"):
        index_isic2018(isic2018, allow_partial=True)
