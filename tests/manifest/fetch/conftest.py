from collections.abc import Generator

import pytest

from dermaseg_monai.manifest.fetch.pace import Pace
from tests.manifest.fetch.site import Site


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the machine has no business with a server on loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def site() -> Generator[Site]:
    found = Site()
    yield found
    found.close()


@pytest.fixture
def pace() -> Pace:
    """Small pieces, no waiting; one connection, so that what is asked has an order."""
    return Pace(connections=1, piece_bytes=100, tries=3, wait_s=0.0, timeout_s=60.0)
