"""A wheel holds every file of every bundle."""

from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARE = "share/dermaseg_monai/"


def listed() -> dict[str, str]:
    """Return the files that setup.cfg ships: path in the checkout to path below `share/dermaseg_monai`."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    found: dict[str, str] = {}
    for target, patterns in config["options.data_files"].items():
        for pattern in patterns.split():
            for path in ROOT.glob(pattern):
                assert path.is_file(), f"{path} is a folder: setuptools ships files alone"
                found[path.relative_to(ROOT).as_posix()] = f"{target.removeprefix(SHARE)}/{path.name}"
    return found


def test_every_file_of_every_bundle_is_shipped_where_the_checkout_has_it() -> None:
    shipped = listed()
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "bundles").rglob("*") if path.is_file()]
    assert files
    assert {name: shipped.get(name) for name in files} == {name: name for name in files}
