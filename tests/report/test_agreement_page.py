import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement import ReadCase, Reading, measure
from dermaseg_monai.agreement.study import write_study
from dermaseg_monai.errors import DataError
from dermaseg_monai.images import READER_RGB, hex_of, reader_colours, write_mask, write_rgb
from dermaseg_monai.report.agreement_cases import draw_case, worst_cases
from dermaseg_monai.report.agreement_page import write_agreement_page
from dermaseg_monai.report.agreement_parts import html_table
from dermaseg_monai.report.agreement_sections import TABLES
from dermaseg_monai.report.study_tables import StudyTables

HOSTILE = "<script>alert(1)</script>&$x$"
COLOURS = reader_colours(["NA", HOSTILE])
BIG, LEFT = (slice(20, 60), slice(20, 100)), (slice(20, 60), slice(20, 60))  # Dice 2/3


def mask(folder: Path, name: str, box: tuple[slice, slice]) -> Path:
    drawn = np.zeros((80, 120), dtype=bool)
    drawn[box] = True
    write_mask(folder / name, drawn)
    return folder / name


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two images: on `001` both drew the same, on a hostile name Dice is 2/3 and flagged."""
    big, left = mask(tmp_path / "m", "big.png", BIG), mask(tmp_path / "m", "left.png", LEFT)
    cases = [
        ReadCase("001", (Reading("NA", big, "brush"), Reading(HOSTILE, big, "brush"))),
        ReadCase(HOSTILE, (Reading("NA", big, "brush"), Reading(HOSTILE, left, "brush"))),
    ]
    found = measure(cases, tolerance_px=2.0, both_empty=1.0)
    out = tmp_path / "study"
    pairs = found.pairs.assign(dx=[HOSTILE, "nevus"])
    write_study(out, pairs, found.masks, factors=["dx"], notes=[HOSTILE], failures=[HOSTILE], below_dice=0.7, seed=0)
    return out


def page_of(study: Path, photographs: dict[str, Path] | None = None) -> str:
    return write_agreement_page(study, photographs or {}).read_text(encoding="utf-8")


def test_the_page_has_the_numbers_of_the_study(study: Path) -> None:
    text = page_of(study)
    mean = (1 + 2 / 3) / 2
    assert f"<b>{mean:.3f}</b><span>mean pairwise Dice" in text
    assert f"<b>{mean:.2f}</b><span>2</span>" in text  # a cell of the matrix, and how many pairs it is of
    assert "<b>50.0%</b>" in text
    assert "About one pair in 2 differs" in text
    assert "within the 0.75 to 0.85" in text
    assert "By dx" in text
    assert "By tool" in text
    assert "Dice 0.667" in text  # of the flag


def test_readers_of_pairs_without_masks_are_counted_by_their_images(study: Path) -> None:
    (study / "masks.csv").unlink()
    top = page_of(study).split("<h2>")[0]
    assert "Outlines of 2 readers: " in top
    assert "<b>NA</b> 2</span>" in top
    assert "Left out: 1 outlines that could not be used" in top


def test_it_stands_alone_and_escapes_every_name(study: Path) -> None:
    text = page_of(study)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)"', text))
    assert not re.findall(r"<link|url\(|href=", text)
    assert str(study.parent) not in text


def test_a_case_of_digits_and_a_reader_called_na_keep_their_names(study: Path) -> None:
    tables = StudyTables.read(study).tables
    assert set(tables["pairs"]["case_id"]) == {"001", HOSTILE}
    assert set(tables["masks"]["annotator"]) == {"NA", HOSTILE}


def test_the_worst_case_comes_first_with_the_outlines_of_both(study: Path) -> None:
    tables = StudyTables.read(study).tables
    assert next(iter(worst_cases(tables["images"], most=2))) == HOSTILE
    photograph = study.parent / "photograph.png"
    write_rgb(photograph, np.full((80, 120, 3), 90, dtype=np.uint8))
    (drawn,) = draw_case(HOSTILE, tables["masks"], photograph, colours=COLOURS)
    assert [name for _, name in drawn.legend] == ["NA", HOSTILE]
    colours = {tuple(colour) for colour in drawn.picture.reshape(-1, 3)}
    assert set(READER_RGB[:2]) <= colours
    assert (90, 90, 90) in colours
    assert drawn.remark == ""
    assert page_of(study, {HOSTILE: photograph}).count("<figure>") == 2


def test_a_person_has_one_colour_on_every_picture(study: Path) -> None:
    masks = StudyTables.read(study).tables["masks"]
    for case_id in ("001", HOSTILE):
        (drawn,) = draw_case(case_id, masks, None, colours=COLOURS)
        assert {name: colour for colour, name in drawn.legend} == {name: hex_of(COLOURS[name]) for name in COLOURS}
    top = page_of(study).split("<h2>")[0]
    assert f'<i style="background:{hex_of(COLOURS["NA"])}"></i><b>NA</b>' in top


def test_who_drew_twice_keeps_the_colour_in_two_styles(study: Path) -> None:
    masks = StudyTables.read(study).tables["masks"]
    (twice,) = draw_case(HOSTILE, masks.assign(annotator="NA"), None, colours=COLOURS)
    (first,) = draw_case(HOSTILE, masks.assign(annotator="NA").iloc[2:3], None, colours=COLOURS)
    assert {colour for colour, _ in twice.legend} == {hex_of(COLOURS["NA"])}
    drawn, alone = ((one.picture == COLOURS["NA"]).all(axis=2) for one in (twice, first))
    beside = drawn & ~alone
    assert 0 < beside.sum() < 0.25 * drawn.sum()  # a side of 40 px of 240, and dots of it only


def test_coverage_names_what_is_missing_only(study: Path) -> None:
    (study / "coverage.csv").write_text("case_id,readers,lacks\nalone,1,1\nenough,2,0\n")
    text = page_of(study)
    assert "1 of 2 images lack a reader" in text
    assert "alone" in text
    assert "enough" not in text


def test_the_urgent_flags_come_first(study: Path) -> None:
    rows = "x1,border,a,40 %\nx2,low agreement,a b,Dice 0.6\nx3,low agreement,a b,Dice 0.1\nx4,no overlap,a b,Dice 0\n"
    (study / "flags.csv").write_text("case_id,flag,annotators,detail\n" + rows)
    text = page_of(study)
    assert re.findall(r">(x\d)</td>", text) == ["x4", "x3", "x2", "x1"]


def test_whole_numbers_fractions_and_small_p_are_written_as_such() -> None:
    table = pd.DataFrame(
        {"df": [1.0, 2.0], "p": [0.00001, 0.04], "dice": [1.0, 0.5], "n": [1200, 3], "note": [None] * 2}
    )
    text = html_table(table, most=2)
    assert re.findall(r"<td class=\w+>([^<]*)</td>", text) == [
        "1", "&lt; 0.001", "1.000", "1,200", "2", "0.040", "0.500", "3",
    ]  # fmt: skip


def test_the_ceiling_of_the_same_folder_says_its_sentence(study: Path) -> None:
    (study / "ceiling.csv").write_text("case_id,readers,human_dice,model_dice\n001,2,0.8,0.7\n")
    (study / "ceiling.json").write_text(json.dumps({"ceiling": {"sentence": "Within human range: <not shown>."}}))
    assert "<p>Within human range: &lt;not shown&gt;.</p>" in page_of(study)


def test_cautions_of_the_mixed_model_stand_above_it(study: Path) -> None:
    rows = "effect,tool,0.2\nfit,residual variance,0.01\ncaution,tool T2 is that of A00 alone,\n"
    (study / "mixed_model.csv").write_text("name,what,value\n" + rows)
    text = page_of(study)
    assert "<p>Caution: tool T2 is that of A00 alone.</p>" in text
    assert "residual variance" not in text


def test_of_reliability_and_errors_only_what_is_short_is_shown(study: Path) -> None:
    (study / "reliability.csv").write_text("name,who,value\nkappa,all readers,0.5\nkappa,abe – zoe,0.25\n")
    errors = "".join(f"x{at},a,placement,tight,{9 - at}\n" for at in range(7)) + "y,a,missing,satellite,1\n"
    (study / "errors.csv").write_text("case_id,annotator,type,finding,measure\n" + errors)
    text = page_of(study)
    assert "abe – zoe" not in text
    assert "1 more rows" in text
    assert "placement: tight 7, missing: satellite 1" in text
    assert re.findall(r">(x\d|y)</td>", text) == ["x0", "x1", "x2", "x3", "x4", "y"]


def test_a_photograph_that_does_not_fit_is_left_out_and_said(study: Path) -> None:
    masks = StudyTables.read(study).tables["masks"]
    other = study.parent / "other.png"
    write_rgb(other, np.zeros((10, 10, 3), dtype=np.uint8))
    for path, said in ((other, "another size"), (study.parent / "gone.png", "cannot be read"), (None, "No photograph")):
        (drawn,) = draw_case(HOSTILE, masks, path, colours=COLOURS)
        assert said in drawn.remark


def test_a_picture_is_cut_to_the_outlines_with_a_margin(study: Path) -> None:
    masks = StudyTables.read(study).tables["masks"]
    alone = masks.query("path.str.endswith('left.png')")  # 40 of 80 rows
    (drawn,) = draw_case(HOSTILE, alone, None, colours=COLOURS)
    assert drawn.remark.endswith("Enlarged 1.3 times.")


def test_a_case_whose_masks_are_gone_is_not_drawn(study: Path) -> None:
    (study.parent / "m" / "left.png").unlink()
    assert page_of(study).count("<figure>") == 1


def test_a_section_stands_where_its_table_does(study: Path) -> None:
    before = page_of(study)
    for section in TABLES:
        path = study / f"{section.name}.csv"
        if not path.exists():
            assert section.heading not in before
            path.write_text(f"case_id,type,finding,lacks,who,name,what\nx,y,{HOSTILE},1,z,n,w\n")
    after = page_of(study)
    assert all(f"<h2>{section.heading}</h2>" in after for section in TABLES)
    assert "<script" not in after


def test_bias_and_drift_are_drawn(study: Path) -> None:
    bias = {"annotator": [HOSTILE, "NA"], "verdict": ["loose", "not shown"], "offset_percent": [4.0, None]}
    bias |= {
        "offset_percent_low": [3.0, None],
        "offset_percent_high": [5.0, None],
        "outlines": [9, 2],
        "copied": [0.0, 0.5],
    }
    pd.DataFrame(bias).to_csv(study / "bias.csv", index=False)
    drift = {"annotator": [HOSTILE] * 3, "measure": ["offset_percent"] * 3, "number": [1, 2, 3], "value": [0.0, 1, 9]}
    drift |= {"ewma": [0.0, 0.2, 2], "centre": [0.0] * 3, "low": [-1.0] * 3, "high": [1.0] * 3}
    drift |= {"out": [False, False, True], "created_at": ["2026-01-01"] * 3, "case_id": ["a", "b", "c"]}
    pd.DataFrame(drift).to_csv(study / "drift.csv", index=False)
    text = page_of(study)
    assert "Who draws how" in text
    assert "Drift over time" in text
    assert text.count("data:image/svg+xml") == 3
    assert "Against the consensus of the others these draw: “&lt;script&gt;" in text
    assert "seems to have moved over time" in text
    assert "Outlines that are another's pixel for pixel: “NA” (50% of theirs)." in text.replace("&#x27;", "'")


def test_what_only_a_statistician_asks_for_is_folded_and_defined_once(study: Path) -> None:
    rows = "kappa,all,0.5,what kappa is\nkappa,all,0.6,what kappa is\nalpha,all,0.5,what alpha is\n"
    (study / "reliability.csv").write_text("name,who,value,definition\n" + rows)
    text = page_of(study)
    folded = "".join(re.findall(r"<details>.*?</details>", text, flags=re.DOTALL))
    assert "<summary><h2>Beyond chance</h2></summary>" in folded
    assert "<summary><h2>What explains the disagreement</h2></summary>" in folded
    assert folded.count("<li>kappa: what kappa is</li>") == 1
    assert folded.count("what kappa is") == 1
    assert "Flags" not in folded


def test_habits_are_said_of_who_is_shown_to_have_one(study: Path) -> None:
    bias = {"annotator": ["NA", "zoe"], "verdict": ["neutral", "few images"], "offset_percent": [1.0, 9.0]}
    bias |= {"offset_percent_low": [0.5, 3.0], "offset_percent_high": [1.5, 12.0], "outlines": [9, 3]}
    pd.DataFrame(bias).to_csv(study / "bias.csv", index=False)
    top = page_of(study).split("<h2>")[0]
    assert "Nobody is shown to draw tighter or looser than the others." in top
    pd.DataFrame(bias | {"verdict": ["neutral", "loose"]}).to_csv(study / "bias.csv", index=False)
    assert "these draw: “zoe” looser (by 9.0 % of the lesion&#x27;s diameter)." in page_of(study)


def test_two_readers_have_no_sensitivity(study: Path) -> None:
    bias = {"annotator": ["a", "b"], "verdict": ["tight", "loose"], "offset_percent": [-4.0, 4.0], "outlines": [9, 9]}
    bias |= {"offset_percent_low": [-5.0, 3.0], "offset_percent_high": [-3.0, 5.0], "sensitivity": [1.0, 0.25]}
    for of_three, shown in ((0, False), (4, True)):
        pd.DataFrame(bias | {"images_of_three": of_three}).to_csv(study / "bias.csv", index=False)
        text = page_of(study)
        assert ("sensitivity</th>" in text) is shown
        assert ("do not tell who is right" in text) is not shown


def test_pairs_without_masks_have_a_page_without_pictures(study: Path) -> None:
    (study / "masks.csv").unlink()
    assert "Where people agree least" not in page_of(study)


def test_no_study(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no agreement study"):
        write_agreement_page(tmp_path, {})
    (tmp_path / "summary.json").write_text(json.dumps({}))
    with pytest.raises(DataError, match=r"no pairs\.csv"):
        write_agreement_page(tmp_path, {})
