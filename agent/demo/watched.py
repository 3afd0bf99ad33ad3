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
model = "model"
version = "version"
status = "status"
latency = "latency_ms in ms"
queue = "queue_ms in ms"
preprocess = "preprocess_ms in ms"
inference = "inference_ms in ms"
batch_size = "batch_size"
confidence = "confidence"
exception = "exception"
message = "message"
"feature.sepal_length" = "features.sepal_length"
"feature.sepal_width" = "features.sepal_width"
"feature.petal_length" = "features.petal_length"
"feature.petal_width" = "features.petal_width"
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
"""


def settings(stage: Stage) -> str:
    """In TOML."""
    logs = "".join(
        f'\n[[logs]]\nname = "{name}"\npaths = [{json.dumps(str(path))}]\nformat = "{form}"\nfrom = "start"\n'
        for name, path, form in (("model", stage.model, "demo"), ("access", stage.access, "uvicorn"))
    )
    return FORMAT + logs + ALERTS
