import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dermaseg_monai.agreement.adjudication_queue import adjudication_queue, read_queue
from dermaseg_monai.agreement.model_uncertainty import expected_error, read_uncertainty
from dermaseg_monai.data.demo import make_demo
from dermaseg_monai.errors import ConfigError, DataError, IntegrityError
from dermaseg_monai.images import write_mask, write_probability
from dermaseg_monai.manifest import Manifest

DICE = {"demo_0000": (0.6, 0.9), "demo_0001": (0.3, 0.5), "demo_0002": (0.65, 0.8), "demo_0003": (0.1, 0.2)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo(tmp_path_factory.mktemp("made") / "demo", n=10, seed=0).parent


@pytest.fixture
def manifest(made: Path, tmp_path: Path) -> Manifest:
    root = Path(shutil.copytree(made, tmp_path / "demo"))
    known = Manifest.load(root / "manifest.json")
    return replace(known, cases=tuple(replace(case, attributes={"dx": "nevus"}) for case in known.cases))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    rows = [
        {"case_id": name, "annotator_a": "a", "annotator_b": other, "dice": value}
        for name, values in DICE.items()
        for other, value in zip("bc", values, strict=True)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "pairs.csv", index=False)
    found = [("demo_0000", "low agreement"), ("demo_0001", "low agreement"), ("demo_0001", "border")]
    found += [("demo_0002", "empty"), ("demo_0003", "border")]  # a border alone asks for nobody
    pd.DataFrame(found, columns=["case_id", "flag"]).to_csv(tmp_path / "flags.csv", index=False)
    return tmp_path


def diagnosed(manifest: Manifest, **diagnoses: str) -> Manifest:
    cases = tuple(replace(case, attributes={"dx": diagnoses.get(case.id, "nevus")}) for case in manifest.cases)
    return replace(manifest, cases=cases)


def test_the_least_dice_ranks_and_a_model_that_is_unsure_raises_a_case(manifest: Manifest, study: Path) -> None:
    root = study / "demo"
    plain = adjudication_queue(manifest, root, study, malignant=None, uncertainty={})
    assert list(plain["case_id"]) == ["demo_0001", "demo_0000", "demo_0002"]
    assert list(plain["priority"]) == pytest.approx([0.7, 0.4, 0.35])
    assert list(plain["rank"]) == [1, 2, 3]
    assert plain.loc[0, "flags"] == "low agreement, border"
    assert plain.loc[0, "annotators"] == "a, b, c"
    asked = adjudication_queue(manifest, root, study, malignant=None, uncertainty={"demo_0002": 0.5, "demo_0000": 0.1})
    assert list(asked["case_id"]) == ["demo_0001", "demo_0002", "demo_0000"]
    assert list(asked["priority"]) == pytest.approx([0.7, 0.35 * 1.5, 0.4 * 1.1])


def test_a_malignant_case_comes_before_a_worse_benign_one(manifest: Manifest, study: Path) -> None:
    known = diagnosed(manifest, demo_0002="melanoma")
    table = adjudication_queue(known, study / "demo", study, malignant=("dx", ["melanoma"]), uncertainty={})
    assert list(table["case_id"]) == ["demo_0002", "demo_0001", "demo_0000"]
    assert list(table["malignant"]) == [True, False, False]
    assert list(table["diagnosis"]) == ["melanoma", "nevus", "nevus"]
    with pytest.raises(ConfigError, match=r"No case of .* has dx 'melanom'; it holds melanoma, nevus"):
        adjudication_queue(known, study / "demo", study, malignant=("dx", ["melanom"]), uncertainty={})


def test_a_decided_case_waits_no_more_until_somebody_draws_it_again(manifest: Manifest, study: Path) -> None:
    case = manifest.cases[1]
    senior = replace(case.annotations[1], role="adjudicated", annotator="senior", created_at="2026-02-01")
    again = replace(case.annotations[1], created_at="2026-03-01")
    for added, names in (((senior,), ["demo_0000", "demo_0002"]), ((senior, again), ["demo_0001", *DICE][:3])):
        changed = replace(case, annotations=(*case.annotations, *added))
        known = replace(manifest, cases=(manifest.cases[0], changed, *manifest.cases[2:]))
        table = adjudication_queue(known, study / "demo", study, malignant=None, uncertainty={})
        assert set(table["case_id"]) == set(names) | ({"demo_0002"} if len(added) > 1 else set())


@pytest.mark.parametrize(
    ("decided", "drawn", "waits"),
    [
        ("2026-03-01T23:30:00-05:00", "2026-03-02T03:00:00+00:00", False),  # 04:30 UTC, after 03:00
        ("2026-03-02T03:00:00+00:00", "2026-03-01T23:30:00-05:00", True),
        ("2026-03-02", "2026-03-01", False),
        (None, "2026-03-01", True),
        ("2026-03-01", None, False),
    ],
)
def test_moments_are_compared_and_not_their_texts(
    manifest: Manifest, study: Path, decided: str | None, drawn: str | None, *, waits: bool
) -> None:
    case = manifest.cases[0]
    readers = tuple(replace(one, created_at=drawn) for one in case.annotations)
    senior = replace(case.annotations[1], role="adjudicated", annotator="senior", created_at=decided)
    known = replace(manifest, cases=(replace(case, annotations=(*readers, senior)), *manifest.cases[1:]))
    table = adjudication_queue(known, study / "demo", study, malignant=None, uncertainty={})
    assert (case.id in set(table["case_id"])) == waits


def test_the_digest_is_of_the_files_as_they_are(manifest: Manifest, study: Path) -> None:
    root = study / "demo"
    table = adjudication_queue(manifest, root, study, malignant=None, uncertainty={})
    table.to_csv(study / "queue.csv", index=False)
    assert read_queue(study / "queue.csv") == dict(zip(table["case_id"], table["digest"], strict=True))
    (root / manifest.cases[0].annotations[1].mask.path).write_bytes(b"changed")
    with pytest.raises(IntegrityError, match=r"demo_0000.* is not the file the manifest means"):
        adjudication_queue(manifest, root, study, malignant=None, uncertainty={})
    with pytest.raises(DataError, match="is no queue"):
        read_queue(study / "pairs.csv")


def test_a_study_of_other_cases_is_refused(manifest: Manifest, study: Path) -> None:
    other = replace(manifest, cases=manifest.cases[1:])
    with pytest.raises(DataError, match=r"is of other cases: demo_0000 is not in"):
        adjudication_queue(other, study / "demo", study, malignant=None, uncertainty={})
    with pytest.raises(DataError, match=r"pairs\.csv cannot be read as a table"):
        adjudication_queue(manifest, study / "demo", study / "nowhere", malignant=None, uncertainty={})


def test_expected_errors_by_hand() -> None:
    pred = np.array([[True, True], [False, False]])
    probability = np.array([[0.9, 0.6], [0.3, 0.0]], dtype=np.float32)
    assert expected_error(probability, pred, is_probability=True) == pytest.approx((0.1 + 0.4 + 0.3) / 2)
    assert expected_error(probability, pred, is_probability=False) == pytest.approx(1.8 / 2)
    assert expected_error(probability, ~pred & pred, is_probability=True) == 1


def test_a_prediction_folder_gives_its_uncertainty_and_failed_cases_none(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case_id,status,reason,file\na,ok,,a.png\nb,failed,broken,\nc,ok,,../c.png\n")
    with pytest.raises(DataError, match="has no uncertainty"):
        read_uncertainty(tmp_path)
    write_mask(tmp_path / "masks" / "a.png", np.array([[True, True], [False, False]]))
    write_probability(tmp_path / "probabilities" / "a.png", np.array([[1.0, 0.8], [0.2, 0.0]]))
    assert read_uncertainty(tmp_path) == {"a": pytest.approx(0.2, abs=1e-4)}
    write_probability(tmp_path / "uncertainty" / "a.png", np.array([[0.0, 0.5], [0.5, 0.5]]))
    assert read_uncertainty(tmp_path) == {"a": pytest.approx(0.75, abs=1e-4)}  # the network's own word comes first
    (tmp_path / "cases.csv").write_text("case_id,status,reason,file\na,ok,,a.png\na,ok,,b.png\n")
    with pytest.raises(DataError, match="1 ids twice, first 'a'"):
        read_uncertainty(tmp_path)
