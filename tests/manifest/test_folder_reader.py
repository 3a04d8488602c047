import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.errors import DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import case_groups, index_folder


def table(root: Path, text: str) -> Path:
    path = root / "own.csv"
    path.write_text(text)
    return path


def test_a_pair_is_recorded_with_size_and_sha256(plain: Path) -> None:
    case = index_folder(plain).cases[0]
    assert (case.id, case.split, case.image.path, case.image.size_px) == ("a", "train", "images/a.png", (6, 8))
    assert case.image.sha256 == sha256_of(plain / "images/a.png")
    assert case.reference is not None
    assert case.reference.mask.path == "masks/a_mask.png"


@pytest.mark.parametrize("digits", [19, 400, 5000])  # beyond 64 bits, beyond any float, beyond what Python reads
@pytest.mark.parametrize("ending", ["", ".5"])
def test_numbers_too_long_to_be_numbers_stay_text(plain: Path, digits: int, ending: str) -> None:
    code = "9" * digits + ending
    manifest = index_folder(plain, tables=table(plain, f"id,code\na,{code}\nb,2\nc,3\n"), attributes=["code"])
    assert [case.attributes["code"] for case in manifest.cases] == [code, "2", "3"]
    assert len(manifest.digest) == 64


def test_the_table_gives_splits_groups_licences_and_typed_attributes(plain: Path) -> None:
    manifest = index_folder(
        plain,
        tables=plain / "table.csv",
        split_column="split",
        lesion_column="lesion",
        patient_column="patient",
        group_column="code",
        licence_column="licence",
        attribution_column="by",
        attributes=["age"],
    )
    a, b, c = manifest.cases
    assert [case.split for case in manifest.cases] == ["train", "val", "test"]
    assert (a.lesion_id, a.patient_id, c.patient_id) == ("L1", "P1", None)
    assert a.attributes == {"age": 40.0, "group": "007"}
    assert c.attributes == {"age": None, "group": "009"}
    assert (b.licence, b.attribution, c.licence) == ("CC-BY", None, None)


def test_strangers_are_not_one_patient_because_neither_is_known(plain: Path) -> None:
    nobody = "unknown,Unknown,unknown,unknown"
    cells = f"id,lesion,patient,part,site\na,{nobody}\nb,{nobody}\nc,L,P,7,back\n"
    columns: dict[str, Any] = {
        "lesion_column": "lesion",
        "patient_column": "patient",
        "group_column": "part",
        "attributes": ["site"],
    }
    manifest = index_folder(plain, tables=table(plain, cells), **columns)
    assert [(one.lesion_id, one.patient_id) for one in manifest.cases] == [(None, None), (None, None), ("L", "P")]
    assert [one.attributes["group"] for one in manifest.cases] == [None, None, "7"]
    assert [one.attributes["site"] for one in manifest.cases] == ["unknown", "unknown", "back"]
    assert [len(group) for group in case_groups(manifest.cases)] == [1, 1, 1]


@pytest.mark.parametrize("missing", ["NA", "N/A", "n/a", "nan", "NaN", "null", "None", "<NA>", "#N/A"])
def test_a_value_that_is_marked_as_missing_is_none(plain: Path, missing: str) -> None:
    cells = f"id,lesion,patient,part,age,site\na,{missing},{missing},{missing},40,none\nb,L,P,7,{missing},{missing}\n"
    manifest = index_folder(
        plain,
        tables=table(plain, cells + f"c,{missing},{missing},{missing},50,back\n"),
        lesion_column="lesion",
        patient_column="patient",
        group_column="part",
        attributes=["age", "site"],
    )
    assert [(case.lesion_id, case.patient_id) for case in manifest.cases] == [(None, None), ("L", "P"), (None, None)]
    assert [case.attributes["group"] for case in manifest.cases] == [None, 7, None]
    assert [case.attributes["age"] for case in manifest.cases] == [40, None, 50]
    assert [case.attributes["site"] for case in manifest.cases] == ["none", None, "back"]


@pytest.mark.parametrize("mark", ["\N{LINE SEPARATOR}", "\N{NEXT LINE}", "\x0b", "\x1c"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_only_the_end_of_a_line_ends_a_row(plain: Path, mark: str, ending: str) -> None:
    # people paste such marks out of word processors, and a spreadsheet does not quote them
    rows = ["id,note", f"a,two{mark}lines", "b,x", "c,y"]
    (plain / "notes.csv").write_bytes(ending.join(rows).encode())
    manifest = index_folder(plain, tables=plain / "notes.csv", attributes=["note"])
    assert [case.attributes["note"] for case in manifest.cases] == [f"two{mark}lines", "x", "y"]


def test_a_case_may_be_called_na(plain: Path) -> None:
    for part in ("images/a.png", "masks/a_mask.png"):
        (plain / part).rename(plain / part.replace("a.png", "NA.png").replace("a_mask", "NA_mask"))
    own = table(plain, "id,lesion\nNA,L1\nb,NA\nc,L3\n")
    cases = index_folder(plain, tables=own, lesion_column="lesion").cases
    assert [(case.id, case.lesion_id) for case in cases] == [("NA", "L1"), ("b", None), ("c", "L3")]


def test_tables_are_joined_and_ids_may_be_file_names(plain: Path) -> None:
    extra = table(plain, "id;tone\nimages/c.png;3\nb.png;2\na;1\n")
    manifest = index_folder(
        plain, tables=[plain / "table.csv", extra], split_column="split", attributes=["tone", "code"]
    )
    assert [case.attributes for case in manifest.cases] == [
        {"tone": 1, "code": "007"},
        {"tone": 2, "code": "008"},
        {"tone": 3, "code": "009"},
    ]


def test_the_same_folder_elsewhere_gives_the_same_bytes(plain: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "plain"
    shutil.copytree(plain, copy)
    index_folder(plain).save(tmp_path / "1.json")
    index_folder(copy).save(tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_pictures_without_outlines_can_be_indexed(plain: Path) -> None:
    assert all(case.annotations == () for case in index_folder(plain, masks=None).cases)


def test_images_and_masks_may_share_a_folder(
    tmp_path: Path, save_image: Callable[..., None], save_mask: Callable[..., None]
) -> None:
    save_image(tmp_path / "x.png")
    save_mask(tmp_path / "x_segmentation.png")
    (case,) = index_folder(tmp_path, images=".", masks=".").cases
    assert [record.path for record in case.files] == ["x.png", "x_segmentation.png"]


def test_masks_may_be_named_in_another_way(plain: Path) -> None:
    for name, suffix in zip("abc", ("_gt", "_GT", "_label"), strict=True):
        (plain / f"masks/{name}_mask.png").rename(plain / f"masks/{name}{suffix}.png")
    with pytest.raises(DataError, match=r"3 of 3 images have no mask .*'_mask'\), name what is .*--mask-suffixes"):
        index_folder(plain)
    manifest = index_folder(plain, mask_suffixes=("_gt", "_label"))
    masks = [case.reference.mask.path for case in manifest.cases if case.reference]
    assert masks == ["masks/a_gt.png", "masks/b_GT.png", "masks/c_label.png"]


def test_masks_below_the_images_are_not_taken_for_images(
    tmp_path: Path, save_image: Callable[..., None], save_mask: Callable[..., None]
) -> None:
    save_image(tmp_path / "x.png")
    save_mask(tmp_path / "masks" / "x.png")
    assert [case.id for case in index_folder(tmp_path, images=".").cases] == ["x"]


@pytest.mark.parametrize("place", ["{name}_mask.png", "outlines/{name}.png"])
def test_the_mask_folder_may_lie_around_the_images(plain: Path, place: str) -> None:
    for name in "abc":
        mask = plain / place.format(name=name)
        mask.parent.mkdir(exist_ok=True)
        (plain / "masks" / f"{name}_mask.png").rename(mask)
    cases = index_folder(plain, masks=".").cases
    expected = [[f"images/{name}.png", place.format(name=name)] for name in "abc"]
    assert [[record.path for record in case.files] for case in cases] == expected


def test_a_mask_folder_around_the_images_without_masks_names_what_is_missing(plain: Path) -> None:
    shutil.rmtree(plain / "masks")
    with pytest.raises(DataError, match=r"3 of 3 images have no mask in .*plain, first a"):
        index_folder(plain, masks=".")


def test_hidden_files_and_macosx_folders_are_left_out(plain: Path) -> None:
    (plain / "masks" / "__MACOSX").mkdir()
    (plain / "masks" / "__MACOSX" / "a_mask.png").write_bytes(b"junk")
    (plain / "images" / "._a.png").write_bytes(b"junk")
    assert len(index_folder(plain).cases) == 3


def test_a_volume_is_recorded_in_voxels_with_its_spacing(tmp_path: Path) -> None:
    for part, values in (("images", np.ones((4, 5, 6), np.float32)), ("masks", np.ones((4, 5, 6), np.uint8))):
        (tmp_path / part).mkdir()
        nib.save(nib.Nifti1Image(values, np.diag([0.5, 0.5, 2.0, 1.0])), tmp_path / part / "v.nii.gz")
    (case,) = index_folder(tmp_path).cases
    assert (case.id, case.image.shape_vox, case.image.spacing_mm) == ("v", (4, 5, 6), (0.5, 0.5, 2.0))
    assert case.image.size_px is None


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            "id,split\na,train\nb,validation\nc,test\n",
            r"own\.csv: split of b is 'validation'; .*train, val",
        ),
        ("id,split\na,train\nb,\nc,test\n", r"split of b is empty"),
        ("id,split\na,train\nb,NA\nc,test\n", r"split of b is empty"),
        ("id,split\na,train\nb,val\n", r"1 of 3 images have no row in .*own\.csv, first c"),
        (
            "id,split\na,train\nb,val\nc,val\nd,val\ne,val\n",
            r"2 of 5 rows .* no image, first d.*--allow-partial",
        ),
        ("id,split\na,train\nb,val\nb,val\nc,val\n", r"names 1 ids more than once, first 'b'"),
        ("id,split,split\na,train,val\n", r"own\.csv has 1 columns more than once, first 'split'"),
        ("name,split\na,train\n", r"own\.csv has no column id; it has name, split"),
        ("id,part\na,train\n", r"own\.csv has no column split; it has id, part"),
        ("id,split\na,train,left\n", r"own\.csv, line 2: 3 cells, but the header has 2"),
        ("id,split\n", r"own\.csv has no rows"),
        ("", r"own\.csv has no rows"),
    ],
)
def test_a_table_that_does_not_fit_says_how(plain: Path, cells: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        index_folder(plain, tables=table(plain, cells), split_column="split")


def test_rows_without_an_image_can_be_left_out(plain: Path) -> None:
    wider = table(plain, "id,split\na,train\nb,val\nc,test\nd,test\n")
    manifest = index_folder(plain, tables=wider, split_column="split", allow_partial=True)
    assert [case.id for case in manifest.cases] == ["a", "b", "c"]


def test_two_tables_that_disagree_are_refused(plain: Path) -> None:
    other = table(plain, "id,split\na,train\nb,test\nc,test\n")
    with pytest.raises(DataError, match="column split of b is 'val' and 'test' in two tables"):
        index_folder(plain, tables=[plain / "table.csv", other], split_column="split")


def test_a_column_without_a_table_is_refused(plain: Path) -> None:
    with pytest.raises(DataError, match=r"Columns are named \(split\) but no table is given"):
        index_folder(plain, split_column="split")


def test_images_without_a_mask_are_counted(plain: Path) -> None:
    (plain / "masks/b_mask.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 images have no mask in .*masks, first b"):
        index_folder(plain)


def test_masks_without_an_image_are_counted(plain: Path) -> None:
    (plain / "images/b.png").unlink()
    with pytest.raises(DataError, match=r"1 masks in .*masks have no image, first b_mask\.png.*--allow-partial"):
        index_folder(plain)
    assert len(index_folder(plain, allow_partial=True).cases) == 2


def test_two_masks_for_one_image_are_refused(plain: Path, save_mask: Callable[..., None]) -> None:
    save_mask(plain / "masks/a.png")
    with pytest.raises(DataError, match="a has two masks"):
        index_folder(plain)


def test_two_images_of_one_name_are_refused(plain: Path, save_image: Callable[..., None]) -> None:
    save_image(plain / "images/more/a.jpg")
    with pytest.raises(DataError, match="Two images have the id 'a'"):
        index_folder(plain)


def test_a_mask_of_another_size_is_named(plain: Path, save_mask: Callable[..., None]) -> None:
    save_mask(plain / "masks/a_mask.png", height=5)
    with pytest.raises(DataError, match=r"1 masks have another size than their image, first .*a_mask\.png \(5, 8\)"):
        index_folder(plain)


def test_an_unreadable_image_is_named(plain: Path) -> None:
    (plain / "images/a.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"1 of 6 files cannot be used, first: .*a\.png"):
        index_folder(plain)


def test_a_picture_that_claims_too_many_pixels_is_refused(plain: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(plain / "images/a.png")
    with pytest.raises(DataError, match=r"1 of 6 files cannot be used, first: .*a\.png .*large"):
        index_folder(plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": "pictures"}, r"There is no folder .*pictures; .*plain holds images, masks\. .*--images"),
        ({"masks": "outlines"}, r"There is no folder .*outlines; .*--masks"),
        ({"tables": "none.csv"}, r"There is no table none\.csv"),
    ],
)
def test_a_folder_or_table_that_is_not_there_is_named(plain: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        index_folder(plain, **options)


@pytest.mark.parametrize("part", ["images", "masks"])
@pytest.mark.parametrize("place", ["{outside}", "../elsewhere", "images/../../elsewhere"])
def test_a_folder_that_does_not_lie_below_the_root_is_refused(plain: Path, part: str, place: str) -> None:
    outside = shutil.copytree(plain / part, plain.parent / "elsewhere")
    options: dict[str, Any] = {part: place.format(outside=outside)}
    with pytest.raises(DataError, match=rf"--{part} .*elsewhere does not lie below .*plain\. .*--root"):
        index_folder(plain, **options)


def test_the_whole_path_of_a_folder_below_the_root_will_do(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plain.parent)
    manifest = index_folder("plain/../plain", images=str(plain.parent / "plain" / "images"), masks="images/../masks")
    assert [record.path for record in manifest.cases[0].files] == ["images/a.png", "masks/a_mask.png"]


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no folder .*nowhere.*--root"):
        index_folder(tmp_path / "nowhere")


def test_an_empty_image_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    with pytest.raises(DataError, match=r"There is no image in .*images"):
        index_folder(tmp_path)


@pytest.mark.parametrize("name", [b"new\nline.png", b"caf\xe9.png"])
def test_a_name_that_no_id_can_have_is_refused(plain: Path, name: bytes) -> None:
    for folder in ("images", "masks"):
        shutil.copy(next((plain / folder).glob("a*")), plain / folder / os.fsdecode(name))
    with pytest.raises(DataError, match=r"(?s)files have names that no id can have, first .*(new|caf).*Rename them"):
        index_folder(plain)
