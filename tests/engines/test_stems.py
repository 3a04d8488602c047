from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermaseg_monai.engines.stems import file_stem


@pytest.mark.parametrize("case_id", ["ISIC_0012345", "IMD002", "Läsion-3.1"])
def test_a_harmless_id_is_its_own_name(case_id: str) -> None:
    assert file_stem(case_id) == case_id


@pytest.mark.parametrize("case_id", ["../../etc/passwd", "..", "", "a/b", "C:\\x", ".hidden", "a\0b", "x" * 300])
def test_other_ids_become_names_in_their_folder(case_id: str) -> None:
    stem = file_stem(case_id)
    assert Path(stem).name == stem
    assert not stem.startswith(".")
    assert len(stem.encode()) <= 129


def test_two_ids_never_share_a_name() -> None:
    assert len({file_stem(case_id) for case_id in ("a/b", "a_b", "a\\b", "a:b")}) == 4


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_names_differ_where_ids_differ(one: str, other: str) -> None:
    assert (file_stem(one) == file_stem(other)) is (one == other)
