from dermaseg_monai.errors import choose_one, did_you_mean


def test_the_nearest_name_is_offered_and_only_a_near_one() -> None:
    assert did_you_mean("unett", ["unet", "segresnet"], otherwise="See the list.") == "Did you mean unet?"
    assert did_you_mean("xyz", ["unet", "segresnet"], otherwise="See the list.") == "See the list."
    assert did_you_mean(7, ["unet"], otherwise="See the list.") == "See the list."


def test_a_short_list_is_shown_whole() -> None:
    assert choose_one("unett", iter(["unet", "segresnet"])) == "Did you mean unet? Choose one of unet, segresnet."
    assert choose_one("xyz", ["unet", "segresnet"]) == "Choose one of unet, segresnet."
