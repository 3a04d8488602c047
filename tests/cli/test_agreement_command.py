import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from dermaseg_monai.cli import app
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.images import read_mask, write_mask
from dermaseg_monai.manifest import Manifest

IMA = "img_id,annotator1,annotator2,dice_score,jaccard_score,tool1,skill_level1,tool2,skill_level2\n"


def agreement(*words: object):  # noqa: ANN201
    return CliRunner().invoke(app, ["agreement", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("demo") / "set", n=12, seed=0)


def test_the_demo_set_gives_every_table_and_the_dice_that_its_masks_have(demo: Path, tmp_path: Path) -> None:
    done = agreement("--manifest", demo, "--out", tmp_path, "--attributes", "diagnosis")
    assert done.exit_code == 0, done.output
    pairs = pd.read_csv(tmp_path / "pairs.csv")
    assert len(pairs) == 36
    (row, *_) = [
        one for one in pairs.to_dict("records") if (one["annotator_a"], one["annotator_b"]) == ("loose", "tight")
    ]
    loose, tight = (read_mask(demo.parent / f"annotations/{who}/{row['case_id']}.png") for who in ("loose", "tight"))
    assert row["dice"] == pytest.approx(2 * np.count_nonzero(loose & tight) / (loose.sum() + tight.sum()))
    numbers = json.loads((tmp_path / "summary.json").read_text())
    assert numbers["agreement"]["different_people"]["scores"]["dice"]["mean"] == pytest.approx(pairs["dice"].mean())
    assert sum(pd.read_csv(tmp_path / "by_diagnosis.csv").query("whose == 'different people'")["pairs"].to_list()) == 36
    for name in ("images", "annotators", "masks", "flags", "by_tool", "by_skill"):
        assert (tmp_path / f"{name}.csv").is_file(), name
    summary = (tmp_path / "summary.md").read_text()
    assert "by tool" in summary.lower()
    assert "## Who draws how" in summary
    assert list(pd.read_csv(tmp_path / "bias.csv")["annotator"]) == ["loose", "noisy", "tight"]
    for name in ("drift", "copies", "errors"):
        assert (tmp_path / f"{name}.csv").is_file(), name
    errors = pd.read_csv(tmp_path / "errors.csv")
    kinds = {
        f"{one['type']}-{one['finding']}.png".replace(",", "").replace(" ", "_") for one in errors.to_dict("records")
    }
    assert {path.name for path in (tmp_path / "errors").iterdir()} == kinds
    assert len(kinds) > 1


def test_pairs_of_others_are_read_without_their_consensus_and_grouped(tmp_path: Path) -> None:
    rows = [
        "x1.JPG,A04,A01,0.8,0.6667,T1,S1,T3,S2",
        "x1.JPG,A04,ST,0.99,0.98,T1,S1,ST,ST",
        "x2.JPG,A01,A01,1,1,T3,S2,T3,S2",
    ]
    (tmp_path / "pairs.csv").write_text(IMA + "\n".join(rows))
    (tmp_path / "meta.csv").write_text("isic_id,dx,patient_id\nx1,mel,P1\nx2,,P2\n")
    source = ["--pairs", tmp_path / "pairs.csv", "--leave-out", "ST,MV", "--table", tmp_path / "meta.csv"]
    columns = ["--id-column", "isic_id", "--attributes", "dx", "--group-column", "patient_id"]
    done = agreement(*source, *columns, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "1 rows with ST, MV left out" in done.output
    assert not (tmp_path / "out" / "bias.csv").exists()
    pairs = pd.read_csv(tmp_path / "out" / "pairs.csv")
    assert list(pairs["case_id"]) == ["x1", "x2"]
    assert tuple(pairs.loc[0, ["annotator_a", "tool_a", "skill_a"]]) == ("A01", "T3", "S2")
    assert "mel: fewer" not in (tmp_path / "out" / "summary.md").read_text()  # one patient has no interval
    by_dx = pd.read_csv(tmp_path / "out" / "by_dx.csv")
    assert dict(by_dx.query("whose == 'all pairs'")[["dx", "pairs"]].to_numpy().tolist()) == {"mel": 1, "not known": 1}


def test_a_folder_of_masks_draws_its_errors_without_photographs_and_removes_older_pictures(
    demo: Path, tmp_path: Path
) -> None:
    source = ["--root", demo.parent / "annotations", "--pattern", "{annotator}/{case}.png"]
    pictures = tmp_path / "out" / "errors"
    pictures.mkdir(parents=True)
    stale, mine = pictures / "missing_region-whole_lesion.png", pictures / "mine.png"
    stale.write_bytes(b"")
    mine.write_bytes(b"")
    (tmp_path / "two.txt").write_text("demo_0000\ndemo_0001\n")
    done = agreement(*source, "--out", tmp_path / "out", "--cases", tmp_path / "two.txt")
    assert done.exit_code == 0, done.output
    assert mine.is_file()
    assert not stale.exists()
    assert set(pd.read_csv(tmp_path / "out" / "masks.csv")["case_id"]) == {"demo_0000", "demo_0001"}
    assert pd.read_csv(tmp_path / "out" / "bias.csv")["images"].tolist() == [2, 2, 2]
    summary, narrow = (tmp_path / "out" / "summary.md").read_text(), "fewer than 10 lesions or patients"
    assert f" different people: {narrow}" in summary
    assert f" loose, noisy, tight: {narrow}" in summary
    assert f"Cohen kappa, Fleiss kappa, Krippendorff alpha: {narrow}" in summary
    assert f"Pairs of different people: {narrow}" in (tmp_path / "out" / "index.html").read_text()


def test_a_limit_ends_with_exit_code_1_after_everything_is_written(demo: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Mean pairwise Dice is 0\.\d{3}, below --fail-under 0\.99"):
        agreement("--manifest", demo, "--out", tmp_path, "--fail-under", "0.99")
    assert (tmp_path / "summary.json").is_file()


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ([], ConfigError, "in one way"),
        (["--root", "{tmp}"], ConfigError, "needs --pattern"),
        (["--root", "{tmp}/nowhere", "--pattern", "{{case}}_{{annotator}}.png"], DataError, "There is no folder"),
        (["--pairs", "{tmp}/none.csv"], DataError, "There is no table"),
        (["--pairs", "{tmp}/bad.csv"], DataError, "has no column annotator_a, annotator_b, dice; it has case_id, x"),
        (["--pairs", "{tmp}/odd.csv"], DataError, "Dice of c is 1.2"),
        (["--manifest", "{demo}", "--tolerance-px", "-1"], ConfigError, "--tolerance-px is '-1', but it is a number"),
        (["--manifest", "{demo}", "--tolerance-px", "nan"], ConfigError, "a number of pixels from 0, or auto"),
        (["--pairs", "{tmp}/odd.csv", "--tolerance-px", "auto"], ConfigError, "auto needs the masks"),
        (["--manifest", "{demo}", "--attributes", "diagnosys"], ConfigError, "no|No case of .* has the attribute"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    demo: Path, tmp_path: Path, words: list[str], error: type[Exception], said: str
) -> None:
    (tmp_path / "bad.csv").write_text("case_id,x\nc,1\n")
    (tmp_path / "odd.csv").write_text("case_id,annotator_a,annotator_b,dice\nc,a,b,1.2\n")
    given = [word.format(tmp=tmp_path, demo=demo) for word in words]
    with pytest.raises(error, match=said):
        agreement("--out", tmp_path / "out", *given)
    assert not (tmp_path / "out").exists()


def test_kappa_alpha_intraclass_and_the_model_are_written_and_summarised(demo: Path, tmp_path: Path) -> None:
    done = agreement("--manifest", demo, "--out", tmp_path, "--attributes", "diagnosis")
    assert "Band around the lesion: 0.2 equivalent diameters" in done.output
    table = pd.read_csv(tmp_path / "reliability.csv")
    whole, band = (
        float(table.query(f"name == 'Fleiss kappa' and what.str.startswith('{what}')")["value"].iloc[0])
        for what in ("whole", "band")
    )
    assert whole > band > 0
    model = pd.read_csv(tmp_path / "mixed_model.csv")
    assert set(model.query("name == 'Wald test'")["what"]) <= {"tool", "skill", "diagnosis", "size"}
    assert sum(model.query("name == 'share of variance'")["value"].to_list()) == pytest.approx(1)
    pairs = pd.read_csv(tmp_path / "pairs.csv")
    assert all(row["kappa_image"] >= row["kappa_band"] for row in pairs.to_dict("records"))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert len(summary["reliability"]) == len(table)
    assert len(summary["mixed_model"]) == len(model)
    text = (tmp_path / "summary.md").read_text()
    assert "## Beyond chance" in text
    assert "## What explains the disagreement" in text


def test_a_tolerance_comes_from_repeats_and_nothing_else(tmp_path: Path) -> None:
    for name, columns in (("ann/c_t1", slice(10, 50)), ("ann/c_t2", slice(13, 53)), ("bob/c_t1", slice(9, 50))):
        mask = np.zeros((40, 60), dtype=bool)
        mask[10:30, columns] = True
        (tmp_path / "masks" / name).parent.mkdir(parents=True, exist_ok=True)
        write_mask(tmp_path / "masks" / f"{name}.png", mask)
    words = ["--root", tmp_path / "masks", "--pattern", "{annotator}/{case}_{tool}.png", "--out", tmp_path / "out"]
    done = agreement(*words, "--tolerance-px", "auto")
    assert done.exit_code == 0, done.output
    assert "Surface Dice at 3 px." in done.output
    assert "Tolerance 3.00 px: quantile 0.95 of all contour distances of 1 repeats by 1 annotators" in done.output
    (tmp_path / "masks" / "ann" / "c_t2.png").unlink()
    with pytest.raises(DataError, match="Nobody drew a case twice"):
        agreement(*words, "--tolerance-px", "auto")


def _draw(folder: Path, name: str, lesion: slice, *, shape: tuple[int, int] = (20, 30)) -> None:
    mask = np.zeros(shape, dtype=bool)
    mask[lesion, 5:15] = True
    folder.mkdir(exist_ok=True)
    write_mask(folder / name, mask)


def test_outlines_none_of_which_fit_each_other_are_one_line_and_no_folder(tmp_path: Path) -> None:
    for case in ("c1", "c2"):
        _draw(tmp_path / "masks", f"{case}_ann.png", slice(5, 15))
        _draw(tmp_path / "masks", f"{case}_bob.png", slice(5, 15), shape=(30, 20))
    with pytest.raises(DataError, match=r"No case has two usable outlines; 2 could not.*30 x 20.*20 x 30"):
        agreement("--root", tmp_path / "masks", "--pattern", "{case}_{annotator}.png", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_cases_alike_give_a_study_without_an_interval_of_their_size(tmp_path: Path) -> None:
    for case in ("c1", "c2"):
        _draw(tmp_path / "masks", f"{case}_ann.png", slice(5, 15))
        _draw(tmp_path / "masks", f"{case}_bob.png", slice(5, 10))
    done = agreement("--root", tmp_path / "masks", "--pattern", "{case}_{annotator}.png", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "Dice 0.667" in done.output  # 2 x 50 / (100 + 50)


def test_a_file_in_the_place_of_the_folder_is_one_line(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DataError, match=r"Cannot write .*out: .*out is a file. Choose a folder"):
        agreement("--manifest", demo, "--out", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (",a,b,0.8,3\nc2,a,b,0.7,3\n", r"1 of 2 pairs have no usable case_id, first in line 2 \(empty\)"),
        ("c1,,b,0.8,3\n", "no usable annotator_a"),
        ("c1,a,b,0.8,3\nc2,a,b,0.7x,3\n", r"no usable dice, first in line 3 \(0.7x\)"),
        ("c1,a,b,0.8,3\nc2,a,b,0.7,\n", "no usable hd95_px, first in line 3"),
        ("c1,a,b,0.8,inf\n", "no usable hd95_px"),
    ],
)
def test_a_cell_that_is_needed_is_named_by_its_line(rows: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("case_id,annotator_a,annotator_b,dice,hd95_px\n" + rows)
    with pytest.raises(DataError, match=said):
        agreement("--pairs", tmp_path / "pairs.csv", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_annotator_may_be_called_na(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("case_id,annotator_a,annotator_b,dice\nc1,NA,b,0.8\nc2,NA,b,0.6\n")
    done = agreement("--pairs", tmp_path / "pairs.csv", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "NA – b,2,2,2,0.7" in (tmp_path / "out" / "annotators.csv").read_text()


def test_tables_of_an_earlier_study_of_the_folder_are_gone(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert agreement("--manifest", demo, "--out", out, "--attributes", "diagnosis").exit_code == 0
    (tmp_path / "pairs.csv").write_text("case_id,annotator_a,annotator_b,dice\nc1,a,b,0.8\nc2,a,b,0.6\n")
    (out / "mine.csv").write_text("kept")
    assert agreement("--pairs", tmp_path / "pairs.csv", "--out", out).exit_code == 0
    left = {path.name for path in out.iterdir()}
    assert not left & {"masks.csv", "bias.csv", "drift.csv", "copies.csv", "errors.csv", "coverage.csv"}
    assert not [name for name in left if name.startswith("by_")]
    assert not list((out / "errors").iterdir())
    assert "mine.csv" in left
    assert "Who draws how" not in (out / "index.html").read_text()


def test_patients_of_a_table_are_drawn_for_who_draws_how_too(tmp_path: Path) -> None:
    for case, rows in (("c1", 10), ("c2", 9), ("c3", 8)):
        _draw(tmp_path / "masks", f"{case}_ann.png", slice(5, 15))
        _draw(tmp_path / "masks", f"{case}_bob.png", slice(5, 5 + rows))
    (tmp_path / "table.csv").write_text("id,patient\nc1,p1\nc2,p1\nc3,p2\n")
    source = ["--root", tmp_path / "masks", "--pattern", "{case}_{annotator}.png", "--out", tmp_path / "out"]
    done = agreement(*source, "--table", tmp_path / "table.csv", "--group-column", "patient")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(tmp_path / "out" / "bias.csv")["groups"].to_list() == [2, 2]


def _three_pairs(folder: Path) -> list[object]:
    rows = [f"c{at},a,b,0.{at + 5},L" for at in range(1, 4)]
    (folder / "pairs.csv").write_text("\n".join(["case_id,annotator_a,annotator_b,dice,group", *rows]))
    return ["--pairs", folder / "pairs.csv", "--out", folder / "out", "--table", folder / "table.csv"]


def test_a_table_of_other_cases_is_refused(tmp_path: Path) -> None:
    source = _three_pairs(tmp_path)
    (tmp_path / "table.csv").write_text("id,patient\nISIC_1,p1\nISIC_2,p2\n")
    with pytest.raises(DataError, match=r"no row for 3 of 3 cases, first c1; its first id is 'ISIC_1'"):
        agreement(*source, "--group-column", "patient")


def test_a_case_without_a_row_keeps_its_group(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = _three_pairs(tmp_path)
    (tmp_path / "table.csv").write_text("id,patient\nc1,p1\n")
    assert agreement(*source, "--group-column", "patient").exit_code == 0
    assert pd.read_csv(tmp_path / "out" / "pairs.csv")["group"].to_list() == ["p1", "L", "L"]
    assert "no row for 2 of 3 cases, first c2: nothing is known of them" in caplog.text


def test_pairs_of_a_manifest_are_divided_by_a_column_of_a_table(demo: Path, tmp_path: Path) -> None:
    ids = [case.id for case in Manifest.load(demo).cases]
    (tmp_path / "table.csv").write_text("id,dx\n" + "".join(f"{name},{at % 2}\n" for at, name in enumerate(ids)))
    done = agreement(
        "--manifest", demo, "--out", tmp_path / "out", "--table", tmp_path / "table.csv", "--attributes", "dx"
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "by_dx.csv").is_file()


def test_a_failure_names_its_file_and_not_where_it_lies(tmp_path: Path) -> None:
    for case in ("c1", "c2", "c3"):
        _draw(tmp_path / "masks", f"{case}_ann.png", slice(5, 15))
        _draw(tmp_path / "masks", f"{case}_bob.png", slice(5, 12))
    _draw(tmp_path / "masks", "c1_bob.png", slice(5, 15), shape=(30, 20))
    (tmp_path / "masks" / "c2_bob.png").write_bytes(b"no picture")
    source = ["--root", tmp_path / "masks", "--pattern", "{case}_{annotator}.png", "--out", tmp_path / "out"]
    done = agreement(*source)
    assert done.exit_code == 1
    for name in ("summary.json", "index.html"):
        text = (tmp_path / "out" / name).read_text()
        assert "c1_bob.png" in text
        assert "c2_bob.png" in text
        assert str(tmp_path) not in text


def draw(path: Path, rows: slice) -> Path:
    mask = np.zeros((40, 60), dtype=bool)
    mask[rows, 10:40] = True
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mask(path, mask)
    return path


def test_what_macos_leaves_beside_a_mask_is_no_outline(tmp_path: Path) -> None:
    for who in ("ann", "bob"):
        draw(tmp_path / "root" / f"c1_{who}.png", slice(5, 20))
        (tmp_path / "root" / f"._c1_{who}.png").write_bytes(b"Mac OS X")
    done = agreement("--root", tmp_path / "root", "--pattern", "{case}_{annotator}.png", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "2 images are hidden or do not fit '{case}_{annotator}.png' and are no outlines, first ._c1_ann.png" in (
        " ".join((tmp_path / "out" / "summary.md").read_text().split())
    )


def test_chosen_cases_alone_are_measured_covered_and_named(tmp_path: Path) -> None:
    for case in ("c1", "c2"):
        for who in ("ann", "bob"):
            draw(tmp_path / "root" / f"{case}_{who}.png", slice(5, 20))
    (tmp_path / "root" / "c2_cid.png").write_bytes(b"broken")
    (tmp_path / "chosen.txt").write_text("c1\n")
    words = ("--root", tmp_path / "root", "--pattern", "{case}_{annotator}.png", "--cases", tmp_path / "chosen.txt")
    done = agreement(*words, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output  # c2 has an outline that cannot be read; nobody asked for it
    assert pd.read_csv(tmp_path / "out" / "coverage.csv")["case_id"].to_list() == ["c1"]
    assert "Only the cases of chosen.txt." in done.output


def test_names_that_are_formulas_are_quoted_and_read_back(tmp_path: Path) -> None:
    for case in ("=c1", "c2"):
        for who in ("@ann", "bob"):
            draw(tmp_path / "root" / who / f"{case}.png", slice(5, 20 if who == "bob" else 19))
    words = ("--root", tmp_path / "root", "--pattern", "{annotator}/{case}.png", "--out")
    assert agreement(*words, tmp_path / "out").exit_code == 0
    for path in (tmp_path / "out").glob("*.csv"):
        for line in path.read_text().splitlines():
            assert not line.startswith(("=", "@")), path.name
            assert ",@ann" not in line, path.name
    again = agreement("--pairs", tmp_path / "out" / "pairs.csv", "--out", tmp_path / "again")
    assert again.exit_code == 0, again.output
    assert "&#x27;@ann" not in (tmp_path / "again" / "index.html").read_text()
    ours, theirs = (pd.read_csv(tmp_path / name / "pairs.csv") for name in ("out", "again"))
    assert ours["case_id"].to_list() == theirs["case_id"].to_list() == ["'=c1", "c2"]
    chosen = agreement(*words, tmp_path / "chosen", "--cases", tmp_path / "out" / "coverage.csv")
    assert chosen.exit_code == 0, chosen.output
