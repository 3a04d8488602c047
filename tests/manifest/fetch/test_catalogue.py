from urllib.parse import urlsplit

import pytest

from dermaseg_monai.manifest import READERS, RELEASES
from dermaseg_monai.manifest.fetch.release import Download
from dermaseg_monai.manifest.ham10000 import IMAGES, MASKS, TABLES
from dermaseg_monai.manifest.isic import ISIC2016, ISIC2017, ISIC2018, Part

DOWNLOADS = [download for release in RELEASES.values() for download in release.downloads]
HEX_DIGITS = {"md5": 32, "sha256": 64}


@pytest.mark.parametrize("download", DOWNLOADS, ids=lambda download: download.name)
def test_every_file_has_official_addresses_and_a_checksum(download: Download) -> None:
    hosts = [urlsplit(url).hostname for url in download.urls]
    isic = ["isic-archive.s3.amazonaws.com", "isic-challenge-data.s3.amazonaws.com"]
    assert hosts in (isic, ["dataverse.harvard.edu"])
    assert all(urlsplit(url).scheme == "https" for url in download.urls)
    assert download.checksum is not None
    assert len(bytes.fromhex(download.checksum.value)) * 2 == HEX_DIGITS[download.checksum.algorithm]


def test_no_checksum_stands_twice() -> None:
    values = [download.checksum.value for download in DOWNLOADS if download.checksum is not None]
    assert len(set(values)) == len(values) == 4 + 9 + 6 + 4


@pytest.mark.parametrize(("name", "parts"), [("isic2016", ISIC2016), ("isic2017", ISIC2017), ("isic2018", ISIC2018)])
def test_the_archives_make_the_folders_that_the_reader_wants(name: str, parts: tuple[Part, ...]) -> None:
    made = {(download.split, download.folder) for download in RELEASES[name].downloads if download.folder}
    assert made == {(part.split, folder) for part in parts for folder in (part.images, part.masks)}
    tables = {download.name for download in RELEASES[name].downloads if download.folder is None}
    assert tables == {part.classes for part in parts if part.classes}


def test_ham10000_comes_in_the_files_that_its_reader_wants() -> None:
    downloads = RELEASES["ham10000"].downloads
    assert {download.folder for download in downloads if download.folder} == {*IMAGES, MASKS}
    assert [download.name for download in downloads if download.folder is None] == [TABLES[0]]


def test_every_set_has_a_reader_terms_and_something_to_cite() -> None:
    for name, release in RELEASES.items():
        assert (release.name, release.reader) == (name, name)
        assert name in READERS
        assert release.terms.licence
        assert release.terms.attribution
        assert release.terms.cite
        assert bool(release.downloads) != bool(release.by_hand)


def test_isic2018_is_as_large_as_published() -> None:
    sizes = [download.size_bytes or 0 for download in RELEASES["isic2018"].downloads]
    assert sum(sizes) == 13_812_889_765
