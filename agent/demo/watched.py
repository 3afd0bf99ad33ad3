"""The configuration by which the daemon watches the model: its logs, and what is wrong with it.

`outrider logs explain model.log` writes the format; the site is what it cannot know of.
"""

from __future__ import annotations

import json

from agent.demo.stage import Stage

FORMAT = """
[[format]]
name = "demo"
kind = "json"
attributes = ["site"]

[format.fields]
time = "time"
request = "request_id"
model = "model"
version = "version"
status = "status"
latency = "latency_ms in ms"
queue = "queue_ms in ms"
preprocess = "preprocess_ms in ms"
inference = "inference_ms in ms"
batch_size = "batch_size"
prediction = "prediction"
confidence = "confidence"
exception = "exception"
message = "message"
"feature.sepal_length" = "features.sepal_length"
"feature.sepal_width" = "features.sepal_width"
"feature.petal_length" = "features.petal_length"
"feature.petal_width" = "features.petal_width"

[[format]]
name = "demo-labels"
kind = "json"

[format.fields]
time = "time"
request = "request_id"
label = "label"
"""

MODEL = """
[[model]]
name = "iris"
logs = ["model", "labels"]
process = "iris server"
baseline = BASELINE
drift_window = "20s"

[model.samples]
enabled = true

[[collectors.processes.watch]]
name = "iris server"
match = "*agent.demo.server --port PORT *"
"""

ALERTS = """
[[alert]]
name = "model-slow"
when = "p99(model.request.duration{site='greenhouse-*'}) > 250ms for 10s"
summary = "A greenhouse waits for its answers"
runbook = "Who sends so much? Look at model.batch.size by site"

[[alert]]
name = "model-fails"
when = "share(model.errors{log.name='model'}, model.requests{log.name='model'}) > 5% for 10s"
severity = "critical"
summary = "More than one request in twenty fails"
runbook = "Which errors? Ask `outrider errors`, or look at model.errors.template"

[[alert]]
name = "model-drifts"
when = "model.drift{feature='petal_*'} > 1"
summary = "Petals are not what the model was made for"
runbook = "Ask `outrider explain-drift petal_length`"

[[alert]]
name = "model-wrong"
when = "share(model.pairs{result='wrong'}, model.pairs) > 15% for 20s"
severity = "critical"
summary = "More than one answer in seven is wrong"
runbook = "Where? The page of the model has quality by site"
"""


def settings(stage: Stage) -> str:
    """In TOML."""
    logs = "".join(
        f'\n[[logs]]\nname = "{name}"\npaths = [{json.dumps(str(path))}]\nformat = "{form}"\nfrom = "start"\n'
        for name, path, form in (
            ("model", stage.model, "demo"),
            ("access", stage.access, "uvicorn"),
            ("labels", stage.labels, "demo-labels"),
        )
    )
    model = MODEL.replace("BASELINE", json.dumps(str(stage.baseline))).replace("PORT", str(stage.port))
    return FORMAT + logs + model + ALERTS
