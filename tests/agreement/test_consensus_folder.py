import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.consensus_folder import ConsensusFolder, write_consensus
from dermaseg_monai.errors import ConfigError, DataError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.images import measure, read_mask, read_probability, write_mask, write_rgb
from dermaseg_monai.manifest import Annotation, Case, FileRecord, Manifest, verify

SHAPE = (40, 60)
BIG, LEFT, RIGHT = (slice(10, 30), slice(10, 50)), (slice(10, 30), slice(10, 30)), (slice(10, 30), slice(30, 50))
NONE = (slice(0, 0), slice(0, 0))
Place = tuple[slice, slice]


def draw(place: Place, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[place] = True
    return mask


class Study:
    """A data set whose outlines are rectangles: case to annotator to rectangle; `ann again` is a second one of ann."""

    def __init__(self, root: Path, drawn: Mapping[str, Mapping[str, Place]]) -> None:
        self.root = root
        cases = [self._case(name, outlines) for name, outlines in drawn.items()]
        self.manifest = Manifest("study", "1", None, tuple(cases))

    def run(self, out: Path | None = None, **options: Any) -> ConsensusFolder:  # noqa: ANN401 (choices of several kinds)
        chosen: dict[str, Any] = {"method": "majority", "tie": "lesion", "weights": None, "workers": 1} | options
        return write_consensus(self.manifest, self.root, out or self.root / "out", **chosen)

    def cases(self, out: str = "out") -> dict[str, dict[str, Any]]:
        rows = pd.read_csv(self.root / out / "cases.csv", keep_default_na=False).to_dict("records")
        return {str(row["case_id"]): {str(key): value for key, value in row.items()} for row in rows}

    def _case(self, name: str, outlines: Mapping[str, Place]) -> Case:
        write_rgb(self.root / f"images/{name}.png", np.zeros((*SHAPE, 3), dtype=np.uint8))
        annotations = []
        for annotator, place in outlines.items():
            path = f"{annotator}/{name}.png"
            write_mask(self.root / path, draw(place))
            who = annotator.removesuffix(" again")
            annotations.append(Annotation(self._record(path), who, role="reader"))
        reference = Annotation(annotations[0].mask, "senior", role="adjudicated")
        return Case(name, self._record(f"images/{name}.png"), (reference, *annotations), "train")

    def _record(self, path: str) -> FileRecord:
        height, width = measure(self.root / path)
        return FileRecord(path, sha256_of(self.root / path), size_px=(height, width))


@pytest.fixture
def three(tmp_path: Path) -> Study:
    readers = {"ann": BIG, "bob": LEFT, "cay": LEFT}
    return Study(tmp_path / "data", {"a": readers, "b": {"ann": BIG, "bob": LEFT}, "c": {"ann": BIG}})


def test_masks_maps_tables_and_a_manifest_are_written(three: Study) -> None:
    done = three.run()
    out = three.root / "out"
    np.testing.assert_array_equal(read_mask(out / "masks/a.png"), draw(LEFT))
    np.testing.assert_array_equal(read_mask(out / "masks/b.png"), draw(BIG))  # a tie is lesion
    entropy = read_probability(out / "disagreement/a.png")
    np.testing.assert_allclose(entropy, draw(RIGHT) * (np.log2(3) - 2 / 3), atol=1e-5)
    assert not (out / "probabilities").exists()
    rows = three.cases()
    assert [row["status"] for row in rows.values()] == ["consensus", "consensus", "one reader"]
    assert rows["a"]["area_px"] == "400"
    assert float(rows["a"]["contested_share"]) == 0.5
    assert float(rows["a"]["mean_dice_to_readers"]) == pytest.approx((2 * 400 / 1200 + 1 + 1) / 3)
    assert rows["a"]["nearest_reader"] == "bob"
    assert done.n_failures == 0
    assert done.complaints == ()


def test_the_manifest_has_one_annotation_more_and_the_reference_it_had(three: Study) -> None:
    before = json.dumps(three.manifest.to_json())
    done = three.run()
    assert done.manifest == three.root / "out/manifest.json"
    found = Manifest.load(three.root / "out/manifest.json")
    by_id = {case.id: case for case in found.cases}
    last = by_id["a"].annotations[-1]
    assert (last.role, last.annotator) == ("consensus", "majority (ties lesion): ann, bob, cay")
    assert last.mask.path == "out/masks/a.png"
    assert by_id["a"].reference == three.manifest.cases[0].reference
    assert by_id["c"] == three.manifest.cases[2]
    assert verify(found, done.dataset_dir) == []
    assert json.dumps(three.manifest.to_json()) == before


def test_an_out_beside_the_data_moves_the_start_of_the_paths(three: Study) -> None:
    done = three.run(three.root.parent / "decided")
    assert done.dataset_dir == three.root.parent
    found = Manifest.load(three.root.parent / "decided/manifest.json")
    assert found.cases[0].annotations[-1].mask.path == "decided/masks/a.png"
    assert found.cases[0].image.path == "data/images/a.png"
    assert verify(found, done.dataset_dir) == []


def test_a_manifest_is_never_overwritten(three: Study) -> None:
    done = three.run()
    assert done.manifest is not None
    before = done.manifest.read_bytes()
    with pytest.raises(DataError, match=r"manifest\.json is there already and is never overwritten"):
        three.run(tie="skin")
    assert done.manifest.read_bytes() == before


def test_two_readers_are_warned_of_case_by_case_and_in_the_summary(three: Study) -> None:
    pytest.importorskip("SimpleITK")
    done = three.run()
    rows = three.cases()
    assert rows["a"]["warning"] == ""
    assert rows["b"]["warning"].startswith("two readers: no majority where they differ")
    assert rows["b"]["warning"].endswith("STAPLE is the outline of ann")
    assert "WARNING: 1 of 2 cases have two readers." in done.text
    assert "exactly one reader's outline in 1 of 1 cases, the union in 0, the overlap in 0" in done.text


def test_a_person_who_drew_a_case_twice_has_one_vote(tmp_path: Path) -> None:
    drawn = {"a": {"ann": BIG, "ann again": BIG, "bob": LEFT}, "b": {"ann": BIG, "ann again": LEFT}}
    study = Study(tmp_path, drawn)
    done = study.run(tie="skin")
    np.testing.assert_array_equal(read_mask(tmp_path / "out/masks/a.png"), draw(LEFT))  # one against one, not two
    rows = study.cases()
    assert (rows["a"]["readers"], rows["a"]["annotators"]) == (2, "ann; bob")
    assert rows["a"]["warning"].startswith("two readers: no majority where they differ")
    assert "WARNING: 1 of 1 cases have two readers." in done.text
    assert (rows["b"]["status"], rows["b"]["readers"]) == ("one reader", 1)
    assert not (tmp_path / "out/masks/b.png").exists()


def test_nobody_weighs_more_by_agreeing_with_their_own_second_outline(tmp_path: Path) -> None:
    weights = {}
    for name, more in (("once", {}), ("twice", {"ann again": BIG})):
        study = Study(tmp_path / name, {"a": {"ann": BIG, "bob": LEFT, **more}})
        study.run(method="weighted", weights="pooled")
        weights[name] = (study.root / "out/weights.csv").read_text()
    assert weights["once"] == weights["twice"]


def test_methods_are_compared_by_number_of_readers(three: Study) -> None:
    three.run()
    rows = pd.read_csv(three.root / "out/comparison.csv").to_dict("records")
    table = {(row["readers"], row["one"], row["other"]): row["dice_mean"] for row in rows}
    assert table[2, "majority, ties lesion", "majority, ties skin"] == pytest.approx(2 / 3)
    assert table[3, "majority, ties lesion", "majority, ties skin"] == 1
    assert table[2, "majority, ties lesion", "ann"] == 1
    assert table[3, "majority, ties skin", "a reader"] == pytest.approx((2 / 3 + 2) / 3)
    # Σ min(p, q) of the soft mean (1 on the left, 1/3 on the right) and all of it: 400 + 400 / 3, of 533.3 + 800
    assert table[3, "soft mean", "ann"] == pytest.approx(2 * (400 + 400 / 3) / (400 + 400 / 3 + 800))


def test_soft_methods_write_probabilities(three: Study) -> None:
    three.run(method="mean", tie="skin")
    found = read_probability(three.root / "out/probabilities/a.png")
    np.testing.assert_allclose(found, draw(LEFT) + draw(RIGHT) / 3, atol=1e-5)
    np.testing.assert_array_equal(read_mask(three.root / "out/masks/b.png"), draw(LEFT))


def test_weights_come_from_a_table_or_are_counted(three: Study) -> None:
    table = three.root / "weights.csv"
    table.write_text("annotator,weight\nann,3\nbob,1\ncay,1\n")
    three.run(three.root / "given", method="weighted", weights=table)
    np.testing.assert_array_equal(read_mask(three.root / "given/masks/a.png"), draw(BIG))
    three.run(three.root / "counted", method="weighted", weights="pooled")
    counted = pd.read_csv(three.root / "counted/weights.csv", index_col="annotator")
    # near the lesion of 800 px lie 1000 px of skin: bob and cay have half of ann's lesion, ann too much of theirs
    expected = {"ann": 1 + 2000 / 2800 - 1, "bob": 800 / 1400, "cay": 400 / 600}
    assert dict(counted["weight"]) == pytest.approx(expected)
    np.testing.assert_array_equal(read_mask(three.root / "counted/masks/a.png"), draw(LEFT))


def test_lesions_apart_and_empty_outlines_end_in_a_clear_line(tmp_path: Path) -> None:
    drawn = {
        "apart": {"ann": LEFT, "bob": RIGHT},
        "empty": {"ann": NONE, "bob": NONE},
        "half": {"ann": LEFT, "bob": NONE, "cay": LEFT},
    }
    study = Study(tmp_path, drawn)
    done = study.run(tie="skin")
    assert done.complaints == (
        "Empty: apart: the consensus is empty although 2 of 2 readers drew a lesion",
        "Empty: empty: the consensus is empty: no reader drew a lesion",
    )
    assert "2 consensus masks are empty; they stand in cases.csv and not in the manifest" in done.text
    assert done.manifest is not None
    roles = {case.id: case.annotations[-1].role for case in Manifest.load(done.manifest).cases}
    assert roles == {"apart": "reader", "empty": "reader", "half": "consensus"}


def test_a_tie_that_is_refused_leaves_the_case_undecided(three: Study) -> None:
    done = three.run(tie="refuse")
    assert done.n_failures == 1
    assert done.complaints[0].startswith("Undecided: b: the readers are split in halves over 400 pixels")
    assert not (three.root / "out/masks/b.png").exists()
    assert (three.root / "out/masks/a.png").exists()


def test_a_bad_case_is_named_and_the_others_are_decided(three: Study) -> None:
    write_mask(three.root / "cay/a.png", draw(LEFT, (40, 59)))
    (three.root / "bob/b.png").write_bytes(b"no picture")
    done = three.run()
    assert done.n_failures == 2
    assert "Failed: a: the mask of cay is 40 x 59, its picture 40 x 60" in done.complaints[0]
    assert "Failed: b: " in done.complaints[1]
    assert done.manifest is None
    three.run(three.root / "again", method="mean", tie="skin")  # nor does it stop the tables
    assert [row["status"] for row in three.cases("again").values()] == ["failed", "failed", "one reader"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "weighted"}, r"--method weighted needs --weights CSV \(or pooled\)"),
        ({"weights": "w.csv"}, "--method majority takes no --weights"),
    ],
)
def test_choices_that_do_not_fit_are_refused(three: Study, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        three.run(**options)
    assert not (three.root / "out").exists()


@pytest.mark.slow
def test_several_processes_decide_what_one_decides(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    drawn = {}
    for number in range(66):
        top, left = (int(value) for value in rng.integers(0, 15, 2))
        one = (slice(top, top + 10), slice(left, left + 10))
        drawn[f"c{number:02d}"] = {"ann": one, "bob": (one[0], slice(left + 1, left + 11)), "cay": BIG}
    study = Study(tmp_path, drawn)
    study.run(tmp_path / "one", workers=1)
    study.run(tmp_path / "two", workers=2)
    for name in ("cases.csv", "comparison.csv"):
        assert (tmp_path / "one" / name).read_text() == (tmp_path / "two" / name).read_text()
    one, two = (Manifest.load(tmp_path / name / "manifest.json") for name in ("one", "two"))
    assert [case.annotations[-1].mask.sha256 for case in one.cases] == [
        case.annotations[-1].mask.sha256 for case in two.cases
    ]
