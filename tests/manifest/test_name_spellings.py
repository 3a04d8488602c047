from collections.abc import Callable

from dermaseg_monai.manifest import Case, LikeNames, Manifest, find_leaks, like_names


def test_capitals_and_leading_zeros_are_asked_about_and_join_nothing(make_case: Callable[..., Case]) -> None:
    cases = (
        make_case("a", lesion_id="L010", patient_id="ann"),
        make_case("b", "test", lesion_id="L10", patient_id="Ann"),
        make_case("c", "test", lesion_id="L100", patient_id="ANN"),
        make_case("d", "excluded", lesion_id="1.5", patient_id="Bob"),
        make_case("e", lesion_id="1.05"),
    )
    manifest = Manifest("set", "1", None, cases)
    found = like_names([manifest])
    assert found == [LikeNames("lesion", 2, "L010", "L10"), LikeNames("patient", 3, "ANN", "Ann")]
    assert str(found[0]) == (
        "2 names of lesions differ only by capitals or leading zeros, first 'L010' and 'L10'. They count as different: "
        "if they are one lesion, spell them alike in the table."
    )
    assert find_leaks(manifest) == []


def test_names_of_two_sets_are_compared_but_for_groups(make_case: Callable[..., Case]) -> None:
    one = Manifest("one", "1", None, (make_case("a", patient_id="p1", attributes={"group": "g"}),))
    other = Manifest("other", "1", None, (make_case("b", patient_id="P1", attributes={"group": "G"}),))
    assert like_names([one, other]) == [LikeNames("patient", 2, "P1", "p1")]
    same = Manifest("one", "1", None, other.cases)
    assert [found.kind for found in like_names([one, same])] == ["patient", "group"]
