import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path
from urllib.request import Request as Asked

import pytest

from dermaseg_monai.errors import DownloadError
from dermaseg_monai.manifest.fetch.failures import Refused, Unreachable
from dermaseg_monai.manifest.fetch.pace import Pace
from dermaseg_monai.manifest.fetch.partial import Partial
from dermaseg_monai.manifest.fetch.release import Checksum, Download
from dermaseg_monai.manifest.fetch.transfer import ask_size, transfer
from dermaseg_monai.manifest.fetch.web import HttpRedirects
from tests.manifest.fetch.site import Answer, File, Request, Site, in_turn, status, whole_only

CONTENT = hashlib.shake_256(b"one").digest(350)
OTHER = hashlib.shake_256(b"other").digest(350)
Getter = Callable[..., bytes]


@pytest.fixture
def partial(tmp_path: Path) -> Partial:
    return Partial(tmp_path / "a.zip")


@pytest.fixture
def get(site: Site, pace: Pace, partial: Partial) -> Getter:
    """Download /a (then /b) and return what lies in the partial file."""

    def get(*paths: str, size: int | None = None, content: bytes | None = None, pace: Pace = pace) -> bytes:
        checksum = None if content is None else Checksum("sha256", hashlib.sha256(content).hexdigest())
        urls = tuple(path if ":" in path else site.url(path) for path in paths or ("/a",))
        transfer(Download("a.zip", urls, size, checksum), partial, pace)
        return partial.path.read_bytes()

    return get


def left_after(partial: Partial, n_pieces: int, *, etag: str | None, url: str) -> None:
    """Leave behind what a killed download of CONTENT leaves: a full-sized file with some pieces in it."""
    done = CONTENT[: n_pieces * 100]
    partial.path.write_bytes(done + bytes(len(CONTENT) - len(done)))
    journal = {"url": url, "size_bytes": 350, "validator": etag, "piece_bytes": 100, "done": list(range(n_pieces))}
    partial.path.with_name("a.zip.partial.json").write_text(json.dumps(journal))


def test_pieces_come_over_several_connections_and_make_the_file(site: Site, get: Getter, pace: Pace) -> None:
    meeting = threading.Barrier(4)  # passed only when all four pieces are on their way at once

    def wait(span: tuple[int, int]) -> None:
        if span != (0, 1):
            meeting.wait(timeout=60)

    site.answers["/a"] = File(CONTENT, cut=wait)
    assert get(pace=replace(pace, connections=4)) == CONTENT
    assert sorted(map(str, site.ranges("/a"))) == ["bytes=0-99", "bytes=100-199", "bytes=200-299", "bytes=300-349"]


def test_a_server_that_ignores_ranges_gives_the_whole(site: Site, get: Getter) -> None:
    site.answers["/a"] = whole_only(CONTENT)
    assert get() == CONTENT


def test_a_server_that_does_not_say_how_long_a_file_is(site: Site, get: Getter) -> None:
    def answer(request: Request) -> None:
        request.head(200)
        request.wfile.write(CONTENT)

    site.answers["/a"] = answer
    assert get() == CONTENT


def test_a_piece_that_breaks_off_goes_on_where_it_was(site: Site, get: Getter) -> None:
    site.answers["/a"] = File(CONTENT, cut=lambda span: 30 if span == (100, 200) else None)
    assert get() == CONTENT
    assert site.ranges("/a") == ["bytes=0-99", "bytes=100-199", "bytes=130-199", "bytes=200-299", "bytes=300-349"]


def test_a_server_that_always_breaks_off_is_given_up_after_the_tries(site: Site, get: Getter) -> None:
    site.answers["/a"] = whole_only(CONTENT, sent=120)
    with pytest.raises(DownloadError, match=r"a\.zip cannot be .*broke off after 120 of 350 bytes\. Try again later"):
        get()
    assert len(site.ranges("/a")) == 3


def test_pieces_that_never_bring_a_byte_are_given_up_after_the_tries(site: Site, get: Getter) -> None:
    site.answers["/a"] = File(CONTENT, cut=lambda span: 0 if span == (200, 300) else None)
    with pytest.raises(DownloadError, match="broke off after 0 of 100 bytes"):
        get()
    assert site.ranges("/a").count("bytes=200-299") == 3


def test_a_header_that_says_too_much_is_a_download_that_broke_off(site: Site, get: Getter) -> None:
    site.answers["/a"] = whole_only(CONTENT, length=400)
    with pytest.raises(DownloadError, match="after 350 of 400 bytes"):
        get()


def test_another_size_than_published_is_refused_before_the_download(site: Site, get: Getter) -> None:
    site.answers["/a"] = File(CONTENT)
    with pytest.raises(DownloadError, match="/a has 350 bytes, published are 351"):
        get(size=351)
    assert site.ranges("/a") == []


def test_the_second_address_serves_where_the_first_has_nothing(site: Site, get: Getter) -> None:
    site.answers["/b"] = File(CONTENT)
    assert get("/a", "/b") == CONTENT
    assert site.asked[0] == ("/a", "bytes=0-0")
    assert len(site.ranges("/a")) == 0


def test_every_address_that_failed_is_named_with_its_answer(site: Site, get: Getter) -> None:
    site.answers["/b"] = status(403)
    with pytest.raises(DownloadError, match=r"/a answers 404 Not Found\. .*/b answers 403 Forbidden\. Try again later"):
        get("/a", "/b")
    assert [path for path, _ in site.asked] == ["/a", "/b"]


def test_a_busy_server_is_asked_again(site: Site, get: Getter) -> None:
    site.answers["/a"] = in_turn(status(503, Retry_After=0), status(429), File(CONTENT))
    assert get() == CONTENT


def test_a_server_that_stays_busy_is_given_up_after_the_tries(site: Site, get: Getter) -> None:
    site.answers["/a"] = status(503)
    with pytest.raises(DownloadError, match="/a answers 503 Service Unavailable"):
        get()
    assert len(site.asked) == 3


def test_the_waits_double_and_what_the_server_asks_for_counts() -> None:
    waits: list[float | None] = []

    class Clock(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return False

    pace, stop = Pace(tries=5, wait_s=1.0), Clock()
    for failures in (1, 2, 3, 4):
        pace.rest(failures, Unreachable("x"), stop)
    pace.rest(1, Unreachable("x", retry_after_s=7.0), stop)
    pace.rest(1, Unreachable("x", retry_after_s=7000.0), stop)
    assert waits == [1.0, 2.0, 4.0, 8.0, 7.0, 60.0]


def test_a_port_where_nobody_listens_is_named(get: Getter) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound, so that nobody else gets the port, but not listening
        with pytest.raises(DownloadError, match=r"127\.0\.0\.1:\d+/a does not answer"):
            get(f"http://127.0.0.1:{silent.getsockname()[1]}/a")


def test_a_killed_download_goes_on_with_the_missing_pieces(site: Site, get: Getter, partial: Partial) -> None:
    site.answers["/a"] = File(CONTENT)
    left_after(partial, 2, etag='"v1"', url=site.url("/a"))
    assert partial.bytes_done == 200
    assert get() == CONTENT
    assert site.ranges("/a") == ["bytes=200-299", "bytes=300-349"]


@pytest.mark.parametrize(("etag_then", "etag_now"), [('"v0"', '"v1"'), (None, None), ('W/"v1"', 'W/"v1"')])
def test_pieces_of_another_or_unknown_version_are_not_glued(
    etag_then: str | None, etag_now: str | None, site: Site, get: Getter, partial: Partial
) -> None:
    site.answers["/a"] = File(OTHER, etag=etag_now)
    left_after(partial, 2, etag=etag_then, url=site.url("/a"))
    assert get() == OTHER


def test_a_changed_file_is_begun_anew_even_when_a_checksum_would_find_it(
    site: Site, get: Getter, partial: Partial
) -> None:
    site.answers["/a"] = File(OTHER, etag='"v2"')
    left_after(partial, 2, etag='"v1"', url=site.url("/a"))
    assert get(content=OTHER) == OTHER


def test_another_address_goes_on_where_a_checksum_is_published(site: Site, get: Getter, partial: Partial) -> None:
    site.answers["/b"] = File(CONTENT, etag='"of the other server"')
    left_after(partial, 3, etag='"v1"', url=site.url("/a"))
    assert get("/a", "/b", content=CONTENT) == CONTENT
    assert site.ranges("/b") == ["bytes=300-349"]


def test_another_address_begins_anew_where_no_checksum_is_published(site: Site, get: Getter, partial: Partial) -> None:
    site.answers["/b"] = File(OTHER, etag='"v2"')
    left_after(partial, 3, etag='"v1"', url=site.url("/a"))
    assert get("/a", "/b") == OTHER


def test_a_torn_journal_is_no_journal(site: Site, get: Getter, partial: Partial) -> None:
    site.answers["/a"] = File(CONTENT)
    for torn in ("", "{", '{"url": "x"}', '{"url":"","size_bytes":350,"validator":"","piece_bytes":100,"done":[9]}'):
        partial.path.write_bytes(bytes(350))
        partial.path.with_name("a.zip.partial.json").write_text(torn)
        assert partial.bytes_done == 0
        assert get() == CONTENT


def test_a_file_that_changes_during_the_download_is_begun_anew_once(site: Site, get: Getter) -> None:
    old, new = File(CONTENT, etag='"v1"'), File(OTHER, etag='"v2"')
    site.answers["/a"] = in_turn(old, old, new)  # the question, the first piece, then the new version
    assert get() == OTHER


def test_a_new_version_is_noticed_also_when_the_server_ignores_if_range(site: Site, get: Getter) -> None:
    new = File(OTHER, etag='"v2"')

    def new_whatever_was_asked(request: Request) -> None:
        del request.headers["If-Range"]
        new(request)

    site.answers["/a"] = in_turn(File(CONTENT), File(CONTENT), new_whatever_was_asked)
    assert get() == OTHER


def test_a_server_that_stops_giving_pieces_gives_the_whole(site: Site, get: Getter) -> None:
    with_pieces = File(CONTENT, etag=None)
    site.answers["/a"] = in_turn(with_pieces, with_pieces, whole_only(CONTENT))
    assert get() == CONTENT


def test_a_connection_that_breaks_off_often_but_brings_something_gets_there(site: Site, get: Getter) -> None:
    site.answers["/a"] = File(CONTENT, cut=lambda _: 15)
    assert get() == CONTENT


def test_a_file_that_keeps_changing_is_refused(site: Site, get: Getter) -> None:
    versions: list[Answer] = [File(CONTENT, etag=f'"v{number}"') for number in range(9)]
    site.answers["/a"] = in_turn(*versions)
    with pytest.raises(DownloadError, match="/a changed while it was being downloaded"):
        get()


def test_another_range_than_asked_for_is_refused(site: Site, get: Getter) -> None:
    def answer(request: Request) -> None:
        if request.span(350) == (0, 1):
            return File(CONTENT, etag=None)(request)
        request.head(206, Content_Length=100, Content_Range="bytes 0-99/350")
        request.wfile.write(CONTENT[:100])
        return None

    site.answers["/a"] = answer
    with pytest.raises(DownloadError, match="sent 'bytes 0-99/350' when asked for bytes 100-199 of 350"):
        get()


def test_a_first_byte_that_is_another_is_refused(site: Site, get: Getter) -> None:
    site.answers["/a"] = status(206, Content_Range="lines 1-2/3")
    with pytest.raises(DownloadError, match="sent 'lines 1-2/3' when asked for its first byte"):
        get()


def test_a_redirect_is_followed_with_its_range(site: Site, get: Getter) -> None:
    site.answers["/a"] = status(302, Location=site.url("/b"))
    site.answers["/b"] = File(CONTENT)
    assert get() == CONTENT
    assert len(site.ranges("/b")) == 4


@pytest.mark.parametrize("place", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:text/plain,a"])
def test_a_redirect_to_another_scheme_is_refused(place: str, site: Site, get: Getter) -> None:
    site.answers["/a"] = status(302, Location=place)
    with pytest.raises(DownloadError, match=r"a\.zip cannot be downloaded now: .*" + re.escape(place)):
        get()


def test_a_redirect_from_https_to_http_is_refused() -> None:
    asked = Asked("https://example.org/a")
    with pytest.raises(Refused, match=r"https://example\.org/a redirects to 'http://example\.org/b', which is not"):
        HttpRedirects().redirect_request(asked, BytesIO(), 302, "Found", HTTPMessage(), "http://example.org/b")


def test_an_endless_redirect_ends(site: Site, get: Getter) -> None:
    site.answers["/a"] = status(302, Location=site.url("/a"))
    with pytest.raises(DownloadError, match="/a answers 302"):
        get()


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a"])
def test_only_web_addresses_are_asked(url: str, get: Getter) -> None:
    with pytest.raises(DownloadError, match=f"{url} is neither http nor https"):
        get(url)


def test_the_size_is_what_the_server_says_where_none_is_published(site: Site, pace: Pace) -> None:
    site.answers["/a"] = File(CONTENT)
    assert ask_size(Download("a.zip", (site.url("/a"),), None, None), pace) == 350
