"""The baseline of the demo's model, a program of its own: what it was made for, and what it says of that.

Fisher's 150 flowers, with the model's own answers, as `outrider baseline` would read them from a file.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from agent.demo.iris import flowers
from agent.demo.model import Model
from agent.stats.baseline import Baseline, encoded
from agent.tables.choice import Choice
from agent.tables.making import made
from agent.tables.source import Source


def reference(model: Model, now: float) -> Baseline:
    """Features, predictions and confidences of all flowers; `now` is s since 1970."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as rows:
        for flower in flowers():
            said = model.predict(flower.features)
            row = {"features": flower.features, "prediction": said.species}
            rows.write(json.dumps({**row, "confidence": round(said.confidence, 4)}) + "\n")
        rows.flush()
        return made([Source(Path(rows.name))], Choice(), (model.name, model.version), now).baseline


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(prog="python -m agent.demo.reference", description=__doc__)
    parser.add_argument("file", type=Path)
    args = parser.parse_args()
    args.file.write_bytes(encoded(reference(Model(), time.time())))


if __name__ == "__main__":
    main()
