"""Questions to a web server: http and https only, and every odd answer becomes one clear line."""

import http.client
import re
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from dermaseg_monai import __version__
from dermaseg_monai.manifest.fetch.failures import Changed, Refused, Unreachable
from dermaseg_monai.manifest.fetch.pace import Pace

_SCHEMES: Final = ("http", "https")
_CHUNK_BYTES: Final = 2**18
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class Remote:
    """What a server says of a file.

    `size_bytes` is None where it does not say; `validator` is what tells one version of the file from another (a strong
    ETag, else the time of change), None where there is neither; without `ranges` the file comes as a whole only.
    """

    url: str
    size_bytes: int | None
    validator: str | None
    ranges: bool


class HttpRedirects(HTTPRedirectHandler):
    """Follows redirects to https, and to http where the address itself was http; never to a file or ftp."""

    def redirect_request(  # noqa: PLR0917 (the signature of urllib)
        self,
        req: Request,
        fp: Any,  # noqa: ANN401 (an answer, called a file there)
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Request | None:
        """Return the request for the new address.

        Raises:
            Refused: the new address is of another scheme.
        """
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new not in _SCHEMES or (old, new) == ("https", "http"):
            fp.close()
            raise Refused(f"{req.full_url} redirects to {newurl!r}, which is not followed (https only).")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def ask(url: str, pace: Pace, stop: threading.Event) -> Remote:
    """Ask for the first byte of a file, which tells its size, its version and whether pieces of it can be had.

    Raises:
        Unreachable: no answer after `pace.tries` tries.
        Refused: an answer that another try will not change.
    """
    failures = 0
    while True:
        try:
            with _answer(url, {"Range": "bytes=0-0"}, pace) as response:
                return _remote(url, response)
        except Unreachable as error:
            failures += 1
            pace.rest(failures, error, stop)


def read_range(remote: Remote, start: int, end: int, pace: Pace) -> Generator[bytes]:
    """Yield the bytes start..end-1 of a file in chunks.

    Raises:
        Unreachable: no answer, or it broke off.
        Changed: the server has another version of the file now, or no longer gives pieces of it.
        Refused: another range than asked for, or an answer that another try will not change.
    """
    headers = {"Range": f"bytes={start}-{end - 1}"}
    if remote.validator is not None:
        headers["If-Range"] = remote.validator
    with _answer(remote.url, headers, pace) as response:
        if response.status != HTTPStatus.PARTIAL_CONTENT or _validator(response) != remote.validator:
            raise Changed(f"{remote.url} changed while it was being downloaded.")
        given = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if given is None or given.groups() != (str(start), str(end - 1), str(remote.size_bytes)):
            said = response.headers.get("Content-Range")
            raise Refused(f"{remote.url} sent {said!r} when asked for bytes {start}-{end - 1} of {remote.size_bytes}.")
        yield from _chunks(remote.url, response, end - start)


def read_whole(remote: Remote, pace: Pace) -> Generator[bytes]:
    """Yield a whole file in chunks, for a server that gives no pieces.

    Raises:
        Unreachable: no answer, or it broke off.
        Refused: an answer that another try will not change.
    """
    with _answer(remote.url, {}, pace) as response:
        yield from _chunks(remote.url, response, _length(response))


@contextmanager
def _answer(url: str, headers: dict[str, str], pace: Pace) -> Generator[http.client.HTTPResponse]:
    if urlsplit(url).scheme not in _SCHEMES:
        raise Refused(f"{url} is neither http nor https.")
    request = Request(url, headers={"User-Agent": f"dermaseg_monai/{__version__}", **headers})  # noqa: S310 (checked)
    try:
        with _OPENER.open(request, timeout=pace.timeout_s) as response:
            yield response
    except HTTPError as error:
        error.close()
        raise _status_failure(url, error) from None
    except URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            advice = "Behind a proxy that signs anew, point SSL_CERT_FILE to its certificates"
            raise Refused(f"{url}: the certificate is not trusted ({error.reason.verify_message}). {advice}.") from None
        raise Unreachable(f"{url} does not answer ({error.reason}).") from None
    except (http.client.HTTPException, OSError) as error:
        raise Unreachable(f"{url} broke off ({error or type(error).__name__}).") from None


def _status_failure(url: str, error: HTTPError) -> Unreachable | Refused:
    said = f"{url} answers {error.code} {error.reason}."
    if error.code not in _WORTH_ANOTHER_TRY:
        return Refused(said)
    wait = (error.headers.get("Retry-After") or "").strip()
    return Unreachable(said, retry_after_s=float(wait) if wait.isdecimal() else None)


def _remote(url: str, response: http.client.HTTPResponse) -> Remote:
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        return Remote(url, _length(response), _validator(response), ranges=False)
    said = response.headers.get("Content-Range", "")
    given = _CONTENT_RANGE.fullmatch(said)
    if given is None or given.groups()[:2] != ("0", "0"):
        raise Refused(f"{url} sent {said!r} when asked for its first byte.")
    size = None if given[3] == "*" else int(given[3])
    return Remote(url, size, _validator(response), ranges=size is not None)


def _chunks(url: str, response: http.client.HTTPResponse, length: int | None) -> Generator[bytes]:
    got = 0
    while length is None or got < length:
        chunk = response.read(_CHUNK_BYTES if length is None else min(_CHUNK_BYTES, length - got))
        if not chunk and length is not None:
            raise Unreachable(f"{url} broke off after {got} of {length} bytes.")
        if not chunk:
            return
        got += len(chunk)
        yield chunk


def _length(response: http.client.HTTPResponse) -> int | None:
    said = (response.headers.get("Content-Length") or "").strip()
    return int(said) if said.isdecimal() else None


def _validator(response: http.client.HTTPResponse) -> str | None:
    etag = response.headers.get("ETag")
    # a weak ETag (W/...) vouches for the meaning, not for the bytes
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def _opener() -> OpenerDirector:
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HttpRedirects(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER: Final = _opener()
