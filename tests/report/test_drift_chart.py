import re

import pandas as pd
import pytest

from dermaseg_monai.report.agreement_charts import ALARM
from dermaseg_monai.report.drift_chart import MOST_READERS, draw_drift
from dermaseg_monai.report.drifting import moved_readers


def charts(*people: str, out: bool = True, day: str = "2026-01-{}") -> pd.DataFrame:
    rows = [
        {"annotator": who, "measure": measure, "number": at, "created_at": day.format(f"{at + 4:02d}"), "value": at}
        | {"ewma": float(at), "centre": 0.0, "low": -1.0, "high": 1.0, "out": out and at > 1, "case_id": f"c{at}"}
        for who in people
        for measure in ("offset_percent", "dice_consensus")
        for at in range(9)
    ]
    return pd.DataFrame(rows)


def texts(svg: bytes) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())


def test_every_reader_is_a_row_below_two_headings_and_above_one_axis_of_dates() -> None:
    found = texts(draw_drift(charts("ann", "bob"), moved=[], colours={}))
    assert found.count("ann") == found.count("bob") == 1
    assert found.count("Dice with the others") == 1
    dates = [text for text in found if text.startswith("2026-01-")]
    assert 2 * 2 <= len(dates) <= 2 * 5  # below the last row only


def test_only_who_moved_is_marked_and_comes_first() -> None:
    drift = charts("ann", "bob")
    assert ALARM not in draw_drift(drift, moved=[], colours={}).decode()
    found = draw_drift(drift, moved=["bob"], colours={"bob": (138, 43, 255)}).decode()
    assert ALARM in found
    assert "#8a2bff" in found
    words = texts(found.encode())
    assert words.index("bob") < words.index("ann")
    assert words.count("moved") == 1


@pytest.mark.parametrize("day", ["2026-01-05", "2026-01-05T10:{}:00Z"])
def test_outlines_of_one_day_are_spread_over_it(day: str) -> None:
    assert any(
        text.startswith("2026-01-05") for text in texts(draw_drift(charts("ann", day=day), moved=[], colours={}))
    )


def test_of_many_readers_the_first_are_drawn() -> None:
    found = texts(draw_drift(charts(*(f"r{at:02d}" for at in range(14))), moved=["r13"], colours={}))
    assert len([text for text in found if re.fullmatch(r"r\d\d", text)]) == MOST_READERS
    assert "r13" in found


def test_who_moved_is_read_from_a_table_whose_cells_are_texts() -> None:
    assert moved_readers(charts("ann").assign(out="False")) == []
    assert moved_readers(charts("ann").assign(out="True")) == ["ann"]
