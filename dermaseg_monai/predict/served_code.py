"""The code of a served network: MLflow runs a copy of this file, out of the model's folder, to load the model."""

from collections.abc import Mapping
from typing import Any

from dermaseg_monai.predict.answer import Answer, answer
from dermaseg_monai.predict.segmenter import Segmenter
from dermaseg_monai.tracking.answering_model import Answering, offer


def _load(files: Mapping[str, str]) -> Answering:
    segmenter = Segmenter.load(files["weights"], config_file=files["sheet"])

    def reply(encoded: object, wanted: Mapping[str, Any]) -> Answer:
        return answer(segmenter, encoded, maps=bool(wanted.get("maps")))

    return reply


offer(_load)
