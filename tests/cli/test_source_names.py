import pytest

from dermaseg_monai.cli.source_names import told_apart


@pytest.mark.parametrize(
    ("names", "sources", "told"),
    [
        (["one", "two"], ["/d/m.json", "/e/m.json"], ["one", "two"]),
        (["isic", "isic"], ["/d/train.json", "/d/test.json"], ["train", "test"]),
        (["isic", "isic"], ["/d/m.json", "/e/m.json"], ["d_m", "e_m"]),
        (["isic", "isic"], ["/d/x/m.json", "/e/x/m.json"], ["x_m", "x_m_2"]),
        (["train", "isic", "isic"], ["/d/m.json", "/d/train.json", "/d/test.json"], ["m", "d_train", "test"]),
        (["a b", "A_b"], ["/d/one.csv.gz", "/d/two.csv"], ["one", "two"]),
        (["kept", "free"], ["/d/one.csv", "/d/two.csv"], ["one", "free"]),
    ],
)
def test_no_two_sources_get_one_name(names: list[str], sources: list[str], told: list[str]) -> None:
    assert told_apart(names, sources, taken=["Kept"]) == told
