import errno
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dermaseg_monai.errors import ConfigError, DataError, DownloadError, IntegrityError
from dermaseg_monai.locks import taken
from dermaseg_monai.manifest import Fetched, Manifest, Release, Split, fetch_set
from dermaseg_monai.manifest.fetch import Checksum, Download, Pace, Terms
from dermaseg_monai.manifest.fetch.sole import sole
from tests.manifest.fetch.site import File, Site, status, whole_only

NAMES = ("a", "b", "c")
TERMS = Terms("CC0-1.0", "Anna and Carl", ("Anna: Pictures. 2020",), "https://example.org/terms")
TABLE = b"id,age\na,40\nb,41\nc,42\n"


def png(level: int, mode: str) -> bytes:
    stream = io.BytesIO()
    colour = (level, level, level) if mode == "RGB" else level
    Image.new(mode, (8, 6), colour).save(stream, "PNG")
    return stream.getvalue()


def packed(entries: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


IMAGES = packed({f"tiny_images/{name}.png": png(level, "RGB") for level, name in enumerate(NAMES, 100)})
MASKS = packed(
    {
        **{f"tiny_masks/{name}_mask.png": png(255, "L") for name in NAMES},
        "__MACOSX/tiny_masks/._a_mask.png": b"junk",
    }
)
CONTENTS = {"table.csv": TABLE, "tiny_masks.zip": MASKS, "tiny_images.zip": IMAGES}


def sha256(content: bytes) -> Checksum:
    return Checksum("sha256", hashlib.sha256(content).hexdigest())


@pytest.fixture
def release(site: Site) -> Release:
    """Three pairs on the server: a table, an archive of masks (with junk), an archive of images without a checksum."""
    for name, content in CONTENTS.items():
        site.answers[f"/{name}"] = File(content)
    table = Download("table.csv", (site.url("/table.csv"),), len(TABLE), sha256(TABLE))
    masks = Download("tiny_masks.zip", (site.url("/tiny_masks.zip"),), len(MASKS), sha256(MASKS), "tiny_masks")
    images = Download("tiny_images.zip", (site.url("/tiny_images.zip"),), None, None, "tiny_images")
    options = {"images": "tiny_images", "masks": "tiny_masks", "split": "test"}
    return Release("tiny", "A tiny set", "folder", TERMS, (table, masks, images), options=options)


Fetcher = Callable[[Release], Fetched]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "new" / "root"


@pytest.fixture
def fetch(root: Path, pace: Pace, said: list[str]) -> Fetcher:
    return lambda release: fetch_set(release, root, pace=pace, say=said.append)


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


WHOLE = [
    "LICENCE_tiny.txt",
    "table.csv",
    "tiny.json",
    *(f"tiny_images/{name}" for name in ("SOURCE.json", "a.png", "b.png", "c.png")),
    *(f"tiny_masks/{name}" for name in ("SOURCE.json", "a_mask.png", "b_mask.png", "c_mask.png")),
]


def test_a_set_is_fetched_indexed_and_verified(fetch: Fetcher, release: Release, root: Path) -> None:
    fetched = fetch(release)
    assert fetched.problems == []
    assert [case.id for case in fetched.manifest.cases] == ["a", "b", "c"]
    assert fetched.path == root / "tiny.json"
    assert Manifest.load(fetched.path).digest == fetched.manifest.digest
    assert files(root) == WHOLE
    assert not (root / "unfinished").exists()


def test_terms_are_shown_first_and_lie_beside_the_images(
    fetch: Fetcher, release: Release, root: Path, said: list[str], site: Site
) -> None:
    site.answers.clear()
    with pytest.raises(DownloadError, match="404"):
        fetch(release)
    shown = "A tiny set\nLicence: CC0-1.0\nAttribution: Anna and Carl\nTerms: https://example.org/terms\n"
    assert said == [f"{shown}Please cite: Anna: Pictures. 2020"]
    assert (root / "LICENCE_tiny.txt").read_text() == f"{said[0]}\n"


def test_a_checksum_that_is_not_published_is_recorded(fetch: Fetcher, release: Release, root: Path) -> None:
    fetch(release)
    record = json.loads((root / "tiny_images" / "SOURCE.json").read_text())
    assert (record["published_checksum"], record["published_size_bytes"]) == (None, None)
    assert (record["sha256"], record["size_bytes"]) == (hashlib.sha256(IMAGES).hexdigest(), len(IMAGES))
    assert (record["n_files"], record["licence"], record["attribution"]) == (3, "CC0-1.0", "Anna and Carl")
    masks = json.loads((root / "tiny_masks" / "SOURCE.json").read_text())
    assert masks["published_checksum"] == f"sha256:{masks['sha256']}"


def test_a_second_fetch_downloads_nothing(fetch: Fetcher, release: Release, site: Site, said: list[str]) -> None:
    before = fetch(release).manifest.digest
    site.asked.clear()
    assert fetch(release).manifest.digest == before
    assert site.asked == []
    assert "tiny_masks is there already and stays as it is." in said


def test_a_changed_file_is_found_against_the_manifest_that_is_there(
    fetch: Fetcher, release: Release, root: Path
) -> None:
    fetch(release)
    (root / "tiny_masks" / "b_mask.png").write_bytes(png(0, "L"))
    assert [(problem.case_id, problem.kind) for problem in fetch(release).problems] == [("b", "changed")]
    shutil.rmtree(root / "tiny_masks")
    assert fetch(release).problems == []


def test_a_wrong_checksum_is_set_aside_and_never_unpacked(
    fetch: Fetcher, release: Release, root: Path, site: Site
) -> None:
    wrong = bytearray(MASKS)
    wrong[40] ^= 1
    site.answers["/tiny_masks.zip"] = File(bytes(wrong))
    with pytest.raises(
        IntegrityError, match=r"tiny_masks\.zip has sha256 .*, published is .*set_aside/tiny_masks\.zip"
    ):
        fetch(release)
    assert (root / "set_aside" / "tiny_masks.zip").read_bytes() == wrong
    assert not (root / "tiny_masks").exists()
    site.answers["/tiny_masks.zip"] = File(MASKS, etag='"v2"')
    assert fetch(release).problems == []


def test_a_table_with_a_wrong_checksum_is_set_aside(fetch: Fetcher, release: Release, root: Path, site: Site) -> None:
    site.answers["/table.csv"] = File(TABLE.replace(b"40", b"99"))
    with pytest.raises(IntegrityError, match=r"table\.csv has sha256"):
        fetch(release)
    assert not (root / "table.csv").exists()


@pytest.mark.parametrize("name", ["../evil.png", "/evil.png"])
def test_an_archive_that_leads_out_is_set_aside(
    name: str, fetch: Fetcher, release: Release, root: Path, site: Site
) -> None:
    site.answers["/tiny_images.zip"] = File(packed({"tiny_images/a.png": b"1", name: b"2"}))
    with pytest.raises(IntegrityError, match=r"tiny_images\.zip holds .*leads out of its folder\. It was not unpacked"):
        fetch(release)
    assert files(root.parent) == sorted(
        f"root/{name}" for name in [*WHOLE[:2], "set_aside/tiny_images.zip", "unfinished/lock", *WHOLE[7:]]
    )


def test_a_page_instead_of_an_archive_is_set_aside(fetch: Fetcher, release: Release, site: Site) -> None:
    site.answers["/tiny_images.zip"] = whole_only(b"<html>Please log in</html>")
    with pytest.raises(IntegrityError, match=r"tiny_images\.zip is not a whole zip archive"):
        fetch(release)


def test_the_whole_download_is_refused_when_there_is_no_room(
    fetch: Fetcher, release: Release, root: Path, site: Site
) -> None:
    site.answers["/tiny_images.zip"] = status(206, Content_Range=f"bytes 0-0/{10**16}")
    with pytest.raises(
        DataError, match=r"has .* free, fetching 3 files \(archives and what is in them\) needs 21\.0 PB"
    ):
        fetch(release)
    assert all(site.ranges(f"/{name}") == [] for name in CONTENTS)
    assert files(root) == ["LICENCE_tiny.txt", "unfinished/lock"]


def test_an_archive_that_is_at_hand_is_used_and_stays(fetch: Fetcher, release: Release, root: Path, site: Site) -> None:
    root.mkdir(parents=True)
    (root / "tiny_images.zip").write_bytes(IMAGES)
    assert fetch(release).problems == []
    assert "/tiny_images.zip" not in [path for path, _ in site.asked]
    assert (root / "tiny_images.zip").read_bytes() == IMAGES


def test_an_archive_at_hand_that_is_another_is_set_aside(fetch: Fetcher, release: Release, root: Path) -> None:
    root.mkdir(parents=True)
    (root / "tiny_masks.zip").write_bytes(IMAGES)
    with pytest.raises(IntegrityError, match=r"tiny_masks\.zip has \d+ bytes, published are \d+"):
        fetch(release)
    assert fetch(release).problems == []


def test_what_a_kill_left_behind_is_not_taken_for_whole(fetch: Fetcher, release: Release, root: Path) -> None:
    half = root / "unfinished" / "tiny_images.unpacking"
    half.mkdir(parents=True)
    (half / "a.png").write_bytes(png(1, "RGB"))
    (root / "unfinished" / ".writing-x.json").write_text("{")
    (root / "unfinished" / "tiny_masks.zip.partial").write_bytes(MASKS[:50])
    (root / "tiny_masks").mkdir()
    assert fetch(release).problems == []
    assert files(root) == WHOLE


def test_a_download_that_was_whole_when_the_kill_came_is_not_repeated(
    fetch: Fetcher, release: Release, root: Path, site: Site
) -> None:
    (root / "unfinished").mkdir(parents=True)
    (root / "unfinished" / "tiny_masks.zip").write_bytes(MASKS)
    assert fetch(release).problems == []
    assert "/tiny_masks.zip" not in [path for path, _ in site.asked]
    assert files(root) == WHOLE


def test_a_folder_that_another_process_fetches_into_is_refused(fetch: Fetcher, release: Release, root: Path) -> None:
    with sole(root / "unfinished"), pytest.raises(DataError, match=r"Another process works in .*unfinished"):
        fetch(release)
    assert fetch(release).problems == []


def test_a_lock_that_its_holder_has_just_removed_is_not_taken_for_the_one_in_the_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_too_late(number: int) -> bool:
        (root / "lock").unlink()
        return taken(number)

    monkeypatch.setattr("dermaseg_monai.manifest.fetch.sole.taken", taken_too_late)
    with pytest.raises(DataError, match="Another process works"), sole(root):
        pass


def test_a_file_system_without_locks_is_left_to_the_user(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with sole(root):
        pass


def test_a_place_that_cannot_be_written_is_one_clear_line(fetch: Fetcher, release: Release, root: Path) -> None:
    root.parent.mkdir()
    root.write_text("a file in the way")
    with pytest.raises(DataError, match=r"Cannot write .*root"):
        fetch(release)


def parted(site: Site) -> Release:
    """The layout of ISIC 2016, whose reader knows two parts, with three pairs in each."""
    downloads: list[Download] = []
    parts: tuple[tuple[Split, str], ...] = (("train", "Training"), ("test", "Test"))
    for split, part in parts:
        for kind, content in (("Data", packed({"x/ISIC_1.jpg": b""})), ("GroundTruth", MASKS)):
            name = f"ISBI2016_ISIC_Part1_{part}_{kind}"
            site.answers[f"/{name}"] = File(content)
            downloads.append(Download(f"{name}.zip", (site.url(f"/{name}"),), None, None, name, split))
    return Release("tiny", "A tiny set", "isic2016", TERMS, tuple(downloads))


def test_only_the_chosen_parts_are_fetched(site: Site, root: Path, pace: Pace) -> None:
    waiting = root / "unfinished" / "ISBI2016_ISIC_Part1_Training_Data.zip.partial"
    waiting.parent.mkdir(parents=True)
    waiting.write_bytes(b"of another part")
    with pytest.raises(DataError, match=r"Test_Data holds 1 of 379 images"):
        fetch_set(parted(site), root, splits=["test"], pace=pace, say=lambda _: None)
    assert {path for path, _ in site.asked} == {f"/ISBI2016_ISIC_Part1_Test_{kind}" for kind in ("Data", "GroundTruth")}
    assert waiting.read_bytes() == b"of another part"


def test_parts_that_a_set_does_not_have_are_refused(release: Release, site: Site, root: Path) -> None:
    with pytest.raises(ConfigError, match="tiny has the parts train, test, so --splits val does not fit"):
        fetch_set(parted(site), root, splits=["val"])
    with pytest.raises(ConfigError, match="tiny comes as a whole, so --splits train does not fit"):
        fetch_set(release, root, splits=["train"])
    assert not root.exists()


def test_pixels_are_those_that_were_published(fetch: Fetcher, release: Release, root: Path) -> None:
    fetch(release)
    assert np.asarray(Image.open(root / "tiny_images" / "b.png"))[0, 0].tolist() == [101, 101, 101]
