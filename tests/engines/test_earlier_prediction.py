import json
from pathlib import Path
from typing import Any

import pytest

from dermaseg_monai.engines.earlier_prediction import require_replaceable
from dermaseg_monai.errors import ConfigError
from dermaseg_monai.files import sha256_of
from dermaseg_monai.manifest import Case, FileRecord, Manifest


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "one.safetensors"
    path.write_bytes(b"one")
    return path


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    Manifest("one", "1", None, (Case("a", FileRecord("a.jpg", "a" * 64), (), "test"),)).save(tmp_path / "one.json")
    return tmp_path / "one.json"


@pytest.fixture
def folder(tmp_path: Path, weights: Path, manifest: Path) -> Path:
    """What `weights` predicted of the cases a and b of `manifest`."""
    out = tmp_path / "out"
    (out / "masks").mkdir(parents=True)
    for name in ("a.png", "b.png", ".writing-c.png"):  # the last was left when a program was killed
        (out / "masks" / name).touch()
    file = {"path": str(weights), "sha256": sha256_of(weights)}
    write(out, weights=file, manifest={"name": "one", "digest": Manifest.load(manifest).digest})
    return out


def write(folder: Path, **run: Any) -> None:  # noqa: ANN401
    (folder / "run.json").write_text(json.dumps(run))


def test_the_same_prediction_may_be_made_again(folder: Path, weights: Path, manifest: Path, tmp_path: Path) -> None:
    require_replaceable(folder, case_ids=["a", "b"], weights=weights, manifest=manifest)
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(weights.read_bytes())
    require_replaceable(folder, case_ids=["a", "b", "new"], weights=str(copy), manifest=str(manifest))


def test_weights_that_were_trained_on_replace_their_own_prediction(folder: Path, weights: Path) -> None:
    weights.write_bytes(b"two epochs later")
    require_replaceable(folder, case_ids=["a", "b"], weights=weights)


def test_the_prediction_beside_the_weights_is_theirs_also_after_the_run_was_moved(tmp_path: Path) -> None:
    (tmp_path / "moved" / "evaluate_test").mkdir(parents=True)
    weights = tmp_path / "moved" / "model.safetensors"
    weights.write_bytes(b"two epochs later")
    write(tmp_path / "moved" / "evaluate_test", weights={"path": "/old/run/model.safetensors", "sha256": "0" * 64})
    require_replaceable(tmp_path / "moved" / "evaluate_test", case_ids=["a"], weights=weights)
    other = tmp_path / "moved" / "other.safetensors"
    other.write_bytes(b"other")
    with pytest.raises(ConfigError, match="holds the prediction of weights"):
        require_replaceable(tmp_path / "moved" / "evaluate_test", case_ids=["a"], weights=other)


def test_weights_of_the_same_name_from_another_run_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "run" / "evaluate_test").mkdir(parents=True)
    write(tmp_path / "run" / "evaluate_test", weights={"path": "/old/run/model.safetensors", "sha256": "0" * 64})
    other = tmp_path / "model.safetensors"
    other.write_bytes(b"other")
    with pytest.raises(ConfigError, match="holds the prediction of weights"):
        require_replaceable(tmp_path / "run" / "evaluate_test", case_ids=["a"], weights=other)


def test_files_that_are_no_masks_and_other_spellings_of_a_name_are_no_other_cases(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    for name in ("Thumbs.db", "scho\u0308n.png"):  # macOS writes an umlaut as two characters
        (tmp_path / "masks" / name).touch()
    require_replaceable(tmp_path, case_ids=["sch\u00f6n"])


def test_the_prediction_of_other_weights_is_kept_and_both_are_named(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "two.safetensors"
    other.write_bytes(b"two")
    with pytest.raises(
        ConfigError,
        match=r"out holds the prediction of weights .*one\.safetensors \(sha256 7692c3ad\); this one is of weights "
        r".*two\.safetensors \(sha256 3fc4ccfe\)\. Give another folder \(--output_dir, --out\), or remove this one\.",
    ):
        require_replaceable(folder, case_ids=["a", "b"], weights=other)


def test_the_prediction_of_another_manifest_is_kept_and_both_are_named(
    folder: Path, weights: Path, tmp_path: Path
) -> None:
    Manifest("two", "1", None, (Case("a", FileRecord("a.jpg", "b" * 64), (), "test"),)).save(tmp_path / "two.json")
    with pytest.raises(
        ConfigError, match=r"of manifest one \(digest \w{8}\); this .*two\.json \(two, digest \w{8}\)\."
    ):
        require_replaceable(folder, case_ids=["a", "b"], weights=weights, manifest=tmp_path / "two.json")


def test_masks_of_cases_that_are_not_predicted_now_are_not_mixed_with_others(folder: Path, weights: Path) -> None:
    with pytest.raises(ConfigError, match=r"masks of 1 cases that are not predicted now, first a\.png\. Give another"):
        require_replaceable(folder, case_ids=["b", "c"], weights=weights)


def test_where_the_cases_are_not_known_their_masks_are_not_judged(folder: Path, weights: Path) -> None:
    require_replaceable(folder, case_ids=[], weights=weights)


def test_a_case_with_an_unsafe_name_and_a_volume_are_known_again(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "_b-7e5fd0ee.png").touch()
    (tmp_path / "masks" / "v.nii.gz").touch()
    with pytest.raises(ConfigError, match=r"of 1 cases .*first _b-7e5fd0ee\.png"):
        require_replaceable(tmp_path, case_ids=["v"])


def test_a_mean_and_a_network_do_not_replace_each_other(folder: Path, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"of weights .*; this one is of the mean of x, y\."):
        require_replaceable(folder, case_ids=["a", "b"], members=[Path("x"), Path("y")])
    mean = tmp_path / "mean"
    mean.mkdir()
    write(mean, weights=None, about={"members": [{"folder": "x"}, {"folder": "y"}]})
    with pytest.raises(ConfigError, match=r"of the mean of x, y; this one is of weights"):
        require_replaceable(mean, case_ids=["a"], weights=weights)
    with pytest.raises(ConfigError, match=r"of the mean of x, y; this one is of the mean of x, z"):
        require_replaceable(mean, case_ids=["a"], members=[Path("x"), Path("z")])
    require_replaceable(mean, case_ids=["a"], members=[Path("y"), Path("x")])


@pytest.mark.parametrize("text", ["{", "[]", '{"weights": 3, "about": [], "manifest": {"digest": null}}'])
def test_a_run_record_that_says_nothing_stands_in_no_ones_way(
    folder: Path, weights: Path, manifest: Path, text: str
) -> None:
    (folder / "run.json").write_text(text)
    require_replaceable(folder, case_ids=["a", "b"], weights=weights, manifest=manifest)


def test_an_empty_or_absent_folder_takes_everything(tmp_path: Path, weights: Path, manifest: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path / "empty"):
        require_replaceable(place, case_ids=["a"], weights=weights, manifest=manifest)
        (tmp_path / "empty").mkdir(exist_ok=True)
