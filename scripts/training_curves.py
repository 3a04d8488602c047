"""The curves of finished trainings, side by side: a table and a picture from what MLflow holds.

python scripts/training_curves.py OUT NAME=RUN_ID [NAME=RUN_ID ...] [--tracking-uri sqlite:///mlflow.db]
Writes OUT/curves.csv (a row per run and epoch) and OUT/curves.png (loss, Dice and accuracy; training dashed).
"""

import argparse
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from mlflow.tracking import MlflowClient

from dermaseg_monai.files import replacing

SCORES = ("loss", "dice", "accuracy")
PARTS = ("train", "val")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def curves_of(client: MlflowClient, name: str, run_id: str) -> pd.DataFrame:
    """Return a row per epoch of a run, a column per curve."""
    columns = {
        f"{part}_{score}": {point.step: point.value for point in client.get_metric_history(run_id, f"{part}_{score}")}
        for score in SCORES
        for part in PARTS
    }
    table = pd.DataFrame({key: pd.Series(values, dtype=float) for key, values in columns.items() if values})
    return table.rename_axis("epoch").reset_index().assign(run=name)


def draw(curves: pd.DataFrame, path: Path) -> None:
    """Draw one panel per score, one colour per run."""
    figure = Figure(figsize=(11, 3.6), dpi=120, layout="constrained")
    for axis, score in zip(figure.subplots(1, len(SCORES)), SCORES, strict=True):
        for colour, (name, table) in zip(COLOURS, curves.groupby("run", sort=False), strict=False):
            for part, style in zip(PARTS, ("--", "-"), strict=True):
                if f"{part}_{score}" in table:
                    label = f"{name}, {'training' if part == 'train' else 'validation'}"
                    axis.plot(table["epoch"], table[f"{part}_{score}"], style, color=colour, label=label)
        axis.set_title("Dice" if score == "dice" else score)
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")


def main() -> None:
    """Read the runs, write table and picture."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("out", type=Path)
    words.add_argument("runs", nargs="+", metavar="NAME=RUN_ID")
    words.add_argument("--tracking-uri", default="sqlite:///mlflow.db")
    given = words.parse_args()
    client = MlflowClient(given.tracking_uri)
    tables = [curves_of(client, *run.split("=", 1)) for run in given.runs]
    columns = ["run", "epoch", *(f"{part}_{score}" for score in SCORES for part in PARTS)]
    curves = pd.concat(tables).reindex(columns=columns)
    with replacing(given.out / "curves.csv") as temporary:
        curves.to_csv(temporary, index=False, float_format="%.6g")
    draw(curves, given.out / "curves.png")


if __name__ == "__main__":
    main()
