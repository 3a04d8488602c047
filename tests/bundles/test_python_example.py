"""The Python of the bundle's page does what it says, with the released weights."""

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
def test_the_example_gives_a_probability_for_every_pixel(tmp_path: Path) -> None:
    page = (ROOT / "bundles/ba_deeplab/docs/README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    write_rgb(tmp_path / "photograph.png", np.full((50, 70, 3), 180, dtype=np.uint8))
    environment = {**os.environ, "MONAI_EVAL_EXPR": "0"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, str(tmp_path / "photograph.png")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "torch.Size([50, 70])"
