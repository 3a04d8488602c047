"""The Python of the pages does what it says, with the released weights."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.images import write_rgb

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("page", ["bundles/ba_deeplab/docs/README.md", "docs/serving.md"])
def test_the_first_example_outlines_a_photograph(page: str, tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    write_rgb(tmp_path / "photograph.jpg", np.full((50, 70, 3), 180, dtype=np.uint8))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "MONAI_EVAL_EXPR": "0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("(50, 70) ")
