import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dermaseg_monai.errors import DataError
from dermaseg_monai.exchange import decode_brush, encode_brush


@given(arrays.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_what_goes_out_comes_back(mask: np.ndarray) -> None:
    assert (decode_brush(encode_brush(mask), shape=mask.shape) == mask).all()


def test_the_bits_of_two_pixels() -> None:
    # 8 values; words of 8 bits; counts of 3, 4, 8 and 16 bits; then 4 times 255 and 4 times 0
    bits = f"{8:032b}" + f"{7:05b}" + "0010001101111111"
    bits += "10001111111111" + "10001100000000"
    expected = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    assert bytes(encode_brush(np.array([[True, False]]))) == expected


def test_a_tall_mask_is_never_taken_for_a_wide_one() -> None:
    mask = np.zeros((5, 9), dtype=bool)
    mask[1, 2:8] = True  # one row, six columns
    mask[4, 0] = True
    back = decode_brush(encode_brush(mask), shape=(5, 9))
    assert np.argwhere(back).tolist() == [[1, 2], [1, 3], [1, 4], [1, 5], [1, 6], [1, 7], [4, 0]]
    assert not (decode_brush(encode_brush(mask), shape=(9, 5)) == mask.T).all()


def test_runs_longer_than_the_longest_count() -> None:
    mask = np.zeros((200, 300), dtype=bool)
    mask[100:] = True  # 120,000 values each, of at most 65,536 in one chunk
    assert (decode_brush(encode_brush(mask), shape=(200, 300)) == mask).all()


def test_values_as_they_are_between_repeated_ones_and_soft_edges() -> None:
    # 4 pixels: alpha 0, 127, 128, 255; sent without repetition, after one odd bit of padding by a short chunk
    values = [9, 9, 9, 0, 9, 9, 9, 127, 9, 9, 9, 128, 9, 9, 9, 255]
    bits = f"{16:032b}" + f"{7:05b}" + "0010001101111111"
    bits += "100010" + f"{9:08b}" + "0011100" + "".join(f"{value:08b}" for value in values[3:])
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    assert decode_brush(list(data), shape=(2, 2)).tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize(
    ("rle", "said"),
    [
        ([], "ends after 0 bytes"),
        (encode_brush(np.eye(4, dtype=bool))[:9], "ends after 9 bytes"),
        (encode_brush(np.eye(5, dtype=bool)), r"holds 100 values, but 4 x 4 px \(height x width\) need 64"),
        ([300], "list of bytes"),
        ([0, 0, 0, 64, 0b01111000, 0, 0, 0], "values of 16 bits"),
    ],
)
def test_damaged_bytes_are_one_line(rle: list[int], said: str) -> None:
    with pytest.raises(DataError, match=said):
        decode_brush(rle, shape=(4, 4))
