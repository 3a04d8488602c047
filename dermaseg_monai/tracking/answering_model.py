"""An MLflow model whose answers this project gives: one row in, one row out, and a text is all that a row needs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
from mlflow.models import ModelSignature, set_model
from mlflow.pyfunc import PythonModel, PythonModelContext, save_model
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

Answering: TypeAlias = Callable[[object, Mapping[str, Any]], Mapping[str, Any]]
"""Takes what stands in a row, a text or not, and the parameters of the request, and gives the row of the answer."""


class AnsweringModel(PythonModel):
    """Answers every row of a request by itself.

    Args:
        load: from the model's files (name to path) to what answers; called once, when the model is loaded.
    """

    def __init__(self, load: Callable[[Mapping[str, str]], Answering]) -> None:
        self._load = load
        self._answer: Answering | None = None

    def load_context(self, context: PythonModelContext) -> None:
        """Load the files of the model; MLflow calls it."""
        self._answer = self._load(context.artifacts)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride] (MLflow declares None)
        self,
        context: PythonModelContext,  # noqa: ARG002 (MLflow's signature)
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the answers in the order of the rows."""
        assert self._answer is not None, "MLflow calls load_context first"  # noqa: S101
        # pandas has None or NaN where a row of the request has nothing, which must not cost the other rows
        texts = [text if isinstance(text, str) else "" for text in model_input.iloc[:, 0]]
        return [dict(self._answer(text, params or {})) for text in texts]


def offer(load: Callable[[Mapping[str, str]], Answering]) -> None:
    """Say what the model is, in the file of code that a model folder holds; MLflow runs that file to load the model."""
    set_model(AnsweringModel(load))


def save_answering_model(
    folder: Path,
    *,
    code: Path,
    files: Mapping[str, Path],
    column: str,
    example: str,
    switches: Sequence[str],
    requirements: Sequence[str],
) -> None:
    """Write a model folder for `mlflow models serve`, after the model has answered the example.

    Args:
        folder: new, or empty.
        code: a file that calls `offer`; a copy of it goes into the folder.
        files: copied into the folder; `load` is given their places there by name.
        column: name of the one text of a row.
        example: such a text; it goes into the folder as a request to try the server with.
        switches: names of parameters of a request, false unless a request says otherwise.
        requirements: packages with versions, as pip reads them.
    """
    save_model(
        folder,
        python_model=str(code),
        artifacts={name: str(file) for name, file in files.items()},
        signature=ModelSignature(
            inputs=Schema([ColSpec("string", column)]),
            params=ParamSchema([ParamSpec(name, "boolean", default=False) for name in switches]),
        ),
        input_example=pd.DataFrame({column: [example]}),
        pip_requirements=list(requirements),
    )
