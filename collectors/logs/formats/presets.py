"""The presets: what known servers print. A preset is an entry here and its samples in `tests/cases/logs/`.

Named groups are roles (`latency`), with their unit behind them where a bare number has one (`latency_ms`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from collectors.logs.formats.format import Field, Format, scale_of
from collectors.logs.formats.roles import Family, is_role
from collectors.logs.formats.values import SCALES

_GROUP = re.compile(r"\(\?P<(\w+)>")
_PID = r"(?:\([\w.:]+ pid=\d+\) )?"
"""What vLLM and Ray put in front of the lines of their processes."""
_RAY = _PID + r"(?P<level>[A-Z]+) (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+) "
_BENTO = (
    r"(?P<time>\d{4}-\d\d-\d\dT[\d:]+[+-]\d{4}) \[(?P<level>[A-Z]+)\] "
    r"\[[^:\]]*:(?P<model>[^:\]]+):\d+\] "
)
_TORCH_TIME = r"(?P<time>\d{4}-\d\d-\d\dT[\d:,]+) "
_TORCH_LEVEL = _TORCH_TIME + r"\[(?P<level>[A-Z]+) *\] "
_TORCH_ACCESS = _TORCH_TIME + r"(?:\[(?P<level>[A-Z]+) *\] \S+ ACCESS_LOG )?- \S+ "
"""What it prints, or writes to access_log.log."""
_TORCH_MODEL = r'"[A-Z]+ (?P<route>/predictions/(?P<model>[^ /?"]+)(?:/(?P<version>[\w.]+))?)(?:[ ?][^"]*)?"'
_TORCH_ANSWER = r" (?P<status>\d\d\d) (?P<latency_ms>\d+)$"
_TORCH_NAME = r"(?P<model>[^,|]+)"
_TORCH_QUEUE = r"ts_queue_latency_microseconds\.\w+:(?P<queue_us>[\d.]+)\|#model_name:"
_TORCH_INFERENCE = r"PredictionTime\.ms:(?P<inference_ms>[\d.]+)\|#ModelName:"
_TORCH_EXCEPTION = r"(?:\w+\.){0,8}(?P<exception>[A-Z]\w{0,48}(?:Error|Exception)): (?P<message>.*)"
"""The last line of a trace, all of whose lines come as lines of the log."""
_TGI = r"(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z) +"
_GIN = r"\[GIN\] (?P<time>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \| (?P<status>\d\d\d) \| +(?P<latency>[^ |]+) "
_NGINX_TIME = r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) "
_TIMING = r"(?:[\d.]+ [A-Z] slot print_timing: id +\d+ \| task \d+ \| )? *"
_REQUEST = r'"[A-Z]+ (?P<route>[^ ?"]*)(?:[ ?][^"]*)?"'


def group_field(group: str) -> Field:
    """The field that a named group is: `role`, or `role_unit`; any other group is a plain attribute."""
    role, _, unit = group.rpartition("_")
    if is_role(role) and unit in SCALES:
        return Field(role, group, scale_of(role, unit))
    return Field(group, group)


def fields_of(patterns: Iterable[str]) -> tuple[Field, ...]:
    """The fields that the named groups of the patterns are."""
    groups = dict.fromkeys(group for pattern in patterns for group in _GROUP.findall(pattern))
    return tuple(field for group in groups if is_role((field := group_field(group)).role))


def lines(
    name: str,
    brief: str,
    patterns: tuple[str, ...],
    parts: tuple[str, ...] = (),
    family: Family = "http",
    attributes: tuple[str, ...] = (),
) -> Format:
    """A preset of lines of text."""
    exception = (Field("exception", "exception"), Field("message", "message"))
    fields = tuple(dict.fromkeys([*fields_of([*patterns, *parts]), *exception]))
    return Format(name, "regex", fields, patterns, parts, family, attributes, brief)


_COMBINED = r"\S+ \S+ [^\[]*\[(?P<time>[^\]]+)\] "
_LATENCY = r"(?P<latency>[\d.]+(?:ms|s)?)"
_UVICORN = (
    r"(?P<level>[A-Z]+): +\S+ - " + _REQUEST + r" (?P<status>\d\d\d)"
    r"(?: [A-Za-z'-]+)*(?: (?P<latency>[\d.]+(?:ms|s)))?$",
    r"(?P<level>TRACE|DEBUG|INFO|WARNING|ERROR|CRITICAL): +(?P<message>.*)",
)
"""Requests, and uvicorn's own messages: the servers of vLLM and SGLang are ones."""
_SGLANG = r"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: [^\]]*)?\] "
_VLLM = _PID + r"(?P<level>[A-Z]+) (?P<time>\d\d-\d\d \d\d:\d\d:\d\d) \[[^\]]*\] "

_ALL = (
    lines(
        "uvicorn",
        "uvicorn's access log, with a latency in ms or s behind the status, and its own messages",
        tuple(_PID + each for each in _UVICORN),
    ),
    lines(
        "nginx",
        "nginx' combined and main formats, with $request_time at the end the latency in s, and its error log",
        (
            _COMBINED
            + r'"[^"]*" (?P<status>\d\d\d) \d+ "[^"]*" "[^"]*"(?: "[^"]*")?(?: '
            + _LATENCY
            + r")?$",
            _NGINX_TIME + r"\[(?P<level>[a-z]+)\] \d+#\d+: (?:\*\d+ )?(?P<message>.*)",
        ),
    ),
    lines(
        "gunicorn",
        "gunicorn's access log, with %(L)s at its end the latency in s, and its own messages",
        (
            _COMBINED + r'"[^"]*" (?P<status>\d\d\d) \S+ "[^"]*" "[^"]*"(?: ' + _LATENCY + r")?$",
            r"\[(?P<time>[^\]]+)\] \[\d+\] \[(?P<level>[A-Z]+)\] (?P<message>.*)",
        ),
    ),
    lines(
        "vllm",
        "vLLM's engine statistics, the requests of its API, and its own messages",
        (
            _VLLM + r"(?:Engine \d+: )?Avg prompt throughput: ",
            *(_PID + each for each in _UVICORN),
            _VLLM + r"(?P<message>.*)",
        ),
        (
            r"Avg prompt throughput: (?P<input_rate>[\d.]+) tokens/s",
            r"Avg generation throughput: (?P<output_rate>[\d.]+) tokens/s",
            r"Running: (?P<running>\d+) reqs",
            r"Waiting: (?P<queue_length>\d+) reqs",
            r"(?:GPU )?KV cache usage: (?P<cache_usage>[\d.]+%)",
            r", Prefix cache hit rate: (?P<cache_hit_ratio>[\d.]+%)",
        ),
        "gen_ai",
    ),
    lines(
        "llamacpp",
        "llama.cpp's timings of a request: prompt, tokens, total; and its messages of a level",
        (
            _TIMING + r"prompt eval time = +(?P<first_token>[\d.]+ ms) / +(?P<input_tokens>\d+) tokens",
            (
                _TIMING + r"eval time = +[\d.]+ ms / +(?P<output_tokens>\d+) tokens "
                r"\( *(?P<token_time>[\d.]+ ms) per token"
            ),
            _TIMING + r"total time = +(?P<latency>[\d.]+ ms) / +\d+ tokens",
            r"[\d.]+ (?P<level>[DIWE]) (?P<message>.*)",
        ),
        family="gen_ai",
    ),
    lines(
        "ollama",
        "ollama's requests (gin), and its own messages",
        (
            _GIN + r'\| +\S+ \| [A-Z]+ +"(?P<route>[^"]*)"',
            r"time=(?P<time>\S+) level=(?P<level>[A-Z]+) source=\S+ msg=\"?(?P<message>[^\"]*)",
            r"\[GIN-debug\] \[(?P<level>[A-Z]+)\] (?P<message>.*)",
            r"\[GIN-(?P<level>debug)\] (?P<message>.*)",
        ),
        family="gen_ai",
    ),
    lines(
        "tgi",
        "the router of Text Generation Inference",
        (
            _TGI + r"(?P<level>[A-Z]+) \w+\{[^}]*total_time=",
            _TGI + r"(?P<level>ERROR) (?P<message>.*)",
        ),
        (
            r'total_time="(?P<latency>[^"]*)"',
            r'validation_time="(?P<preprocess>[^"]*)"',
            r'queue_time="(?P<queue>[^"]*)"',
            r'inference_time="(?P<inference>[^"]*)"',
            r'time_per_token="(?P<token_time>[^"]*)"',
        ),
        "gen_ai",
    ),
    lines(
        "sglang",
        "SGLang's batches, and the requests of its API",
        (_SGLANG + r"(?:Decode|Prefill) batch", *(_SGLANG + each for each in _UVICORN)),
        (
            r"#running-req: (?P<running>\d+)",
            r"token usage: (?P<cache_usage>[\d.]+)",
            r"gen throughput \(token/s\): (?P<output_rate>[\d.]+)",
            r"#queue-req: (?P<queue_length>\d+)",
            r"#new-token: (?P<input_tokens>\d+)",
            r"#new-seq: (?P<batch_size>\d+)",
        ),
        "gen_ai",
    ),
    lines(
        "torchserve",
        "TorchServe's access log, the times of its models and their exceptions, and its other messages",
        (
            _TORCH_ACCESS + _TORCH_MODEL + _TORCH_ANSWER,
            _TORCH_ACCESS + _REQUEST + _TORCH_ANSWER,
            _TORCH_LEVEL
            + r"W-\d{1,5}-(?P<model>[^\s_]+)_[\d.]+-std(?:out|err) MODEL_LOG - "
            + _TORCH_EXCEPTION,
            # Where a model's name ends is not sure if it has an underscore.
            _TORCH_LEVEL + r"\S+ MODEL_LOG - " + _TORCH_EXCEPTION,
            _TORCH_LEVEL + r"\S+ MODEL_METRICS - " + _TORCH_INFERENCE + _TORCH_NAME,
            _TORCH_LEVEL + r"\S+ TS_METRICS - " + _TORCH_QUEUE + _TORCH_NAME,
            _TORCH_LEVEL + r"\S+ \S+ - (?P<message>.*)",
        ),
    ),
    lines(
        "bentoml",
        "BentoML's access log, and its errors",
        (
            _BENTO + r"\S+ \(scheme=[^,)]*,method=[^,)]*,path=(?P<route>[^,)]*),[^)]*\) "
            r"\(status=(?P<status>\d\d\d)[^)]*\) (?P<latency>[\d.]+ms)",
            _BENTO + r"(?P<message>.*)",
            r"(?P<time>\d{4}-\d\d-\d\dT[\d:]+[+-]\d{4}) \[(?P<level>[A-Z]+)\] \[[^\]]*\] (?P<message>.*)",
        ),
    ),
    lines(
        "rayserve",
        "Ray Serve's proxies and replicas",
        (
            _RAY + r"(?:http_)?proxy \S+ \S+ --? [A-Z]+ (?P<route>\S+) (?P<status>\w+) (?P<latency>[\d.]+ms)",
            _RAY + r"(?P<model>[\w.-]+) \S+ \S+ -- CALL \S+ \w+ (?P<inference>[\d.]+ms)",
        ),
    ),
    lines(
        "ultralytics",
        "YOLO's predictions: the time an image took, and its phases",
        (
            r"(?:image \d+/\d+ [^:]*|\d+): \d+x\d+ (?P<found>[^:]*), (?P<latency>[\d.]+ms)$",
            (
                r"Speed: (?P<preprocess>[\d.]+ms) preprocess, (?P<inference>[\d.]+ms) inference, "
                r"(?:[\d.]+ms loss, )?(?P<postprocess>[\d.]+ms) postprocess"
            ),
        ),
        family="model",
    ),
    lines(
        "deepstream",
        "DeepStream's frames a second, of the first stream",
        (
            r"\*\*PERF: +(?P<frame_rate>[\d.]+) \([\d.]+\)",
            r"\*\*PERF: +\{'[^']*': (?P<frame_rate>[\d.]+)",
        ),
        family="model",
    ),
    lines(
        "triton",
        "Triton's messages; its numbers come from its endpoint",
        (r"(?P<level>[IWEF])(?P<time>\d{4} \d\d:\d\d:\d\d(?:\.\d+)?) +\d+ [\w.-]+:\d+\] (?P<message>.*)",),
        family="model",
    ),
)

PRESETS: Mapping[str, Format] = MappingProxyType({form.name: form for form in _ALL})
