from dermaseg_monai.cli.comma_list import comma_list


def test_words_between_commas() -> None:
    assert comma_list(" age, sex,, site ,") == ["age", "sex", "site"]
    assert comma_list(",") == []
    assert comma_list(None) == []
