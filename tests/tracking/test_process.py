import time

import pytest

from dermaseg_monai.tracking.process import ALIVE_TAG, HOST_TAG, owner_lives, owner_tags


def signed(seconds_ago: float) -> str:
    return f"{time.time() - seconds_ago:.0f}"


@pytest.mark.parametrize(
    ("silent_s", "lives"),
    [
        (0, True),
        (300, True),
        (-3600, True),  # the clock of that host is ahead
        (601, False),
    ],
)
def test_the_owner_on_another_host_lives_while_it_gives_signs(silent_s: float, *, lives: bool) -> None:
    assert owner_lives({**owner_tags(), HOST_TAG: "elsewhere", ALIVE_TAG: signed(silent_s)}) == lives


def test_a_run_that_never_gave_a_sign_is_left_alone() -> None:
    assert owner_lives({HOST_TAG: "elsewhere"})
    assert owner_lives({})


def test_a_process_of_this_host_is_alive_however_long_it_was_silent() -> None:
    assert owner_lives({**owner_tags(), ALIVE_TAG: signed(86_400)})
