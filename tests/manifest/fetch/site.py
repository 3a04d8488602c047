"""A web server on loopback that behaves, or misbehaves, as a test asks it to."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; an answer function is given it and writes what it likes."""

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.site.asked.append((self.path, self.headers.get("Range")))
        answer = self.server.site.answers.get(self.path)
        try:
            if answer is None:
                self.send_error(404)
            else:
                answer(self)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client went away, which is what some tests are about

    def span(self, size: int) -> tuple[int, int] | None:
        """Return start and end of the range asked for."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        return None if found is None else (int(found[1]), min(size, int(found[2]) + 1))

    def head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@dataclass
class File:
    """A file as an honest server gives it: pieces, an ETag, If-Range; `cut` says how much of an answer is sent."""

    content: bytes
    etag: str | None = '"v1"'
    cut: Callable[[tuple[int, int]], int | None] = lambda _: None

    def __call__(self, request: Request) -> None:
        tag = {} if self.etag is None else {"ETag": self.etag}
        span = request.span(len(self.content))
        if span is None or request.headers.get("If-Range") not in {None, self.etag}:
            request.head(200, Content_Length=len(self.content), **tag)
            request.wfile.write(self.content[: self.cut((0, len(self.content)))])
            return
        start, end = span
        said = f"bytes {start}-{end - 1}/{len(self.content)}"
        request.head(206, Content_Length=end - start, Content_Range=said, **tag)
        request.wfile.write(self.content[start:end][: self.cut(span)])


def whole_only(content: bytes, *, length: int | None = None, sent: int | None = None) -> Answer:
    """Give a file without pieces and ETag; `length` is what the header says, `sent` how much comes."""

    def answer(request: Request) -> None:
        request.head(200, Content_Length=len(content) if length is None else length)
        request.wfile.write(content[:sent])

    return answer


def status(code: int, **headers: object) -> Answer:
    return lambda request: request.head(code, **headers)


def in_turn(*answers: Answer) -> Answer:
    """Answer with the first, then the second, ...; the last stays."""
    left = list(answers)
    lock = threading.Lock()

    def answer(request: Request) -> None:
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(request)

    return answer


@dataclass
class Site:
    """The server: what it answers by path, and what it was asked (path, Range)."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def ranges(self, path: str) -> list[str | None]:
        """Return the ranges asked of a file, without the question for its first byte."""
        return [span for asked, span in self.asked if asked == path and span != "bytes=0-0"]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, site: Site) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.site = site
