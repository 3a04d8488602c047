from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.predict import ReviewQuestion, read_review_queue, write_review_queue

QUESTIONS = [
    ReviewQuestion('left arm, "2"', None, (6, 9), Path("/p/=arm.jpg"), "a" * 64),
    ReviewQuestion("=SUM(A1)", 0.25, (3000, 4000), Path("/p/b.jpg"), "b" * 64),
]


def test_a_queue_comes_back_as_it_was_and_holds_no_formula(tmp_path: Path) -> None:
    write_review_queue(tmp_path / "queue.csv", QUESTIONS)
    assert list(read_review_queue(tmp_path / "queue.csv").values()) == QUESTIONS
    assert "'=SUM(A1)" in (tmp_path / "queue.csv").read_text()


def test_a_table_that_is_no_queue_is_named(tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    write_review_queue(path, QUESTIONS)
    sound = path.read_text()
    for text, said in (
        ("case_id,digest\na,b\n", "Row 1 of .* is no question of a review"),
        (sound.replace("6x9", "6 by 9"), "Row 1 of .* is no question of a review"),
        (sound.replace("'=SUM(A1)", '"left arm, ""2"""'), "has case 'left arm, \"2\"' twice"),
        ("case_id,digest\n", "has no rows"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=said):
            read_review_queue(path)
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_review_queue(tmp_path / "none.csv")
