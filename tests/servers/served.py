"""Model servers that install from PyPI, each with a model that doubles a number but none below zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

BENTO_SERVICE = """
import bentoml

@bentoml.service(workers=1)
class Doubler:
    @bentoml.api
    def predict(self, value: float) -> float:
        if value < 0:
            raise ValueError(f"no value below zero: {value}")
        return 2 * value
"""
TORCH_HANDLER = """
def handle(data, context):
    if data is None:
        return None
    values = [float((row.get("body") or row.get("data")).decode()) for row in data]
    if min(values) < 0:
        raise ValueError(f"no value below zero: {values}")
    return [str(2 * value) for value in values]
"""
TORCH_CONFIG = """
inference_address=http://127.0.0.1:$port
management_address=http://127.0.0.1:$port1
metrics_address=http://127.0.0.1:$port2
grpc_inference_port=$port3
grpc_management_port=$port4
disable_token_authorization=true
default_workers_per_model=1
"""


class Server(NamedTuple):
    """How one is installed, started and asked, and where it logs.

    In files, words and environment `$bin` stands for the folder of its programs, `$home` for its own, `$port`
    for its port and `$port1` to `$port4` for more.

    Args:
        preset: the format of its logs.
        needs: what pip installs.
        files: by name.
        prepare: a command that is run first, if any.
        command: what serves.
        path: where a number is posted.
        body: what is posted, with `$value`.
        logs: files below its folder, each of which has all its requests.
        environ: what it is told besides.
    """

    preset: str
    needs: Sequence[str]
    files: Mapping[str, str]
    prepare: Sequence[str]
    command: Sequence[str]
    path: str
    body: str
    logs: Sequence[str]
    environ: Mapping[str, str]


OUTPUT = "output.log"
"""What it prints."""
BENTOML = Server(
    preset="bentoml",
    needs=("bentoml",),
    files={"service.py": BENTO_SERVICE},
    prepare=(),
    command=("$bin/bentoml", "serve", "service:Doubler", "--port", "$port"),
    path="/predict",
    body='{"value": $value}',
    logs=(OUTPUT,),
    environ={"BENTOML_HOME": "$home/bentoml", "BENTOML_DO_NOT_TRACK": "True"},
)
TORCHSERVE = Server(
    preset="torchserve",
    needs=("torchserve", "torch-model-archiver", "torch", "numpy", "pyyaml"),
    files={"handler.py": TORCH_HANDLER, "config.properties": TORCH_CONFIG, "models/none": ""},
    prepare=(
        *("$bin/torch-model-archiver", "--model-name", "doubler", "--version", "1.0"),
        *("--handler", "handler.py", "--export-path", "models", "--force"),
    ),
    command=(
        *("$bin/torchserve", "--start", "--foreground", "--ncs", "--model-store", "models"),
        *("--models", "doubler.mar", "--ts-config", "config.properties"),
    ),
    path="/predictions/doubler",
    body="$value",
    logs=(OUTPUT, "logs/access_log.log"),
    environ={"LOG_LOCATION": "$home/logs", "METRICS_LOCATION": "$home/logs", "TEMP": "$home"},
)
SERVERS = {"bentoml": BENTOML, "torchserve": TORCHSERVE}
