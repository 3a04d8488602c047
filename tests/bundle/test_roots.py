from pathlib import Path

import pytest

from dermaseg_monai.bundle import roots
from dermaseg_monai.errors import ConfigError


def make_bundle(folder: Path) -> Path:
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "metadata.json").write_text("{}")
    return folder


@pytest.mark.parametrize("here", ["bundles/mine", ".", "elsewhere"])
def test_a_bundle_is_found_from_its_folder_from_the_root_and_by_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    bundle = make_bundle(tmp_path / "bundles" / "mine")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / here)
    if here == "elsewhere":
        monkeypatch.setenv("DERMASEG_BUNDLES", str(tmp_path / "bundles"))
    assert roots.bundle_root("mine") == str(bundle)


def test_the_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_bundle(tmp_path / "bundles" / "mine")
    other = make_bundle(tmp_path / "other" / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DERMASEG_BUNDLES", str(tmp_path / "other"))
    assert roots.bundle_root("mine") == str(other)


def test_a_bundle_that_is_nearly_there_is_offered() -> None:
    with pytest.raises(ConfigError, match=r"No bundle named 'ba_deeeplab'.* Did you mean ba_deeplab\?"):
        roots.bundle_root("ba_deeeplab")


def test_a_bundle_that_is_nowhere_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"No bundle named 'none'.*DERMASEG_BUNDLES"):
        roots.bundle_root("none")


def test_the_shipped_bundle_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(roots.bundle_root("ba_deeplab"), "configs", "metadata.json").is_file()


def test_a_project_in_a_folder_that_no_address_can_hold_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "project_root", lambda: tmp_path / "what?")
    with pytest.raises(ConfigError, match=r"MLflow would cut .*what\?/mlflow\.db at the question mark.*--tracking_uri"):
        roots.tracking_uri()
