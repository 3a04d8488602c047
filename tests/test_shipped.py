from configparser import ConfigParser
from pathlib import Path, PurePosixPath

import pytest

import dermaseg_monai
from dermaseg_monai import shipped
from dermaseg_monai.shipped import shipped_files

ROOT = Path(__file__).resolve().parents[1]


class Installed:
    """A distribution as importlib.metadata describes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = [
            PurePosixPath(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file()
        ]

    def locate_file(self, path: PurePosixPath) -> Path:
        return self.folder / path


def test_every_file_of_data_manifests_goes_into_the_wheel() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    found: dict[Path, str] = {}
    for target, patterns in config["options.data_files"].items():
        found |= {path: target for pattern in patterns.split() for path in ROOT.glob(pattern)}
    files = [path for path in (ROOT / "data_manifests").rglob("*") if path.is_file()]
    assert files
    expected = {path: f"share/dermaseg_monai/{path.parent.relative_to(ROOT).as_posix()}" for path in files}
    assert {path: found.get(path) for path in files} == expected


def test_an_installed_copy_finds_its_lists_by_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, lists = tmp_path / "lib" / "dermaseg_monai", tmp_path / "share" / "dermaseg_monai" / "data_manifests"
    for path in (package / "__init__.py", lists / "splits" / "a.csv.gz", lists / "scopes" / "b.yaml"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr(dermaseg_monai, "__file__", str(package / "__init__.py"))
    monkeypatch.setattr(shipped, "distribution", lambda _name: Installed(tmp_path))
    assert shipped_files("data_manifests/splits", ".csv.gz") == {"a": lists / "splits" / "a.csv.gz"}
    assert shipped_files("data_manifests/scopes", ".yaml") == {"b": lists / "scopes" / "b.yaml"}
