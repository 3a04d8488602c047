import os
from functools import partial

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest.processes import in_processes


def _square(number: int, *, deadly: int = -1, refused: int = -1) -> int:
    if number == deadly:
        os._exit(3)
    if number == refused:
        raise DataError(f"{number} is refused.")
    return number * number


@pytest.mark.slow
def test_every_item_has_its_result() -> None:
    found = dict(in_processes(_square, range(7), title="t", workers=2))
    assert found == {number: number * number for number in range(7)}


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_own_item_alone() -> None:
    found = dict(in_processes(partial(_square, deadly=2), range(7), title="t", workers=1))
    assert found == {number: None if number == 2 else number * number for number in range(7)}


@pytest.mark.slow
def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(DataError, match="1 is refused"):
        dict(in_processes(partial(_square, refused=1), range(4), title="t", workers=1))
