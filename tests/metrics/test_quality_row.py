from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.metrics.quality_row import QualityRow, read_quality_rows, write_quality_rows


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = [QualityRow("=1+1", 0.9, 0.85, 0.7), QualityRow("b", 1.0, 1.0, 0.0)]
    write_quality_rows(tmp_path, rows)
    assert list(read_quality_rows(tmp_path).values()) == rows


def test_a_folder_without_the_table_has_no_rows(tmp_path: Path) -> None:
    assert read_quality_rows(tmp_path) == {}


@pytest.mark.parametrize(
    "text", ["case_id\na\n", "case_id,predicted_dice,dice_expected,dice_at_least\na,1,?,0\n", "a,b\n1,2\n"]
)
def test_another_table_is_refused_with_the_command_that_makes_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "quality.csv").write_text(text)
    with pytest.raises(DataError, match=r"quality\.csv cannot be read .*Make it again: dermaseg quality"):
        read_quality_rows(tmp_path)
