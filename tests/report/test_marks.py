import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dermaseg_monai.errors import DataError
from dermaseg_monai.report import Panels, Predictions
from dermaseg_monai.report.marks import Marks, read_marks
from dermaseg_monai.report.palette import PROMPT_COLOUR
from tests.report.study import Study

HEADER = "case_id,prompt,x0_px,y0_px,x1_px,y1_px,points_px\n"


def prompts(study: Study, *rows: str) -> None:
    (study.predictions.parent / "prompts.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))


def of_prompt(picture: np.ndarray) -> tuple[int, int, int, int] | None:
    colour = np.array(to_rgb(PROMPT_COLOUR)) * 255
    rows, columns = np.nonzero(np.abs(picture.astype(float) - colour).max(axis=2) < 40)
    return None if rows.size == 0 else (rows.min(), rows.max(), columns.min(), columns.max())


def test_the_prompt_of_this_folder_is_read(study: Study) -> None:
    name = study.predictions.name
    prompts(study, f"a,{name},5,10,50,30,", "a,another,0,0,1,1,", f"b,{name},,,,,20 15; 30.5 20")
    assert read_marks(study.predictions) == {
        "a": Marks((5.0, 10.0, 50.0, 30.0), ()),
        "b": Marks(None, ((20.0, 15.0), (30.5, 20.0))),
    }


def test_a_box_is_drawn_on_the_photograph_where_it_lies_and_named_below(study: Study) -> None:
    prompts(study, f"b,{study.predictions.name},30,20,60,40,")
    predictions = Predictions(study.predictions, manifest=study.manifest, dataset_dir=study.root)
    drawer = Panels(("image",), column_px=300)
    marked = drawer.draw(predictions.views(predictions.row("b"), side_px=300), case_id="b", scores="")
    found = of_prompt(marked[:288])
    assert found is not None
    height, width = found[1] - found[0], found[3] - found[2]
    # a box of 30 x 20 px on 60 x 40 px: half of a column of 300 px and of its 200 px of height, in the lower right
    assert height == pytest.approx(100, abs=8)
    assert width == pytest.approx(150, abs=8)
    assert found[2] > marked.shape[1] / 2 - 10
    assert of_prompt(marked[288:]) is not None, "the legend"


def test_a_network_without_prompts_has_no_marks(study: Study) -> None:
    predictions = Predictions(study.predictions, manifest=study.manifest, dataset_dir=study.root)
    (view,) = predictions.views(predictions.row("b"), side_px=300)
    assert view.marks is None
    assert of_prompt(Panels(column_px=300).draw([view], case_id="b", scores="")) is None


@pytest.mark.parametrize("row", ["b,{name},1,2,three,4,", "b,{name},,,,,1 2 3"])
def test_a_damaged_table_is_said(study: Study, row: str) -> None:
    prompts(study, row.format(name=study.predictions.name))
    with pytest.raises(DataError, match=r"prompts\.csv cannot be read as prompts"):
        read_marks(study.predictions)
