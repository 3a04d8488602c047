from pathlib import Path

import pytest

from tests.report.study import Study, make_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)
