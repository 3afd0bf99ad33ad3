"""What a core reads of model logs, everything summarised that the format names.

    python tests/benchmarks/bench_logs.py [--lines 400000] [--runs 5]

JSON lines of 238 bytes (time, latency, status, model, version, level, confidence, two features) and
uvicorn's access lines with a latency; 1 % of both failed. CPU time of this process, median of the runs;
beside it the JSON lines through `json.loads` alone in the same runs, for the machine is never quiet.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from datetime import timezone
from pathlib import Path
from statistics import median
from sys import path as search

if __name__ == "__main__":
    search.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from agent.logs.digest import Digest
from agent.logs.log import Log
from collectors.logs.formats.format import Format, field_of
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.times import Near

NOW = 1_795_435_200.0
CHUNK = 1 << 21
FIELDS = {
    "time": "ts",
    "level": "level",
    "model": "model",
    "version": "version",
    "latency": "latency_ms",
    "status": "status",
    "confidence": "confidence",
    "feature.brightness": "features.brightness",
    "feature.temp": "features.temp",
    "message": "msg",
}
JSON = Format("bench", "json", tuple(field_of(role, key) for role, key in FIELDS.items()))
MODELS = (("resnet50", "3"), ("yolov8n", "12"), ("whisper-tiny", "1"), ("bert-base", "7"))


def json_lines(count: int) -> Iterator[str]:
    """A model server's lines, a thousand a second."""
    rnd = random.Random(7)
    for at in range(count):
        model, version = rnd.choice(MODELS)
        bad = rnd.random() < 0.01
        second = at // 1000
        hour, minute = second // 3600 % 24, second // 60 % 60
        level, status = ("ERROR", "error") if bad else ("INFO", "ok")
        yield (
            f'{{"ts":"2026-11-23T{hour:02}:{minute:02}:{second % 60:02}.{at % 1000:03}Z",'
            f'"level":"{level}","model":"{model}","version":"{version}",'
            f'"request_id":"{rnd.getrandbits(92):023x}","latency_ms":{rnd.lognormvariate(2.5, 0.6):.2f},'
            f'"status":"{status}","confidence":{rnd.betavariate(9, 1.2):.3f},'
            f'"features":{{"brightness":{rnd.random():.2f},"temp":{rnd.gauss(21.5, 3):.1f}}},'
            '"msg":"request done"}\n'
        )


def access_lines(count: int) -> Iterator[str]:
    """uvicorn's lines, with a latency."""
    rnd = random.Random(7)
    for at in range(count):
        status = "500 Internal Server Error" if rnd.random() < 0.01 else "200 OK"
        port, took = 1024 + at * 40503 % 60000, rnd.lognormvariate(2.5, 0.6)
        yield f'INFO:     127.0.0.1:{port} - "POST /v1/infer HTTP/1.1" {status} {took:.2f}ms\n'


def chunks(data: bytes) -> Iterator[bytes]:
    """The log as a tailer hands it over: whole lines."""
    place = 0
    while place < len(data):
        end = data.rfind(b"\n", place, place + CHUNK) + 1
        yield data[place:end]
        place = end


def digest(form: Format, parts: list[bytes], *, fast: bool) -> int:
    """Read and sum up everything; returns how many lines."""
    lines, near = Lines(form, fast=fast), Near(timezone.utc, NOW)
    summed = Digest(form, lines.labels, (("log", "bench"),))
    for part in parts:
        summed.take(lines.read(part, near), NOW)
    assert summed.flush()
    assert summed.tally.missed == 0
    return summed.tally.lines


def follow(form: Format, lines: list[bytes], rate: int) -> float:
    """CPU seconds of a minute in which so many lines a second come, one reading a second; the second of two
    minutes, for the first one learns."""
    log = Log(form, (("log", "bench"),), timezone.utc)
    for minute in range(2):
        began = time.process_time()
        for second in range(60):
            at = (minute * 60 + second) * rate
            log.take(b"".join(lines[at : at + rate]), NOW + second)
        assert log.flush()
    return time.process_time() - began


def parse(lines: list[bytes]) -> None:
    """What everyone does at least."""
    for line in lines:
        json.loads(line)


def cpu(work: object, *args: object, **options: object) -> float:
    """CPU seconds that a call takes."""
    began = time.process_time()
    work(*args, **options)  # type: ignore[operator]
    return time.process_time() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    few = args.lines // 10
    logs = {
        "json": (JSON, "".join(json_lines(args.lines)).encode()),
        "text": (PRESETS["uvicorn"], "".join(access_lines(args.lines)).encode()),
    }
    sample = logs["json"][1].splitlines()[:few]
    print(f"{'log':6}{'path':8}{'lines/s':>12}{'ns/line':>10}{'times json.loads':>18}")
    for name, (form, data) in logs.items():
        parts, exact = list(chunks(data)), [b"".join(data.splitlines(keepends=True)[:few])]
        base, quick, slow = [], [], []
        for _ in range(args.runs):
            base.append(cpu(parse, sample) / few)
            quick.append(cpu(digest, form, parts, fast=True) / args.lines)
            slow.append(cpu(digest, form, exact, fast=False) / few)
        for path, took in (("fast", quick), ("exact", slow)):
            ratio = median(one / other for one, other in zip(base, took, strict=True))
            print(f"{name:6}{path:8}{1 / median(took):12,.0f}{median(took) * 1e9:10.0f}{ratio:18.2f}")
    for rate in (10, 100, 1000):
        lines = logs["json"][1].splitlines(keepends=True)
        spent = median(follow(JSON, lines, rate) for _ in range(args.runs))
        print(f"following {rate} JSON lines a second: {spent:.4f} s of CPU a minute")
    print(f"json.loads of the JSON lines: {1 / median(base):,.0f} lines/s")


if __name__ == "__main__":
    main()
