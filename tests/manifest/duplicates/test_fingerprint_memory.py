from pathlib import Path

import numpy as np
import pytest

from dermaseg_monai.manifest.duplicates import CROPS, WHOLE
from dermaseg_monai.manifest.duplicates.fingerprint_memory import FingerprintMemory

WORDS = np.array([1, 2, 3, 4], dtype=np.uint64)


def test_a_window_that_showed_nothing_is_remembered_as_such() -> None:
    memory = FingerprintMemory("heap")
    memory.keep("a" * 64, [WHOLE, CROPS[0]], [None, WORDS])
    memory.save()
    found = FingerprintMemory("heap").recall("a" * 64, [CROPS[0], WHOLE])
    assert found is not None
    assert found[0] is not None
    assert (found[0].tolist(), found[1]) == ([1, 2, 3, 4], None)


@pytest.mark.parametrize(("names", "windows", "words"), [(2, len(CROPS) + 1, 4), (1, 3, 4), (1, len(CROPS) + 1, 2)])
def test_a_cache_of_another_form_is_as_good_as_none(own_cache: Path, names: int, windows: int, words: int) -> None:
    memory = FingerprintMemory("heap")
    memory.keep("a" * 64, [WHOLE], [WORDS])
    memory.save()
    (path,) = own_cache.rglob("*.npz")
    np.savez(
        path,
        names=np.array(["a" * 64] * names, dtype="S64"),
        words=np.zeros((1, windows, words), np.uint64),
        states=np.full((1, windows), 2, np.uint8),
    )
    assert FingerprintMemory("heap").recall("a" * 64, [WHOLE]) is None
