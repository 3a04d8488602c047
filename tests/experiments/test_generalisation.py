import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from dermaseg_monai.experiments import Job, Outcome, generalisation_overlap, generalisation_words
from dermaseg_monai.experiments.generalisation import Generalisation, plan_table
from dermaseg_monai.experiments.generalisation_matrix import Bounded, Gap
from dermaseg_monai.files import write_json
from dermaseg_monai.tracking.delivery import connect
from tests.experiments.small_matrix import finish, make_network, two_sets


class Hands:
    """An executor that fills folders by hand; the names in `failing` fail."""

    def __init__(self, matrix: Generalisation, failing: Sequence[str] = ()) -> None:
        self.matrix, self.failing = matrix, failing
        self.asked: list[str] = []

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        for job in jobs:
            self.asked.append(job.name)
            ok = job.name not in self.failing
            if ok:
                (network,) = [one for one in self.matrix.networks if one.run.name == job.name]
                finish(network, self.matrix.sets)
                (job.folder / "failed.json").unlink(missing_ok=True)
            else:
                write_json(job.folder / "failed.json", {"name": job.name, "error": "train: No disk."})
            yield Outcome(job.name, ok=ok, seconds=1.0, error=None if ok else "train: No disk.")


@pytest.fixture(autouse=True)
def quiet_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    monkeypatch.setattr(generalisation_overlap, "find_near_leaks", lambda _: ([], {}))  # these sets have no pictures


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One store for all tests: its tables take seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture
def matrix(tmp_path: Path, uri: str) -> Generalisation:
    sets = two_sets(tmp_path)
    networks = [make_network(own, sets, tmp_path / "runs", uri) for own in sets]
    values = {"tracking_uri": uri}
    return Generalisation("a-b", sets, networks, "test", values, tmp_path / "runs", tmp_path / "results", 1)


def run(matrix: Generalisation, hands: Hands, *, retry_failed: bool = False) -> tuple[bool, str]:
    out = io.StringIO()
    return matrix.run(hands, retry_failed=retry_failed, console=Console(file=out, width=200)), out.getvalue()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_all_pairs_are_scored_once_and_written(matrix: Generalisation, uri: str) -> None:
    hands = Hands(matrix)
    whole, said = run(matrix, hands)
    assert whole
    assert hands.asked == ["a", "b"]
    assert "leak-free" in said
    cells = {(row["trained_on"], row["tested_on"], row["cases"]): row for row in rows_of(matrix.results / "matrix.csv")}
    assert len(cells) == 8
    assert float(cells["a", "b", "all"]["dice"]) == pytest.approx(0.6)
    assert float(cells["a", "b", "leak-free"]["dice"]) == pytest.approx(0.575)
    assert cells["a", "b", "leak-free"]["left_out"] == "1"
    gaps = rows_of(matrix.results / "gaps.csv")
    assert {row["images"] for row in gaps} == {"the same", "of each set"}
    assert float(gaps[0]["jaccard"]) == pytest.approx(0.3)
    assert {row["n_groups"] for row in gaps} == {"2", "3"}
    assert rows_of(matrix.results / "overlap.csv") == [
        {"trained_on": "a", "tested_on": "b", "case_id": "b3", "shares": "lesion"}
    ]
    client = connect(uri)
    (noted,) = client.search_runs([client.get_experiment_by_name("generalisation").experiment_id])
    assert noted.info.status == "FINISHED"
    assert noted.data.tags["mlflow.source.name"] == "dermaseg generalise"
    assert noted.data.metrics["a on b/leak_free/dice"] == pytest.approx(0.575)
    assert {found.path for found in client.list_artifacts(noted.info.run_id)} == {"sets.txt", "summary"}

    again = Hands(matrix)
    assert run(matrix, again)[0]
    assert again.asked == []


def test_the_summary_says_what_was_left_out_and_what_differs(matrix: Generalisation) -> None:
    run(matrix, Hands(matrix))
    summary = (matrix.results / "summary.md").read_text(encoding="utf-8")
    said = "On 2 test images of b (shared cases left out), the network trained on a reaches a Dice 0.300 lower"
    assert said in summary
    assert "than the one trained on b (difference +0.300 [+0.300, +0.300]), too few lesions to say" in summary
    assert "| a | b | leak-free | 2 | 2 | +0.300 [+0.300, +0.300] |" in summary
    assert "Fewer than 10 groups (2): the interval is too narrow." in summary
    assert "| a | b | 3 | 1 | 0 | 0 | 1 | 0 | 0 | 0 |" in summary
    assert "Who or what drew the references of a and b is not stated" in summary
    assert "Not a medical device" in summary
    found = json.loads((matrix.results / "summary.json").read_text(encoding="utf-8"))
    assert (found["split"], found["draws"], found["missing"]) == ("test", 2000, [])
    assert found["sets"][0]["lesion_share"] == [0.05, 0.05, 0.05]  # 10 of 200 px
    page = (matrix.results / "index.html").read_text(encoding="utf-8")
    assert "all 3: 0.600" in page
    assert "Fewer than 10 groups (2)" in page
    assert (matrix.results / "matrix.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("n_groups", "low", "words"),
    [
        (1, None, r"too few lesions to say whether that is chance \(1; it takes 10\)"),
        (9, 0.1, r"too few lesions to say whether that is chance \(9; it takes 10\)"),
        (10, 0.1, "so that training elsewhere costs"),
        (10, -0.1, "which is not told apart from none"),
    ],
)
def test_a_verdict_takes_ten_groups(n_groups: int, low: float | None, words: str) -> None:
    bounded = Bounded(0.2, low, None if low is None else 0.3)
    gap = Gap("a", "b", same_images=True, leak_free=True, n=20, n_groups=n_groups, differences={"dice": bounded})
    assert re.fullmatch(words, generalisation_words._verdict(gap))


def test_a_training_that_fails_leaves_its_row_empty_and_is_retried(matrix: Generalisation) -> None:
    whole, said = run(matrix, Hands(matrix, failing=["b"]))
    assert not whole
    assert "failed: b: train: No disk." in said
    summary = (matrix.results / "summary.md").read_text(encoding="utf-8")
    assert "- trained on b, tested on a: failed: train: No disk." in summary
    assert "| b | a | not scored |" in summary
    left = Hands(matrix)
    assert not run(matrix, left)[0]
    assert left.asked == []
    retried = Hands(matrix)
    assert run(matrix, retried, retry_failed=True)[0]
    assert retried.asked == ["b"]


def test_where_nothing_was_scored_the_summary_says_why(matrix: Generalisation) -> None:
    assert not run(matrix, Hands(matrix, failing=["a", "b"]))[0]
    summary = (matrix.results / "summary.md").read_text(encoding="utf-8")
    assert summary.count("failed: train: No disk.") == 4
    assert "## Gap" not in summary


def test_a_matrix_without_any_score_does_not_replace_one_that_was_scored(matrix: Generalisation) -> None:
    matrix.results.mkdir(parents=True)
    (matrix.results / "summary.md").write_text("scores")
    assert not run(matrix, Hands(matrix, failing=["a", "b"]))[0]
    assert (matrix.results / "summary.md").read_text() == "scores"


def test_the_plan_says_what_is_done(matrix: Generalisation) -> None:
    finish(matrix.networks[0], matrix.sets)
    lines = plan_table(matrix.networks).plain().splitlines()
    assert lines[1].split()[:3] == ["a", "unet", "done"]
    assert lines[2].endswith("a: to do, b: to do")
    assert lines[-1] == "2 networks, 4 tests."
