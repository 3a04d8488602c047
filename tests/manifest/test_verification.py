import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dermaseg_monai.errors import DataError, IntegrityError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Annotation, FileRecord, Manifest, index_folder, require_verified, verify


@pytest.fixture
def indexed(plain: Path) -> Manifest:
    return index_folder(plain, tables=plain / "table.csv", split_column="split")


def with_image(manifest: Manifest, record: FileRecord) -> Manifest:
    """The manifest with another record for the image of case a."""
    return replace(manifest, cases=(replace(manifest.cases[0], image=record), *manifest.cases[1:]))


def test_sound_data_have_no_problem(indexed: Manifest, plain: Path) -> None:
    assert verify(indexed, plain) == []
    require_verified(indexed, plain)


def test_a_missing_file_is_named(indexed: Manifest, plain: Path) -> None:
    (plain / "masks/b_mask.png").unlink()
    with pytest.raises(IntegrityError, match=r"1 of 6 files in train\|val\|test .*case b: .*b_mask\.png does not"):
        require_verified(indexed, plain)


def test_a_wrong_folder_is_told_from_missing_files(indexed: Manifest, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(IntegrityError, match=r"None of the 6 files .* is in .*elsewhere, .* --dataset_dir DIR"):
        require_verified(indexed, tmp_path / "elsewhere")


def test_files_that_have_all_changed_are_told_from_a_wrong_folder(indexed: Manifest, plain: Path) -> None:
    first, *others = plain.glob("*s/*.png")
    first.unlink()
    for path in others:
        path.write_bytes(b"changed")
    with pytest.raises(IntegrityError, match=r"6 of 6 files in train\|val\|test are not as manifest"):
        require_verified(indexed, plain)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_not_read(indexed: Manifest, plain: Path, kind: str) -> None:
    (plain / "images/a.png").unlink()
    if kind == "pipe":
        os.mkfifo(plain / "images/a.png")
    else:
        (plain / "images/a.png").symlink_to("/dev/zero")
    (problem,) = verify(indexed, plain)
    assert (problem.case_id, problem.kind) == ("a", "undecodable")
    assert problem.detail.endswith("cannot be read: it is a folder, a pipe or a device, not a regular file")


def test_a_changed_file_is_named_with_the_next_command(indexed: Manifest, plain: Path) -> None:
    with (plain / "images/a.png").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(IntegrityError, match=r"1 of 2 files in train .*a\.png has sha256 .*`dermaseg data verify`"):
        require_verified(indexed, plain, splits=["train"])


def test_other_splits_are_not_looked_at(indexed: Manifest, plain: Path) -> None:
    (plain / "images/a.png").unlink()
    require_verified(indexed, plain, splits=["val", "test"])
    assert [problem.kind for problem in verify(indexed, plain)] == ["missing"]


def test_a_truncated_image_is_found_though_its_hash_fits(indexed: Manifest, plain: Path) -> None:
    path = plain / "images/a.jpg"
    Image.effect_noise((64, 64), 50).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[:-400])
    record = FileRecord("images/a.jpg", sha256_of(path), size_px=(64, 64))
    problems = verify(with_image(indexed, record), plain)
    assert [problem.kind for problem in problems if problem.path == "images/a.jpg"] == ["undecodable"]


def test_a_grey_mask_is_told_from_a_broken_one(plain: Path, save_mask: Callable[..., None]) -> None:
    save_mask(plain / "masks/a_mask.png", level=120)
    again, broken = index_folder(plain), plain / "masks/b_mask.png"
    broken.write_bytes(broken.read_bytes()[:-30])
    mask = replace(again.cases[1].annotations[0].mask, sha256=sha256_of(broken))
    cases = (again.cases[0], replace(again.cases[1], annotations=(Annotation(mask),)), again.cases[2])
    problems = verify(replace(again, cases=cases), plain)
    assert [(problem.case_id, problem.kind) for problem in problems] == [("a", "not_binary"), ("b", "undecodable")]


def test_an_image_of_another_size_is_found(indexed: Manifest, plain: Path) -> None:
    record = replace(indexed.cases[0].image, size_px=(8, 6))
    problems = verify(with_image(indexed, record), plain)
    assert [problem.kind for problem in problems] == ["mask_size", "size"]
    assert problems[1].detail.endswith("a.png has size (6, 8), expected (8, 6)")


def test_a_second_check_reads_no_file(indexed: Manifest, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verify(indexed, plain)
    for name in ("sha256_of", "read_image", "read_mask"):
        monkeypatch.setattr(f"dermaseg_monai.manifest.verification.{name}", None)
    assert verify(indexed, plain) == []


def test_a_second_check_finds_what_the_first_one_found(indexed: Manifest, plain: Path) -> None:
    manifest = with_image(indexed, replace(indexed.cases[0].image, size_px=(8, 6)))
    assert verify(manifest, plain) == verify(manifest, plain) != []


def test_the_memory_lies_in_the_cache_and_not_beside_the_data(indexed: Manifest, plain: Path, own_cache: Path) -> None:
    before = sorted(plain.rglob("*"))
    verify(indexed, plain)
    assert sorted(plain.rglob("*")) == before
    assert len(list((own_cache / "dermaseg_monai" / "files").glob("*.json"))) == 1


def test_a_change_that_keeps_the_size_is_found_by_its_time(indexed: Manifest, plain: Path) -> None:
    verify(indexed, plain)
    path = plain / "images/a.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert [problem.kind for problem in verify(indexed, plain)] == ["changed"]


def test_files_of_one_size_and_time_that_change_places_are_found(plain: Path, save_mask: Callable[..., None]) -> None:
    masks = [plain / f"masks/{name}_mask.bmp" for name in "ab"]
    for rows, mask in enumerate(masks, start=2):
        save_mask(mask, rows=rows)
        mask.with_suffix(".png").unlink()
    indexed = index_folder(plain)
    assert verify(indexed, plain) == []
    before = [(mask.stat().st_size, mask.stat().st_mtime_ns) for mask in masks]
    masks[0].rename(plain / "between")
    masks[1].rename(masks[0])
    (plain / "between").rename(masks[1])
    assert [(mask.stat().st_size, mask.stat().st_mtime_ns) for mask in masks] == before[::-1] == before
    assert [problem.kind for problem in verify(indexed, plain)] == ["changed", "changed"]


def test_a_cache_of_before_is_looked_at_once_more(
    indexed: Manifest, plain: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(indexed, plain)
    (memory,) = (own_cache / "dermaseg_monai" / "files").glob("*.json")
    old = {
        name: {key: value for key, value in seen.items() if key not in {"ctime_ns", "inode"}}
        for name, seen in json.loads(memory.read_text()).items()
    }
    memory.write_text(json.dumps(old))
    hashed: list[Path] = []

    def counted(path: Path) -> str:
        hashed.append(path)
        return sha256_of(path)

    monkeypatch.setattr("dermaseg_monai.manifest.verification.sha256_of", counted)
    assert verify(indexed, plain) == []
    assert len(hashed) == 6
    assert verify(indexed, plain) == []
    assert len(hashed) == 6


def test_a_file_written_this_moment_is_not_remembered(plain: Path, own_cache: Path) -> None:
    for path in plain.rglob("*.png"):
        path.touch()
    verify(index_folder(plain), plain)
    assert not list(own_cache.rglob("*.json"))


def test_a_damaged_or_unwritable_cache_does_no_harm(
    indexed: Manifest, plain: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(indexed, plain)
    (memory,) = (own_cache / "dermaseg_monai" / "files").glob("*.json")
    memory.write_text('{"images/a.png": 3}')
    assert verify(indexed, plain) == []
    monkeypatch.setenv("XDG_CACHE_HOME", str(memory))
    assert verify(indexed, plain) == []


def test_a_data_folder_that_is_not_there_is_one_line(indexed: Manifest, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"dataset_dir .*nowhere does not exist"):
        require_verified(indexed, tmp_path / "nowhere")
