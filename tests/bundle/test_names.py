"""What a sheet names as `_target_` is found in every Python."""

import importlib
import pkgutil

import pytest

import dermaseg_monai

ROOMS = sorted(
    found.name
    for found in pkgutil.walk_packages(dermaseg_monai.__path__, "dermaseg_monai.")
    if found.ispkg and not found.name.startswith("dermaseg_monai.cli")
)


@pytest.mark.parametrize("name", ROOMS)
def test_no_room_exports_a_name_that_one_of_its_files_has(name: str) -> None:
    # MONAI finds a component by pydoc.locate, which from Python 3.12 on takes the file before the name in its room
    room = importlib.import_module(name)
    files = {found.name for found in pkgutil.iter_modules(room.__path__)}
    assert not files & set(room.__all__)
