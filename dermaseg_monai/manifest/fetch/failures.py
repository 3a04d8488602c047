"""Why a download did not come: what another try may mend, and what it will not."""

from dermaseg_monai.errors import DownloadError


class Unreachable(DownloadError):  # noqa: N818 (reads as the state it is)
    """No answer, a busy server, or a connection that broke off: worth another try."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Refused(DownloadError):  # noqa: N818
    """An answer that stays the same: no such file, another file, another kind of address."""


class Changed(DownloadError):  # noqa: N818
    """The file on the server is no longer the one whose first pieces are here."""
