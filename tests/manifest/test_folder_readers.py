from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.manifest import Manifest, index_folder

SaveMask = Callable[..., None]


def drawn(manifest: Manifest) -> dict[str, list[tuple[str | None, str]]]:
    return {
        case.id: [(one.annotator, one.mask.path) for one in case.annotations if one.role == "reader"]
        for case in manifest.cases
    }


@pytest.fixture
def read(plain: Path, save_mask: SaveMask) -> Path:
    """Images a, b, c with references; ann drew all of them, bob a and b."""
    for name in ("ann/a", "ann/b", "ann/c", "bob/a", "bob/b"):
        save_mask(plain / "readers" / f"{name}.png")
    return plain


def test_what_readers_drew_stands_beside_the_reference(read: Path) -> None:
    manifest = index_folder(read, readers="readers/{annotator}/{case}.png")
    assert drawn(manifest) == {
        "a": [("ann", "readers/ann/a.png"), ("bob", "readers/bob/a.png")],
        "b": [("ann", "readers/ann/b.png"), ("bob", "readers/bob/b.png")],
        "c": [("ann", "readers/ann/c.png")],
    }
    references = [case.reference.mask.path for case in manifest.cases if case.reference]
    assert references == ["masks/a_mask.png", "masks/b_mask.png", "masks/c_mask.png"]
    assert [one.annotator for one in manifest.cases[0].readings] == ["ann", "bob"]
    assert manifest.cases[0].annotations[1].mask.sha256


def test_a_pattern_from_the_root_does_not_take_images_and_references_for_readers(read: Path) -> None:
    (read / "readers" / "ann").rename(read / "ann")
    (read / "readers" / "bob").rename(read / "bob")
    manifest = index_folder(read, readers="{annotator}/{case}.png")
    assert [len(ones) for ones in drawn(manifest).values()] == [2, 2, 1]
    assert {name for ones in drawn(manifest).values() for name, _ in ones} == {"ann", "bob"}


def test_references_and_readers_may_share_a_folder_and_need_not_be_both(plain: Path, save_mask: SaveMask) -> None:
    for case in "abc":
        save_mask(plain / "masks" / f"{case}_ann-eve_T1_expert.png")
    pattern = "masks/{case}_ann-{annotator}_{tool}_{skill}.png"
    manifest = index_folder(plain, readers=pattern)
    one = manifest.cases[0].annotations[1]
    assert (one.annotator, one.tool, one.skill, one.role) == ("eve", "T1", "expert", "reader")
    for case in "abc":
        (plain / "masks" / f"{case}_mask.png").unlink()
    alone = index_folder(plain, readers=pattern)
    assert [case.reference for case in alone.cases] == [None] * 3
    assert drawn(alone) == drawn(manifest)


def test_one_folder_may_hold_everything(tmp_path: Path, save_image: SaveMask, save_mask: SaveMask) -> None:
    save_image(tmp_path / "x.png")
    save_mask(tmp_path / "x_ann-1.png")
    manifest = index_folder(tmp_path, images=".", masks=".", readers="{case}_ann-{annotator}.png")
    assert drawn(manifest) == {"x": [("1", "x_ann-1.png")]}


def test_the_folder_around_all_may_hold_the_references(read: Path) -> None:
    pattern = "readers/{annotator}/{case}.png"
    beside = index_folder(read, readers=pattern)
    assert index_folder(read, masks=".", readers=pattern) == beside
    for case in "abc":
        (read / "masks" / f"{case}_mask.png").unlink()
    alone = index_folder(read, masks=".", readers=pattern)
    assert [case.reference for case in alone.cases] == [None] * 3
    assert drawn(alone) == drawn(beside)


def test_a_lacking_reference_is_still_named(read: Path) -> None:
    (read / "masks" / "b_mask.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 images have no mask in .*masks, first b"):
        index_folder(read, readers="readers/{annotator}/{case}.png")


@pytest.mark.parametrize("stranger", ["readers/ann/z.png", "readers/z.png"])
def test_a_mask_of_no_image_or_reader_is_not_dropped_in_silence(read: Path, save_mask: SaveMask, stranger: str) -> None:
    save_mask(read / stranger)
    with pytest.raises(DataError, match=rf"1 masks belong to no image and reader, first .*{stranger}.*--allow-partial"):
        index_folder(read, readers="readers/{annotator}/{case}.png")
    assert len(index_folder(read, readers="readers/{annotator}/{case}.png", allow_partial=True).cases) == 3


@pytest.mark.parametrize("names", [("bob/a", "bob/b"), ("ann/a", "ann/b", "ann/c", "bob/a", "bob/b")])
def test_outlines_of_another_type_than_the_pattern_says_are_named(read: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (read / "readers" / f"{name}.png").rename(read / "readers" / f"{name}.bmp")
    with pytest.raises(DataError, match=r"leave out \d outlines .*all of bob \(2 \.bmp\)"):
        index_folder(read, readers="readers/{annotator}/{case}.png")
    assert len(drawn(index_folder(read, readers="readers/{annotator}/{case}"))["a"]) == 2


def test_a_mask_of_another_size_is_refused(read: Path, save_mask: SaveMask) -> None:
    save_mask(read / "readers/bob/c.png", height=5)
    with pytest.raises(DataError, match=r"1 masks have another size than their image, first .*bob/c\.png"):
        index_folder(read, readers="readers/{annotator}/{case}.png")


def test_patterns_that_cannot_work_are_refused(read: Path) -> None:
    with pytest.raises(ConfigError, match=r"--readers '\{case\}\.png' must hold"):
        index_folder(read, readers="{case}.png")
    elsewhere = f"{read.parent}/{{annotator}}/{{case}}.png"
    for pattern in ("drawn/{annotator}/{case}.png", "../plain/readers/{annotator}/{case}.png", elsewhere):
        with pytest.raises(DataError, match=r"no folder .*where --readers|found: no mask at all"):
            index_folder(read, readers=pattern)


def test_the_command_says_whose_outlines_it_found(read: Path, tmp_path: Path) -> None:
    words = ["data", "index", "folder", "--root", str(read), "--out", str(tmp_path / "m.json")]
    done = CliRunner().invoke(app, [*words, "--readers", "readers/{annotator}/{case}.png"], catch_exceptions=False)
    assert "5 outlines by ann, bob; 3 cases have a reference." in done.output
    assert len(drawn(Manifest.load(tmp_path / "m.json"))["a"]) == 2
