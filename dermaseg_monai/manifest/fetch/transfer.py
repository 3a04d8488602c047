"""Download one file: pieces in parallel, several tries, the next address where one fails."""

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from dermaseg_monai.errors import DownloadError
from dermaseg_monai.manifest.fetch.bar import byte_bar
from dermaseg_monai.manifest.fetch.failures import Changed, Refused, Unreachable
from dermaseg_monai.manifest.fetch.pace import Pace
from dermaseg_monai.manifest.fetch.partial import Partial, Piece
from dermaseg_monai.manifest.fetch.release import Download
from dermaseg_monai.manifest.fetch.web import Remote, ask, read_range, read_whole

Result = TypeVar("Result")
_VERSIONS: Final = 2  # a file that changes during the download is begun anew once


def ask_size(download: Download, pace: Pace) -> int | None:
    """Return the size of a file: the published one, else what the first server that answers says (None: nothing).

    Raises:
        DownloadError: no address has the file, with the answer of each.
    """
    return _at_first_address(download, lambda url: _ask(url, download, pace, threading.Event()).size_bytes)


def transfer(download: Download, partial: Partial, pace: Pace) -> None:
    """Bring all bytes of a file into its partial file, going on from what is there.

    Raises:
        DownloadError: no address gave the file, with the reason of each.
        DataError: it cannot be written.
    """
    _at_first_address(download, lambda url: _from_address(url, download, partial, pace))


def _at_first_address(download: Download, work: Callable[[str], Result]) -> Result:
    reasons: list[str] = []
    for url in download.urls:
        try:
            return work(url)
        except DownloadError as error:
            reasons.append(str(error))
    raise DownloadError(
        f"{download.name} cannot be downloaded now: {' '.join(reasons)} Try again later with the same command; it goes "
        "on with what is there."
    )


def _ask(url: str, download: Download, pace: Pace, stop: threading.Event) -> Remote:
    remote = ask(url, pace, stop)
    if remote.size_bytes is None:
        return replace(remote, size_bytes=download.size_bytes)
    if download.size_bytes not in {None, remote.size_bytes}:
        raise Refused(f"{url} has {remote.size_bytes} bytes, published are {download.size_bytes}.")
    return remote


def _from_address(url: str, download: Download, partial: Partial, pace: Pace) -> None:
    for version in range(_VERSIONS):
        stop = threading.Event()
        remote = _ask(url, download, pace, stop)
        attempt = _Attempt(remote, partial, pace, stop)
        try:
            if remote.ranges:
                attempt.in_pieces(download)
            else:
                attempt.as_a_whole(download)
        except Changed:
            partial.discard()
            if version == _VERSIONS - 1:
                raise
        else:
            return


@dataclass(frozen=True)
class _Attempt:
    """One version of a file, from one address."""

    remote: Remote
    partial: Partial
    pace: Pace
    stop: threading.Event

    def in_pieces(self, download: Download) -> None:
        checked_later = download.checksum is not None
        with (
            self.partial.resumed(self.remote, self.pace.piece_bytes, checked_later=checked_later) as missing,
            byte_bar(download.name, self.remote.size_bytes, done_bytes=self.partial.bytes_done) as advance,
            ThreadPoolExecutor(self.pace.connections) as pool,
        ):
            futures = [pool.submit(self._piece, piece, advance) for piece in missing]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:  # also Ctrl-C: the other threads must not go on
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _piece(self, piece: Piece, advance: Callable[[int], None]) -> None:
        at, failures = piece.start, 0
        while at < piece.end:
            before = at
            try:
                with closing(read_range(self.remote, at, piece.end, self.pace)) as chunks:
                    for chunk in chunks:
                        if self.stop.is_set():
                            return
                        self.partial.write(at, chunk)
                        at += len(chunk)
                        advance(len(chunk))
            except Unreachable as error:
                failures = 1 if at > before else failures + 1
                self.pace.rest(failures, error, self.stop)
        self.partial.finish(piece)

    def as_a_whole(self, download: Download) -> None:
        failures = 0
        while True:
            try:
                with (
                    byte_bar(download.name, self.remote.size_bytes) as advance,
                    closing(read_whole(self.remote, self.pace)) as chunks,
                ):
                    self.partial.write_all(_counted(chunks, advance))
            except Unreachable as error:
                failures += 1
                self.pace.rest(failures, error, self.stop)
            else:
                return


def _counted(chunks: Iterable[bytes], advance: Callable[[int], None]) -> Generator[bytes]:
    for chunk in chunks:
        yield chunk
        advance(len(chunk))
