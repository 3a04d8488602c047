from pathlib import Path

import pytest

from dermaseg_monai.agreement import measure, reader_tables, readings_of_manifest
from dermaseg_monai.agreement.reader_files import ReaderTables
from dermaseg_monai.data.demo import make_demo, make_panel_demo
from dermaseg_monai.data.demo.panel import PANEL, panel_of
from dermaseg_monai.data.demo.plan import plan_set
from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Manifest

N = 100


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_panel_demo(tmp_path_factory.mktemp("panel") / "set", n=12, seed=0)


def test_the_pictures_and_references_are_those_of_the_demo_set(manifest: Path, tmp_path: Path) -> None:
    plain = Manifest.load(make_demo(tmp_path / "plain", n=12, seed=0)).cases
    for one, other in zip(plain, Manifest.load(manifest).cases, strict=True):
        assert one.image.sha256 == other.image.sha256
        assert one.annotations[0].mask.sha256 == other.annotations[0].mask.sha256


def test_four_of_five_readers_in_turn_and_their_days() -> None:
    sittings = [panel_of(shot, N) for shot in plan_set(N, 0)]
    names = [[one.annotator.name for one in four] for four in sittings]
    assert [len(set(four)) for four in names] == [4] * N
    assert all(sum(one.name in four for four in names) == 80 for one in PANEL)
    assert [four[0].date for four in sittings[:5]] == ["2026-01-05"] * 4 + ["2026-01-06"]
    margins = [one.annotator.margin_px for four in sittings for one in four if one.annotator.name == "drifting"]
    assert margins[:35] == [0] * 35
    assert margins[-1] > 8


def test_a_copy_is_of_a_mask_that_is_there() -> None:
    copies = [(four, one) for four in (panel_of(shot, N) for shot in plan_set(N, 0)) for one in four if one.hands_in]
    assert 5 < len(copies) < 15
    for four, one in copies:
        assert one.annotator.name == "hasty"
        assert one.hands_in in {other.annotator.name for other in four}


def test_a_set_that_is_there_is_not_overwritten(manifest: Path) -> None:
    with pytest.raises(DataError, match="already holds a data set"):
        make_panel_demo(manifest.parent, n=12, seed=0)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ReaderTables:
    path = make_panel_demo(tmp_path_factory.mktemp("panel") / "large", n=N, seed=0)
    read = readings_of_manifest(Manifest.load(path), path.parent)
    return reader_tables(measure(read, tolerance_px=2.0, both_empty=1.0), seed=0)


@pytest.mark.slow
def test_the_styles_are_found(tables: ReaderTables) -> None:
    found = {row["annotator"]: row for row in tables.bias.to_dict("records")}
    verdicts = {"tight": "tight", "loose": "loose", "steady": "neutral", "hasty": "neutral"}
    assert {name: found[name]["verdict"] for name in verdicts} == verdicts
    assert min(found, key=lambda name: found[name]["sensitivity"]) == "tight"
    assert min(found, key=lambda name: found[name]["specificity"]) == "loose"


@pytest.mark.slow
def test_the_drift_of_one_is_the_largest_and_comes_after_the_middle(tables: ReaderTables) -> None:
    rows = tables.drift.alarms().to_dict("records")
    alarms = {row["annotator"]: row for row in rows if row["measure"] == "offset_percent"}
    assert next(iter(alarms)) == "drifting"  # the largest shift comes first
    assert alarms["drifting"]["shift"] > 4
    assert alarms["drifting"]["created_at"] > "2026-01-17"


@pytest.mark.slow
def test_copies_and_errors_are_found_where_they_are(tables: ReaderTables) -> None:
    assert set(tables.copies["annotator"]) == {"hasty", "steady"}
    found: dict[str, list[str]] = {}
    for row in tables.errors.to_dict("records"):
        found.setdefault(row["finding"], []).append(row["annotator"])
    hairs = found["thin, as a hair or ruler"]
    assert len(hairs) > 3
    assert hairs.count("hasty") > 0.9 * len(hairs)
    assert "hasty" in found["satellite"]
    assert set(found["too loose"]) <= {"loose", "drifting"}
