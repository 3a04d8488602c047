from dermaseg_monai.metrics.table import Table


def test_a_name_with_a_bar_or_a_line_break_stays_one_cell_of_markdown() -> None:
    text = Table(header=("who", "Dice"), rows=[("a|b\nc", "0.5")]).markdown()
    assert text.splitlines()[-1] == r"| a\|b c | 0.5 |"
