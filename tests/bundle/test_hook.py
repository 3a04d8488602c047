import subprocess
import sys
from collections.abc import Callable

import pytest
from monai.data.dataloader import DataLoader
from monai.data.dataset import Dataset
from monai.transforms.compose import Compose

from dermaseg_monai.bundle.hook import find_cause
from dermaseg_monai.errors import DataError

SCRIPT = """
from dermaseg_monai.bundle.hook import install_hook
from dermaseg_monai.errors import DataError
install_hook()
try:
    raise DataError("two words\\n  per line")
except DataError as error:
    raise {outer} from error
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603


def test_a_wrapped_user_error_is_one_line_and_exit_code_1() -> None:
    done = run(SCRIPT.format(outer="RuntimeError('Failed to instantiate component')"))
    assert (done.returncode, done.stderr) == (1, "dermaseg: error: two words per line\n")


def test_any_other_error_keeps_its_traceback() -> None:
    done = run("from dermaseg_monai.bundle.hook import install_hook\ninstall_hook()\n1 / 0")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_the_cause_is_found_through_the_chain() -> None:
    inner = DataError("inner")
    outer = RuntimeError("outer")
    outer.__cause__ = inner
    assert find_cause(outer) is inner
    assert find_cause(ValueError("other")) is None


def test_a_fault_that_came_up_while_an_error_was_handled_keeps_its_traceback() -> None:
    worker = (
        "Caught KeyError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
        "dermaseg_monai.errors.ImageError: a.png is damaged.\n\n"
        "During handling of the above exception, another exception occurred:\n\nKeyError: 'a'\n"
    )
    assert find_cause(KeyError(worker)) is None
    hidden = RuntimeError("hidden")
    hidden.__context__, hidden.__suppress_context__ = DataError("inner"), True
    assert find_cause(hidden) is None


def test_all_lines_of_a_loader_workers_error_are_kept() -> None:
    worker = (
        "Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
        "dermaseg_monai.errors.DataError: two files:\n- a.png\n- b.png\n\n"
        "The above exception was the direct cause of the following exception:\n\nRuntimeError: applying transform\n"
    )
    assert str(find_cause(RuntimeError(worker))) == "two files:\n- a.png\n- b.png"


class Damaged:
    """A transform that fails."""

    def __call__(self, _: object) -> object:
        raise DataError("a.png is damaged. Copy it again.")


@pytest.mark.parametrize("transform", [Damaged(), Compose([Damaged()])])  # Compose wraps it in a RuntimeError
def test_the_error_of_a_loader_worker_is_its_one_line(transform: Callable[..., object]) -> None:
    loader = DataLoader(Dataset([0], transform), num_workers=1)
    with pytest.raises((DataError, RuntimeError)) as raised:
        list(loader)
    cause = find_cause(raised.value)
    assert type(cause) is DataError
    assert str(cause) == "a.png is damaged. Copy it again."
