import socket
import sys

import pytest

from dermaseg_monai.errors import DataError, MissingExtraError
from dermaseg_monai.exchange import READING_PAGE, LabelStudioProject


def test_a_server_that_is_not_there_is_one_line() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    with pytest.raises(DataError, match=r"Label Studio at http://127\.0\.0\.1:\d+ cannot be reached"):
        LabelStudioProject.create(url, "a.b.c", title="Reading", page=READING_PAGE)


def test_without_its_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "label_studio_sdk", None)
    with pytest.raises(MissingExtraError, match=r"\.\[labelstudio\]"):
        LabelStudioProject("http://127.0.0.1:9", "a.b.c", 1).send([])
