"""A process that is killed, or has no room left, in the middle of a download: nothing half-written passes for whole."""

import json
import re
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.manifest.fetch.site import File, Site

PIECE_BYTES = 20_000
FETCH = """
import json, resource, sys
from dermaseg_monai.manifest import fetch_set
from dermaseg_monai.manifest.fetch import Download, Pace, Release, Terms
root, url, piece_bytes, most_bytes = json.loads(sys.argv[1])
if most_bytes:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
download = Download("set.zip", (url,), None, None, "set")
terms = Terms("CC0-1.0", "Anna", ("Anna 2020",), "https://example.org")
options = {"images": "set/images", "masks": "set/masks", "split": "test"}
release = Release("tiny", "Tiny", "folder", terms, (download,), options=options)
pace = Pace(connections=1, piece_bytes=piece_bytes, tries=2, wait_s=0.0)
fetched = fetch_set(release, root, pace=pace)
assert fetched.problems == [], fetched.problems
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    """One noisy image (which no packing makes smaller) and its mask."""
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    Image.new("L", (200, 200), 255).save(tmp_path / "m.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as made:
        made.write(tmp_path / "a.png", "set/images/a.png")
        made.write(tmp_path / "m.png", "set/masks/a.png")
    return (tmp_path / "set.zip").read_bytes()


def start(root: Path, site: Site, *, most_bytes: int = 0) -> subprocess.Popen[str]:
    arguments = json.dumps([str(root), site.url("/set.zip"), PIECE_BYTES, most_bytes])
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", FETCH, arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def whole(root: Path, said: str) -> bool:
    assert "Traceback" not in said, said
    return (root / "tiny.json").is_file() and not (root / "unfinished").exists()


def test_a_killed_fetch_leaves_nothing_that_passes_for_whole_and_goes_on(
    tmp_path: Path, archive: bytes, site: Site
) -> None:
    root, third_asked, go_on = tmp_path / "root", threading.Event(), threading.Event()

    def cut(span: tuple[int, int]) -> int | None:
        if span[0] != 2 * PIECE_BYTES or go_on.is_set():
            return None
        third_asked.set()  # pieces come one after the other: the first two are in the journal now
        go_on.wait()
        return 0

    site.answers["/set.zip"] = File(archive, cut=cut)
    process = start(root, site)
    try:
        assert third_asked.wait(timeout=300)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        go_on.set()
    assert process.returncode == -signal.SIGKILL
    assert not (root / "set").exists()
    assert sorted(path.name for path in (root / "unfinished").iterdir()) == [
        "lock",
        "set.zip.partial",
        "set.zip.partial.json",
    ]

    site.asked.clear()
    process = start(root, site)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert whole(root, said)
    asked = site.ranges("/set.zip")
    assert asked[0] == f"bytes={2 * PIECE_BYTES}-{3 * PIECE_BYTES - 1}"
    assert len(asked) == -(-len(archive) // PIECE_BYTES) - 2


def test_a_disk_that_fills_up_in_the_download_is_named_and_the_next_try_goes_on(
    tmp_path: Path, archive: bytes, site: Site
) -> None:
    site.answers["/set.zip"] = File(archive)
    fills_up_and_goes_on(tmp_path / "root", site, len(archive) // 2, "Cannot write .*partial")


def test_a_disk_that_fills_up_in_the_unpacking_is_named_and_the_next_try_goes_on(tmp_path: Path, site: Site) -> None:
    Image.new("RGB", (200, 200), (90, 60, 50)).save(tmp_path / "a.bmp")  # 120 kB, which pack to almost nothing
    Image.new("L", (200, 200), 255).save(tmp_path / "m.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.write(tmp_path / "a.bmp", "set/images/a.bmp")
        made.write(tmp_path / "m.png", "set/masks/a.png")
    site.answers["/set.zip"] = File((tmp_path / "set.zip").read_bytes())
    fills_up_and_goes_on(tmp_path / "root", site, 60_000, r"Cannot unpack .*set\.zip")


def fills_up_and_goes_on(root: Path, site: Site, most_bytes: int, error: str) -> None:
    """A limit on the size of a file stands for the end of the disk."""
    process = start(root, site, most_bytes=most_bytes)
    said, _ = process.communicate()
    assert process.returncode == 1
    assert re.search(rf"DataError: {error}.* the same command then goes on", said.splitlines()[-1]), said
    assert not (root / "set").exists()
    process = start(root, site)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert whole(root, said)
