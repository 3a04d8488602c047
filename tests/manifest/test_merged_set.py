from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, Scope, common_folder, merge


def case(name: str, split: str = "train", **known: object) -> Case:
    mask = Annotation(FileRecord(f"masks/{name}.png", "1" * 64))
    made = Case(name, FileRecord(f"images/{name}.jpg", f"{ord(name[0]):064x}"), (mask,), "train")
    return replace(made, split=split, **known)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "isic", tmp_path / "more" / "ham"]
    for folder in made:
        folder.mkdir(parents=True)
    return made


def one(*cases: Case) -> Manifest:
    return Manifest("isic", "2018", "CC0-1.0", cases or (case("a"),))


def other(*cases: Case) -> Manifest:
    return Manifest("ham", "3", "CC0-1.0", cases or (case("b", "test"),))


def test_paths_start_from_the_folder_that_holds_all_sets(folders: list[Path], tmp_path: Path) -> None:
    assert common_folder(folders) == tmp_path
    first, second = merge([one(), other()], folders, name="both").cases
    assert (first.image.path, second.image.path) == ("isic/images/a.jpg", "more/ham/images/b.jpg")
    assert second.annotations[0].mask.path == "more/ham/masks/b.png"
    assert second.image.sha256 == other().cases[0].image.sha256


def test_a_mask_that_another_replaces_moves_with_it(folders: list[Path]) -> None:
    plain = case("b", "test")
    second = Annotation(FileRecord("masks/b_2.png", "2" * 64), role="adjudicated", replaces="masks/b.png")
    corrected = replace(plain, annotations=(*plain.annotations, second))
    (_, found) = merge([one(), other(corrected)], folders, name="both").cases
    assert found.annotations[1].mask.path == "more/ham/masks/b_2.png"
    assert found.annotations[1].replaces == found.annotations[0].mask.path


def test_a_linked_folder_lies_where_its_link_is(folders: list[Path], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    links = [tmp_path / "data" / folder.name for folder in folders]
    for link, folder in zip(links, folders, strict=True):
        link.symlink_to(folder)
    assert common_folder(links) == tmp_path / "data"
    paths = [found.image.path for found in merge([one(), other()], links, name="both").cases]
    assert paths == ["isic/images/a.jpg", "ham/images/b.jpg"]


def test_sets_in_one_folder_keep_their_paths(folders: list[Path]) -> None:
    merged = merge([one(), other()], [folders[0], folders[0]], name="both")
    assert [found.image.path for found in merged.cases] == ["images/a.jpg", "images/b.jpg"]


def test_splits_lesions_and_licence_stay_and_the_set_is_named(folders: list[Path]) -> None:
    merged = merge([one(case("a", lesion_id="L1", attributes={"age": 5})), other()], folders, name="both")
    first = one(case("a", lesion_id="L1", attributes={"age": 5})).digest[:12]
    assert merged.version == f"isic 2018 ({first}), ham 3 ({other().digest[:12]})"
    assert (merged.name, merged.licence) == ("both", "CC0-1.0")
    assert merged.counts == {"train": 1, "val": 0, "test": 1, "excluded": 0}
    assert merged.cases[0].lesion_id == "L1"
    assert merged.cases[0].attributes == {"set": "isic", "age": 5}
    assert merge([one(), replace(other(), licence=None)], folders, name="both").licence is None


def test_a_scope_is_kept_where_all_masks_were_drawn_for_it(folders: list[Path]) -> None:
    scope = Scope("skin", "1", "lesion", "dermoscopy", None, None, None, None, None, None)
    same = merge([replace(one(), scope=scope), replace(other(), scope=scope)], folders, name="both")
    assert same.scope == scope
    assert merge([replace(one(), scope=scope), other()], folders, name="both").scope is None


def test_a_group_is_one_of_its_set(folders: list[Path]) -> None:
    grouped = [one(case("a", attributes={"group": 7})), other(case("b", attributes={"group": 7}))]
    merged = merge(grouped, folders, name="both")
    assert [found.attributes["group"] for found in merged.cases] == ["isic: 7", "ham: 7"]


def test_a_merged_set_merged_again_keeps_the_names_of_its_parts(folders: list[Path]) -> None:
    both = merge([one(), other()], folders, name="both")
    third = Manifest("ph2", "1", None, (case("c"),))
    again = merge([both, third], [folders[0].parent, folders[0]], name="all")
    assert [found.attributes["set"] for found in again.cases] == ["isic", "ham", "ph2"]


@pytest.mark.parametrize(
    ("manifests", "words"),
    [
        (lambda: [one()], "name two or more"),
        (lambda: [one(), one(case("b"))], "named isic, isic. Give each set a name"),
        (lambda: [one(), other(case("a"))], "isic and ham both have a case a."),
    ],
)
def test_what_cannot_be_one_set_is_refused(
    folders: list[Path], manifests: Callable[[], list[Manifest]], words: str
) -> None:
    with pytest.raises(DataError) as refused:
        merge(manifests(), folders, name="both")
    assert words in str(refused.value)
