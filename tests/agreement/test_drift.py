from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.drift import DRIFT_COLUMNS, chart_drift, ewma, who_moved
from dermaseg_monai.manifest.moment import read_moment


def outlines(values: list[float], *, name: str = "ann", dates: Sequence[str | None] | None = None) -> pd.DataFrame:
    days = dates or [f"2026-{1 + at // 28:02d}-{1 + at % 28:02d}" for at in range(len(values))]
    return pd.DataFrame(
        {"annotator": name, "case_id": [f"c{at:03d}" for at in range(len(values))], "created_at": days}
        | {"offset_percent": values, "dice_consensus": 0.9}
    )


def test_the_average_by_hand() -> None:
    assert ewma(np.array([1.0, 2.0, 0.0]), centre=0.0).tolist() == pytest.approx([0.2, 0.56, 0.448])


def test_limits_by_hand_where_all_outlines_are_the_first_period() -> None:
    values = [1.0, -1.0] * 5
    table = chart_drift(outlines(values)).table.query("measure == 'offset_percent'")
    spread = np.sqrt(10 / 9)
    first, second = table.iloc[0], table.iloc[1]
    assert (first["centre"], first["number"], bool(first["first_period"])) == (0, 1, True)
    assert first["high"] == pytest.approx(3 * spread * 0.2)
    assert second["low"] == pytest.approx(-3 * spread * np.sqrt(0.2 / 1.8 * (1 - 0.8**4)))
    assert first["ewma"] == pytest.approx(0.2)
    assert second["ewma"] == pytest.approx(-0.04)
    assert set(table["out"]) == {False}
    assert set(table["first_period"]) == {True}
    assert tuple(table.columns) == DRIFT_COLUMNS


def test_a_hand_that_changes_is_seen_with_the_date_and_a_steady_one_is_not() -> None:
    rng = np.random.default_rng(1)
    steady, changing = rng.normal(0, 1, 80), rng.normal(0, 1, 80)
    changing[50:] += 3
    both = pd.concat([outlines(list(steady), name="steady"), outlines(list(changing), name="changing")])
    found = chart_drift(both)
    (alarm,) = found.alarms().to_dict("records")
    assert (alarm["annotator"], alarm["measure"]) == ("changing", "offset_percent")
    assert 51 <= alarm["number"] <= 54
    assert (alarm["created_at"], alarm["case_id"]) == (f"2026-02-{alarm['number'] - 28}", f"c{alarm['number'] - 1:03d}")
    assert alarm["times"] >= 25
    assert alarm["shift"] == pytest.approx(3, abs=0.6)
    assert sum(found.table["first_period"]) == 4 * 30


def test_outlines_stand_in_the_order_of_time_whatever_the_order_of_rows() -> None:
    rows = outlines([float(at) for at in range(10)])
    shuffled = rows.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(chart_drift(rows).table, chart_drift(shuffled).table)
    zones = [f"2026-01-05T{hour:02d}:00:00+00:00" for hour in range(8)] + ["2026-01-05T08:30:00+08:00", "2026-01-06"]
    table = chart_drift(outlines([0.0] * 10, dates=zones)).table.query("measure == 'offset_percent'")
    assert table["case_id"].tolist()[:3] == ["c000", "c008", "c001"]  # 08:30 at +08:00 is 00:30 UTC


def test_missing_and_unreadable_dates_are_left_out_and_counted() -> None:
    dates = [f"2026-01-{day:02d}" for day in range(1, 10)] + [None, "05.01.2026", "2026-13-40", None]
    found = chart_drift(outlines([0.0] * 13, dates=dates))
    assert (found.without_date, found.unreadable, found.first_unreadable) == (2, 2, "05.01.2026")
    assert len(found.table) == 2 * 9
    assert set(found.table["out"]) == {False}


def test_few_outlines_or_one_date_make_no_chart() -> None:
    few, flat = outlines([0.0] * 7, name="few"), outlines([0.0] * 20, name="flat", dates=["2026-01-05"] * 20)
    found = chart_drift(pd.concat([few, flat]))
    assert found.uncharted == ("few", "flat")
    assert found.table.empty
    assert tuple(found.table.columns) == DRIFT_COLUMNS
    assert found.alarms().empty


def test_outlines_that_cannot_be_compared_take_no_part() -> None:
    rows = outlines([0.0, 1.0] * 5)
    rows.loc[3, "offset_percent"] = None
    assert len(chart_drift(rows).table) == 2 * 9
    assert chart_drift(rows.iloc[:0]).table.empty


@pytest.mark.parametrize("text", ["2026-01-05", "2026-01-05T10:00", "2026-01-05 10:00:00", "2026-01-05T10:00:00.25Z"])
def test_dates_of_iso_8601_are_read(text: str) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert (moment.year, moment.month, moment.day) == (2026, 1, 5)
    assert moment.tzinfo is not None


@pytest.mark.parametrize(
    "text", ["", "20260105", "2026-1-5", "5 Jan 2026", "2026-02-30", "2026-W01-1", "2026-01-05T25:00"]
)
def test_others_are_not_guessed(text: str) -> None:
    assert read_moment(text) is None


def alarms(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["annotator", "measure", "shift"])


def test_an_echo_in_the_other_direction_is_nobody_who_moved() -> None:
    offset = [("zoe", "offset_percent", 6.0), ("ann", "offset_percent", -5.0), ("bob", "offset_percent", 2.0)]
    assert who_moved(alarms(*offset, ("ann", "dice_consensus", -0.2))) == ["bob", "zoe"]


def test_where_dice_alone_falls_the_largest_fall_is_who_moved() -> None:
    assert who_moved(alarms(("zoe", "dice_consensus", -0.2), ("ann", "dice_consensus", -0.1))) == ["zoe"]
    assert who_moved(alarms()) == []
