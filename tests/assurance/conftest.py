from pathlib import Path

import pytest

from dermaseg_monai.manifest import Manifest
from tests.assurance.bench import make_set


@pytest.fixture
def three(tmp_path: Path) -> Manifest:
    """Cases a, b and c below tmp_path / "set"."""
    return make_set(tmp_path / "set")
