import os
from functools import partial

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import processes
from dermaseg_monai.manifest.processes import in_processes, results_of


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


def test_few_items_are_worked_on_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(processes, "in_processes", refuse)
    found = results_of(lambda number: number * os.getpid(), range(7), title="t", workers=8, worth=4)
    assert found == [number * os.getpid() for number in range(7)]
    with pytest.raises(AssertionError):
        results_of(abs, range(8), title="t", workers=8, worth=4)


@pytest.mark.slow
def test_results_stand_in_the_order_of_the_items_and_a_lost_one_is_none() -> None:
    found = results_of(partial(_square, deadly=5), range(9), title="t", workers=2, worth=1)
    assert found == [None if number == 5 else number * number for number in range(9)]
