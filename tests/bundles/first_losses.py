"""Write the first losses of a train sheet to OUT/losses.json: first_losses.py SHEET COUNT OUT VALUES (as JSON)."""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from monai.bundle import ConfigWorkflow


def first_losses(sheet: str, count: int, values: dict[str, Any]) -> list[float]:
    """Train as the sheet says for `count` iterations and return the loss of each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workflow = ConfigWorkflow(config_file=sheet, workflow_type="train", device="cpu", seed=0, **values)
    workflow.initialize()
    trainer = workflow.trainer
    losses: list[float] = []

    def note(engine: Engine) -> None:
        state: Any = engine.state
        losses.append(float(state.output["loss"]))
        if len(losses) == count:
            engine.terminate()

    trainer.add_event_handler(Events.ITERATION_COMPLETED, note)
    trainer.run()
    return losses


if __name__ == "__main__":
    sheet, count, folder, given = sys.argv[1:]
    out = Path(folder)
    out.mkdir()
    places = {"output_dir": str(out), "tracking_uri": f"sqlite:///{out}/mlflow.db"}
    (out / "losses.json").write_text(json.dumps(first_losses(sheet, int(count), {**json.loads(given), **places})))
