"""What a core reads of model logs, everything summarised that the format names.

    python tests/benchmarks/bench_logs.py [--lines 200000] [--runs 5]

JSON lines of 238 bytes (time, level, model, version, latency, status, confidence, three features, message)
and uvicorn's access lines with a latency; 1 % of both failed. Beside the plain JSON lines: the same with
floats of 17 digits, an escape in each message, letters beyond ASCII, a duration that is a text,
with an exponent in a feature. `model` lines have a request's id, a prediction and a label of ten classes and
50 features; in `gaps` one in a hundred of these is null. `read` is without the summing up, `whole` with all
that a `[[model]]` is told beside: quality by labels that another log tells later, whose lines count too,
inputs and their faults, distinct values; `alone` are these lines without those of labels. `file` is a
tailer, a log and its windows together on a file in memory.

CPU time of this process, user and system, median of the runs; beside it the plain lines through `json.loads`
alone in the same runs, for the machine is never quiet.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timezone
from functools import partial
from itertools import zip_longest
from pathlib import Path
from statistics import median
from sys import path as search
from tempfile import TemporaryDirectory

if __name__ == "__main__":
    search.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from agent.logs.digest import Digest
from agent.logs.log import Log
from agent.logs.models.model import Model, Plan
from collectors.logs.formats.format import Format, field_of
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.times import Near
from collectors.logs.tail.medium import STEP
from collectors.logs.tail.source import Source
from collectors.logs.tail.tailer import Tailer
from collectors.tally import Tally

NOW = 1_795_435_200.0
CHUNK = 1 << 21
MEMORY = "/dev/shm"
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
    "feature.noise": "features.noise",
    "message": "msg",
}
JSON = Format("bench", "json", tuple(field_of(role, key) for role, key in FIELDS.items()))
FEATURES = 50
MODELS = (("resnet50", "3"), ("yolov8n", "12"), ("whisper-tiny", "1"), ("bert-base", "7"))


def _plain(rnd: random.Random) -> dict[str, str]:
    """What differs between the kinds of JSON lines, as it is written."""
    return {
        "latency_ms": f"{rnd.lognormvariate(2.5, 0.6):.2f}",
        "confidence": f"{rnd.betavariate(9, 1.2):.3f}",
        "brightness": f"{rnd.random():.2f}",
        "temp": f"{rnd.gauss(21.5, 3):.1f}",
        "noise": f"{rnd.random():.3f}",
        "msg": "request done",
    }


def _floats(rnd: random.Random) -> dict[str, str]:
    """Floats as Python prints them."""
    return {
        "latency_ms": repr(rnd.lognormvariate(2.5, 0.6)),
        "confidence": repr(0.001 + 0.999 * rnd.betavariate(9, 1.2)),
        "brightness": repr(0.001 + 0.999 * rnd.random()),
        "temp": repr(rnd.gauss(21.5, 3)),
        "noise": repr(0.001 + 0.999 * rnd.random()),
        "msg": "request done",
    }


KINDS: Mapping[str, Callable[[random.Random], dict[str, str]]] = {
    "plain": _plain,
    "17 digits": _floats,
    "escapes": lambda rnd: {**_plain(rnd), "msg": 'request \\"a\\" done\\n'},
    "letters": lambda rnd: {**_plain(rnd), "msg": "request für ü done"},
    "durations": lambda rnd: {**_plain(rnd), "latency_ms": f'"{rnd.lognormvariate(2.5, 0.6):.2f}ms"'},
    "exponents": lambda rnd: {**_plain(rnd), "noise": f"{rnd.random():.3e}"},
}


def json_lines(count: int, kind: str = "plain") -> Iterator[str]:
    """A model server's lines, a thousand a second."""
    rnd = random.Random(7)
    for at in range(count):
        model, version = rnd.choice(MODELS)
        bad = rnd.random() < 0.01
        second = at // 1000
        hour, minute = second // 3600 % 24, second // 60 % 60
        level, status = ("ERROR", "error") if bad else ("INFO", "ok")
        own = KINDS[kind](rnd)
        yield (
            f'{{"ts":"2026-11-23T{hour:02}:{minute:02}:{second % 60:02}.{at % 1000:03}Z",'
            f'"level":"{level}","model":"{model}","version":"{version}",'
            f'"request_id":"{rnd.getrandbits(40):010x}","latency_ms":{own["latency_ms"]},'
            f'"status":"{status}","confidence":{own["confidence"]},'
            f'"features":{{"brightness":{own["brightness"]},"temp":{own["temp"]},"noise":{own["noise"]}}},'
            f'"msg":"{own["msg"]}"}}\n'
        )


MODEL = Format(
    "model",
    "json",
    (
        *JSON.fields[:7],
        *(field_of(role, role) for role in ("request", "prediction", "label")),
        *(field_of(f"feature.f{at:02}", f"features.f{at:02}") for at in range(FEATURES)),
    ),
)


TRUTH = Format("truth", "json", tuple(field_of(role, role) for role in ("time", "request", "label")))
REQUEST = Format("requests", "json", tuple(field for field in MODEL.fields if field.role != "label"))


def truths(requests: Iterable[str]) -> Iterator[str]:
    """The labels of a model's lines, as another log tells them."""
    for line in requests:
        told = json.loads(line)
        yield f'{{"time":"{told["ts"]}","request":"{told["request"]}","label":"{told["label"]}"}}\n'


def model_lines(count: int, gaps: float = 0.0) -> Iterator[str]:
    """Lines that tell what a model was given and said."""
    rnd = random.Random(7)
    for at in range(count):
        second = at // 1000
        minute, label = second // 60 % 60, rnd.randrange(10)
        said = label if rnd.random() < 0.9 else rnd.randrange(10)
        values = ["null" if rnd.random() < gaps else _feature(rnd, place) for place in range(FEATURES)]
        features = ",".join(f'"f{place:02}":{value}' for place, value in enumerate(values))
        yield (
            f'{{"ts":"2026-11-23T00:{minute:02}:{second % 60:02}.{at % 1000:03}Z","level":"INFO",'
            f'"model":"resnet50","version":"3","request":"{rnd.getrandbits(128):032x}",'
            f'"latency_ms":{rnd.lognormvariate(2.5, 0.6):.2f},"status":"ok",'
            f'"confidence":{rnd.betavariate(9, 1.2):.3f},"prediction":"class{said}","label":"class{label}",'
            f'"features":{{{features}}}}}\n'
        )


def _feature(rnd: random.Random, place: int) -> str:
    """A share, a temperature, a normal value, a count or a switch, as it is written."""
    kinds = (f"{rnd.random():.3f}", f"{rnd.gauss(21.5, 3):.1f}", f"{rnd.gauss(0, 1):.3f}",
             f"{rnd.randrange(1000)}", f"{rnd.randrange(2)}")  # fmt: skip
    return kinds[place % len(kinds)]


def access_lines(count: int) -> Iterator[str]:
    """uvicorn's lines, with a latency."""
    rnd = random.Random(7)
    for at in range(count):
        status = "500 Internal Server Error" if rnd.random() < 0.01 else "200 OK"
        port, took = 1024 + at * 40503 % 60000, rnd.lognormvariate(2.5, 0.6)
        yield f'INFO:     127.0.0.1:{port} - "POST /v1/infer HTTP/1.1" {status} {took:.2f}ms\n'


def chunks(data: bytes, size: int = CHUNK) -> Iterator[bytes]:
    """The log in whole lines, as they are read together, or `STEP` by `STEP` as a tailer hands them over."""
    place = 0
    while place < len(data):
        end = data.rfind(b"\n", place, place + size) + 1
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


def whole(parts: list[bytes], labels: list[bytes]) -> int:
    """Read everything of a model, its labels from another log, and sum it up; returns how many lines."""
    model = Model(Plan("resnet50"), {}, NOW)
    logs = [Log(form, (("log", form.name),), timezone.utc, model=model) for form in (REQUEST, TRUTH)]
    for together in zip_longest(parts, labels):
        for log, part in zip(logs, together, strict=True):
            log.take(part or b"", NOW)
    for log in logs:
        log.flush()
    assert model.flush(NOW).minutes
    assert model.changes(NOW)
    assert not any(log.tally.missed for log in logs)
    return sum(log.tally.lines for log in logs)


def read(form: Format, parts: list[bytes]) -> int:
    """Read everything; returns how many lines."""
    lines, near = Lines(form), Near(timezone.utc, NOW)
    return sum([lines.read(part, near).lines for part in parts])


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


def cpu(work: Callable[..., object], *args: object) -> float:
    """CPU seconds that a call takes."""
    began = time.process_time()
    work(*args)
    return time.process_time() - began


def tailed(form: Format, path: Path) -> int:
    """A tailer and a log on a file, from its start to the windows; returns how many lines."""
    source = Source("bench", (str(path),), start="start", wrapper="none")
    tailer = Tailer([source], {}, clock=time.monotonic, wall=lambda: NOW, tally=Tally(), say=print)
    log = Log(form, (("log", "bench"),), timezone.utc)
    tailer.look()
    for chunk in tailer.take(1 << 40, 1e9):
        log.take(chunk.text, NOW, chunk.times)
    assert log.flush()
    assert tailer.positions()
    tailer.close()
    assert log.tally.missed == 0
    return log.tally.lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    few = args.lines // 10
    logs = {f"json, {kind}": (JSON, "".join(json_lines(args.lines, kind)).encode()) for kind in KINDS}
    logs["access lines"] = PRESETS["uvicorn"], "".join(access_lines(args.lines)).encode()
    logs["model"] = MODEL, "".join(model_lines(args.lines // 2)).encode()
    logs["model, gaps"] = MODEL, "".join(model_lines(args.lines // 2, 0.01)).encode()
    plain = logs["json, plain"][1]
    sample = plain.splitlines()[:few]
    works: dict[str, tuple[int, Callable[[], object]]] = {}
    with TemporaryDirectory(dir=MEMORY) as folder:
        for name, (form, data) in logs.items():
            parts, head = list(chunks(data)), b"".join(data.splitlines(keepends=True)[:few])
            count = data.count(b"\n")
            works[f"{name:20}fast"] = count, partial(digest, form, parts, fast=True)
            if form is MODEL:
                works[f"{name:20}read"] = count, partial(read, form, parts)
                labels = list(chunks("".join(truths(data.decode().splitlines())).encode(), STEP))
                handed = list(chunks(data, STEP))
                works[f"{name:20}whole"] = 2 * count, partial(whole, handed, labels)
                works[f"{name:20}alone"] = count, partial(whole, handed, [])
            if name in ("json, plain", "access lines"):
                path = Path(folder) / f"{len(works)}.log"
                path.write_bytes(data)
                works[f"{name:20}file"] = args.lines, partial(tailed, form, path)
                works[f"{name:20}exact"] = few, partial(digest, form, [head], fast=False)
        table(works, sample, args.runs)
    lines = plain.splitlines(keepends=True)
    for rate in (10, 100, 1000):
        spent = median(follow(JSON, lines, rate) for _ in range(args.runs))
        print(f"following {rate} JSON lines a second: {spent:.4f} s of CPU a minute")


def table(works: Mapping[str, tuple[int, Callable[[], object]]], sample: list[bytes], runs: int) -> None:
    """Print how long a line takes in each, by turns with `json.loads`."""
    took: dict[str, list[float]] = {name: [] for name in works}
    base: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, (count, work) in works.items():
            base[name].append(cpu(parse, sample) / len(sample))
            took[name].append(cpu(work) / count)
    print(f"{'lines':20}{'path':6}{'lines/s':>12}{'ns/line':>10}{'times json.loads':>18}")
    for name, each in took.items():
        ratio = median(one / other for one, other in zip(base[name], each, strict=True))
        print(f"{name:26}{1 / median(each):12,.0f}{median(each) * 1e9:10.0f}{ratio:18.2f}")
    loads = median(each for own in base.values() for each in own)
    print(f"{'json.loads alone':26}{1 / loads:12,.0f}{loads * 1e9:10.0f}")


if __name__ == "__main__":
    main()
