import os
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import index_folder
from dermaseg_monai.manifest.listing import files_below, names_without


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files_below(folder)]


def test_files_come_in_the_order_of_their_paths_without_what_is_hidden(tmp_path: Path) -> None:
    kept = ["a b/1.png", "a-b/1.png", "a/b/2.JPG", "a/c.png", "z.png"]
    fill(tmp_path, *kept, "notes.txt", "a/._c.png", ".hidden/3.png", "a/__MACOSX/4.png", "lost+found/5.png")
    assert names(tmp_path) == kept


def test_a_linked_folder_is_looked_into(tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere", "deep/1.png", "2.png")
    folder = fill(tmp_path / "images", "3.png")
    (folder / "part1").symlink_to(tmp_path / "elsewhere")
    assert names(folder) == ["3.png", "part1/2.png", "part1/deep/1.png"]


def test_a_link_in_a_linked_folder_is_followed_too(tmp_path: Path) -> None:
    fill(tmp_path / "far", "1.png")
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "on").symlink_to(tmp_path / "far")
    folder = fill(tmp_path / "images")
    folder.mkdir()
    (folder / "part").symlink_to(tmp_path / "near")
    assert names(folder) == ["part/on/1.png"]


@pytest.mark.parametrize("target", [".", "..", "../images"])
def test_a_link_to_where_one_is_ends_nowhere(tmp_path: Path, target: str) -> None:
    folder = fill(tmp_path / "images", "1.png", "deep/2.png")
    fill(tmp_path / "masks", "1.png")
    (folder / "loop").symlink_to(target)
    (folder / "deep" / "up").symlink_to("..")
    assert names(folder) == ["1.png", "deep/2.png"]


def test_what_two_ways_lead_to_is_found_once_and_by_its_own_path(tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere", "1.png")
    folder = fill(tmp_path / "images", "real/2.png")
    (folder / "a link").symlink_to("real")
    (folder / "part1").symlink_to(tmp_path / "elsewhere")
    (folder / "part2").symlink_to(tmp_path / "elsewhere")
    assert names(folder) == ["part1/1.png", "real/2.png"]


def test_the_images_of_a_linked_folder_are_indexed(plain: Path) -> None:
    (plain / "images").rename(plain.parent / "elsewhere")
    (plain / "images").mkdir()
    (plain / "images" / "part1").symlink_to(os.path.relpath(plain.parent / "elsewhere", plain / "images"))
    manifest = index_folder(plain)
    assert [case.image.path for case in manifest.cases] == [f"images/part1/{name}.png" for name in "abc"]


def test_a_suffix_may_be_written_in_small_or_capital_letters() -> None:
    assert names_without(("", "_gt", "_label"), "A_GT") == {"A_GT", "A"}
    assert names_without(("_gt",), "a_label") == set()
    assert names_without(("_a_long_one",), "a") == set()


def test_a_folder_that_cannot_be_looked_into_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path, "1.png", "closed/2.png")
    scandir = os.scandir

    def closed(path: str | Path) -> object:  # as for a user without the right; root may look anywhere
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", closed)
        with pytest.raises(DataError, match=r"Cannot look into the folder .*closed: Permission denied"):
            files_below(folder)
