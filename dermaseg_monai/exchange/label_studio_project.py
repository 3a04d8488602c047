"""A project on a Label Studio server: tasks go in, the export comes out; needs the extra `labelstudio`."""

import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from dermaseg_monai.errors import DataError, MissingExtraError, install_extra
from dermaseg_monai.files import write_json

_PER_CALL: Final = 25
"""Tasks in one request; a task holds its pictures, and a server takes 250 MB at once."""

_TIMEOUT_S: Final = 300
"""Of one request; an export is made while the client waits."""


class LabelStudioProject:
    """A project; made with `create`, or found again by its number.

    Args:
        url: of the server, `https://label.example.org`.
        token: personal access token of an account (Label Studio: Account & Settings).
        number: of the project.
    """

    def __init__(self, url: str, token: str, number: int) -> None:
        self.url, self.token, self.number = url.rstrip("/"), token, number

    @classmethod
    def create(cls, url: str, token: str, *, title: str, page: str) -> "LabelStudioProject":
        """Make a project whose labelling page is `page` (`READING_PAGE`, `ADJUDICATION_PAGE`, `REVIEW_PAGE`).

        Raises:
            DataError: the server cannot be reached or refuses.
            MissingExtraError: the client of Label Studio is not installed.
        """
        with _client(url.rstrip("/"), token) as client:
            return cls(url, token, int(client.projects.create(title=title, label_config=page).id))

    def send(self, tasks: Sequence[dict[str, Any]]) -> list[int]:
        """Add tasks (`task`), and return their numbers on the server, in their order.

        Raises:
            DataError: the server cannot be reached or refuses.
            MissingExtraError: the client of Label Studio is not installed.
        """
        numbers: list[int] = []
        with _client(self.url, self.token) as client:
            for start in range(0, len(tasks), _PER_CALL):
                some = list(tasks[start : start + _PER_CALL])
                done = client.projects.import_tasks(id=self.number, request=some, return_task_ids=True)
                numbers += [int(number) for number in done.task_ids or ()]
        return numbers

    def export(self, path: str | Path) -> None:
        """Write the project with all its annotations as JSON, what `read_export` reads.

        Raises:
            DataError: the server cannot be reached or refuses.
            MissingExtraError: the client of Label Studio is not installed.
        """
        with _client(self.url, self.token) as client:
            found = client.projects.exports.as_json(self.number)
        write_json(path, found)


@contextmanager
def _client(url: str, token: str) -> Generator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the client is written for an older pydantic
        try:
            import httpx  # noqa: PLC0415
            from label_studio_sdk import LabelStudio  # noqa: PLC0415
            from label_studio_sdk.core.api_error import ApiError  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError(
                f"Talking to a Label Studio server needs its client. In the checkout: {install_extra('labelstudio')}. "
                "Without it, import tasks.json and export by hand in the browser."
            ) from error
        try:
            with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True) as connection:
                yield LabelStudio(base_url=url, api_key=token, httpx_client=connection)
        except ApiError as error:
            raise DataError(f"Label Studio at {url} refuses ({error.status_code}): {str(error.body)[:300]}") from error
        except httpx.HTTPError as error:
            raise DataError(f"Label Studio at {url} cannot be reached ({error}). Is the server up?") from error
