import stat
import zipfile
from pathlib import Path

import pytest

from dermaseg_monai.errors import DermasegError, IntegrityError
from dermaseg_monai.manifest.fetch.unpack import unpack

MEGABYTE = 2**20


def make_zip(path: Path, entries: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return path


def unpacked(archive: Path) -> dict[str, bytes]:
    target = archive.parent / "target"
    names = unpack(archive, target, lambda _: None)
    found = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert sorted(names) == sorted(found)
    return found


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "inside" / "a.zip"


def test_a_folder_around_everything_and_junk_are_left_out(archive: Path) -> None:
    entries = {
        "masks/": b"",
        "masks/a.png": b"a",
        "masks/sub/b.png": b"b",
        "masks/.DS_Store": b"junk",
        "masks/Thumbs.db": b"junk",
        "__MACOSX/": b"",
        "__MACOSX/masks/._a.png": b"junk",
    }
    assert unpacked(make_zip(archive, entries)) == {"a.png": b"a", "sub/b.png": b"b"}


def test_files_without_a_folder_around_them_stay_where_they_are(archive: Path) -> None:
    assert unpacked(make_zip(archive, {"a.png": b"a", "text/LICENSE.txt": b"l"})) == {
        "a.png": b"a",
        "text/LICENSE.txt": b"l",
    }


@pytest.mark.parametrize(
    "name",
    ["../a.png", "ok/../../a.png", "/a.png", "C:/a.png", "..\\a.png", "ok\\a.png", "../", "a\n.png"],
)
def test_a_name_that_leads_out_is_refused_before_anything_is_written(name: str, archive: Path) -> None:
    make_zip(archive, {"ok/first.png": b"1", name: b"evil"})
    before = sorted(archive.parents[1].rglob("*"))
    with pytest.raises(IntegrityError, match=r"a\.zip holds '.*', a name that leads out of its folder"):
        unpacked(archive)
    assert sorted(archive.parents[1].rglob("*")) == before


def test_a_name_with_a_nul_in_it_is_refused(archive: Path) -> None:
    make_zip(archive, {"a?.png": b"1"})
    archive.write_bytes(archive.read_bytes().replace(b"a?.png", b"a\x00.png"))
    with pytest.raises(IntegrityError, match="a name that leads out of its folder"):
        unpacked(archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files_are_refused(kind: int, archive: Path) -> None:
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as opened:
        info = zipfile.ZipInfo("ok/link.png")
        info.external_attr = (kind | 0o777) << 16
        opened.writestr(info, "/etc/passwd")
    with pytest.raises(IntegrityError, match=r"'ok/link\.png', a link or special file"):
        unpacked(archive)


def test_one_file_that_swells_is_refused(archive: Path) -> None:
    make_zip(archive, {"bomb.png": bytes(60 * MEGABYTE)})
    with pytest.raises(IntegrityError, match=r"'bomb\.png', which would unpack \d+ bytes to 62914560"):
        unpacked(archive)


def test_many_files_that_swell_together_are_refused(archive: Path) -> None:
    make_zip(archive, {f"{number}.png": bytes(10 * MEGABYTE) for number in range(6)})
    with pytest.raises(IntegrityError, match=r"would unpack \d+ bytes to 62914560, more than 20 times"):
        unpacked(archive)


def test_a_size_that_lies_does_not_let_more_through(archive: Path) -> None:
    make_zip(archive, {"a.png": bytes(5000)})
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(IntegrityError, match=r"a\.zip is damaged at 'a\.png'"):
        unpacked(archive)


@pytest.mark.parametrize("second", ["a.png", "A.PNG"])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_name_that_comes_twice_is_refused(second: str, archive: Path) -> None:
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.png", "1")
        opened.writestr(second, "2")
    with pytest.raises(IntegrityError, match=f"holds '{second}' twice"):
        unpacked(archive)


def test_a_file_that_is_a_folder_too_is_refused_in_one_line(archive: Path) -> None:
    make_zip(archive, {"x/a": b"1", "x/a/b": b"2"})
    with pytest.raises(DermasegError, match=r"Cannot unpack .*a\.zip"):
        unpacked(archive)


def test_an_encrypted_file_is_refused(archive: Path) -> None:
    make_zip(archive, {"a.png": b"1"})
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    with pytest.raises(IntegrityError, match="which is encrypted"):
        unpacked(archive)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_whole_blocks_is_refused(method: int, archive: Path) -> None:
    make_zip(archive, {"a.png": b"a"}, method=method)
    with pytest.raises(IntegrityError, match=r"holds 'a\.png', which is packed in another way than by deflate"):
        unpacked(archive)


def test_changed_content_is_found_by_its_checksum(archive: Path) -> None:
    make_zip(archive, {"a.png": b"content"}, method=zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"content", b"Content"))
    with pytest.raises(IntegrityError, match=r"a\.zip is damaged at 'a\.png' \(Bad CRC-32"):
        unpacked(archive)


@pytest.mark.parametrize("n_bytes", [0, 40, -1])
def test_half_an_archive_is_not_an_archive(n_bytes: int, archive: Path) -> None:
    make_zip(archive, {"a.png": b"content"})
    archive.write_bytes(archive.read_bytes()[:n_bytes])
    with pytest.raises(IntegrityError, match=r"a\.zip is not a whole zip archive"):
        unpacked(archive)


def test_an_archive_of_nothing_but_junk_is_refused(archive: Path) -> None:
    make_zip(archive, {"__MACOSX/a": b"1"})
    with pytest.raises(IntegrityError, match=r"a\.zip holds no files"):
        unpacked(archive)


def test_what_an_earlier_try_left_is_not_mixed_in(archive: Path) -> None:
    make_zip(archive, {"a.png": b"new"})
    (archive.parent / "target").mkdir()
    (archive.parent / "target" / "old.png").write_text("old")
    assert unpacked(archive) == {"a.png": b"new"}
