from dermaseg_monai.report.line_styles import line_styles


def test_the_first_is_solid_and_a_colour_that_comes_again_is_dotted() -> None:
    assert line_styles(["green", "violet", "green"], later="dashed") == ["solid", "dashed", "dotted"]
    assert line_styles(["green", "violet", "violet"], later="solid") == ["solid", "solid", "dotted"]
