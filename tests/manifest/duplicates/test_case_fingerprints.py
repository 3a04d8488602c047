import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.manifest import Case, FileRecord
from dermaseg_monai.manifest.duplicates import CROPS, WHOLE, fingerprint_cases

Draw = Callable[..., np.ndarray]
SaveCase = Callable[..., Case]


def test_fingerprints_are_numbered_by_case_and_window(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    plain = save_case("plain", np.full((30, 40, 3), 9, np.uint8))
    found, failures = fingerprint_cases([plain, save_case("a", draw(1))], tmp_path, [WHOLE, CROPS[0]])
    assert failures == {}
    assert (found.pictures.tolist(), found.windows.tolist()) == ([1, 1], [0, 1])
    assert found.whole.windows.tolist() == [0]


def test_a_file_is_looked_at_once(draw: Draw, save_case: SaveCase, tmp_path: Path) -> None:
    case = save_case("a", draw(1), suffix=".jpg")
    first, _ = fingerprint_cases([case], tmp_path, [WHOLE])
    (tmp_path / case.image.path).unlink()
    again, failures = fingerprint_cases([case], tmp_path, [WHOLE])
    assert failures == {}
    assert np.array_equal(first.words, again.words)
    _, failures = fingerprint_cases([case], tmp_path, [WHOLE, CROPS[0]])  # a window that was never taken
    assert "does not exist" in failures[0]


def test_a_changed_file_is_told_of_and_never_remembered_as_what_it_was(
    draw: Draw, save_case: SaveCase, tmp_path: Path
) -> None:
    case = save_case("a", draw(1))
    before, right = (tmp_path / case.image.path).read_bytes(), draw(1)
    save_case("a", draw(2))
    found, failures = fingerprint_cases([case], tmp_path, [WHOLE])
    assert (len(found.words), list(failures)) == (0, [0])
    assert re.search(r"a\.png has sha256 .*expected .*: it is another file now", failures[0])
    (tmp_path / case.image.path).write_bytes(before)
    found, failures = fingerprint_cases([case], tmp_path, [WHOLE])
    assert failures == {}
    same, _ = fingerprint_cases([save_case("b", right)], tmp_path, [WHOLE])
    assert np.array_equal(found.words, same.words)
    save_case("a", draw(2))  # remembered or not, it is not the picture that is there
    assert list(fingerprint_cases([case], tmp_path, [WHOLE])[1]) == [0]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", b"\x00" * 400])
def test_a_damaged_cache_is_as_good_as_none(
    draw: Draw, save_case: SaveCase, tmp_path: Path, own_cache: Path, damage: bytes
) -> None:
    case = save_case("a", draw(1))
    first, _ = fingerprint_cases([case], tmp_path, [WHOLE])
    (cache,) = own_cache.rglob("*.npz")
    cache.write_bytes(damage)
    again, failures = fingerprint_cases([case], tmp_path, [WHOLE])
    assert failures == {}
    assert np.array_equal(first.words, again.words)


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    draw: Draw, save_case: SaveCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    found, failures = fingerprint_cases([save_case("a", draw(1))], tmp_path, [WHOLE])
    assert (len(found.words), failures) == (1, {})


def test_volumes_and_cases_without_a_file_have_none(tmp_path: Path) -> None:
    cases = [
        Case(name, FileRecord(path, sha), (), "train")
        for name, path, sha in (("v", "v.nii.gz", "0" * 64), ("l", "l", ""))
    ]
    found, failures = fingerprint_cases(cases, tmp_path, [WHOLE])
    assert (len(found.words), failures) == (0, {})
