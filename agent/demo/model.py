"""The model: the logistic regression of irises that onnxruntime ships as an example, run by onnxruntime.

Its file declares an input of [3, 2], but its weights are of 3 species by 4 features, and on two features it
calls everything setosa. It is loaded with [1, 4] in that place: one flower at a time, right for 142 of 150.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agent.demo.iris import FEATURES, SPECIES

# Read when onnxruntime is loaded: it would report to its maker, and keep files below the user's ~/.cache.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
from onnxruntime.datasets import get_example

__all__ = ["InvalidArgument", "Model", "Prediction"]

# A TypeProto's tensor type: element type and shape.
_INPUT = (b"\x08\x01\x12\x08\n\x02\x08\x03\n\x02\x08\x02", b"\x08\x01\x12\x08\n\x02\x08\x01\n\x02\x08\x04")
_LABEL = (b"\x08\x07\x12\x04\n\x02\x08\x03", b"\x08\x07\x12\x04\n\x02\x08\x01")


class Prediction(NamedTuple):
    """What the model says of one flower.

    Args:
        species: the most probable one.
        confidence: its probability.
        probabilities: by species; their sum is 1.
    """

    species: str
    confidence: float
    probabilities: dict[str, float]


class Model:
    """The model, ready to run on one thread.

    Raises:
        ValueError: the file of this onnxruntime is another one.
    """

    name = "iris"
    version = "1"

    def __init__(self) -> None:
        content = mended(Path(get_example("logreg_iris.onnx")).read_bytes())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._run = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"]).run

    def predict(self, features: Mapping[str, float]) -> Prediction:
        """What the features say, in cm.

        Raises:
            ValueError: one is not finite.
            InvalidArgument: one is missing.
        """
        row = np.array([[features[name] for name in FEATURES if name in features]], np.float32)
        if not np.isfinite(row).all():
            raise ValueError(f"input is not finite: {', '.join(_not_finite(features))}")
        labels, (by_number,) = self._run(None, {"float_input": row})
        probabilities = {SPECIES[number]: float(share) for number, share in by_number.items()}
        species = SPECIES[int(labels[0])]
        return Prediction(species, probabilities[species], probabilities)


def mended(content: bytes) -> bytes:
    """The file with the shapes that its weights have.

    Raises:
        ValueError: it has not the shapes to be mended.
    """
    for declared, meant in (_INPUT, _LABEL):
        if content.count(declared) != 1:
            raise ValueError("logreg_iris.onnx of this onnxruntime is not the file that the demo knows")
        content = content.replace(declared, meant)
    return content


def _not_finite(features: Mapping[str, float]) -> list[str]:
    return [name for name in FEATURES if name in features and not np.isfinite(features[name])]
