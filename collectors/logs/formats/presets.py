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
_PID = r"(?:\([\w.]+ pid=\d+\) )?"
"""What vLLM and Ray put in front of the lines of their processes."""
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
    fields = fields_of([*patterns, *parts])
    return Format(name, "regex", fields, patterns, parts, family, attributes, brief)


_ALL = (
    lines(
        "uvicorn",
        "uvicorn's access log; a latency in ms or s behind the status is read too",
        (
            _PID + r"(?P<level>[A-Z]+): +\S+ - " + _REQUEST + r" (?P<status>\d\d\d)"
            r"(?: [A-Za-z'-]+)*(?: (?P<latency>[\d.]+(?:ms|s)))?$",
        ),
    ),
    lines(
        "vllm",
        "vLLM's engine statistics",
        (
            _PID + r"(?P<level>[A-Z]+) (?P<time>\d\d-\d\d \d\d:\d\d:\d\d) "
            r"\[[^\]]*\] (?:Engine \d+: )?Avg prompt throughput: ",
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
)

PRESETS: Mapping[str, Format] = MappingProxyType({form.name: form for form in _ALL})
