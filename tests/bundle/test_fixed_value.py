import pytest

from dermaseg_monai.bundle import Sheet, require_value
from dermaseg_monai.errors import ConfigError


def test_a_key_that_would_change_nothing_is_refused_with_the_reason() -> None:
    sheet = Sheet(overrides={"batch_size": 16, "split": "val"})
    with pytest.raises(
        ConfigError,
        match=r"--batch_size is 16 and can only be 1 here: masks keep their sizes\. Leave --batch_size out\.",
    ):
        require_value(sheet, "batch_size", 1, "masks keep their sizes")


@pytest.mark.parametrize("overrides", [{}, {"batch_size": 1}, {"num_workers": 4}])
def test_a_command_line_without_it_passes(overrides: dict[str, object]) -> None:
    # the sheet of the training that is evaluated has its own
    require_value(Sheet(overrides=overrides, config={"batch_size": 8}), "batch_size", 1, "masks keep their sizes")
