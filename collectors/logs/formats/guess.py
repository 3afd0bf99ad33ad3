"""`auto`: which format some lines are in, and why; and what the fields of JSON and logfmt lines mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from collectors.logs.formats.exact import Exact, bare
from collectors.logs.formats.format import MOST_FIELDS, Field, Format, scale_of
from collectors.logs.formats.kinds import settled
from collectors.logs.formats.presets import PRESETS
from collectors.logs.formats.roles import FEATURE, is_key
from collectors.logs.formats.times import Near
from collectors.logs.formats.values import unit_of

SAMPLE = 200
"""Lines that are looked at."""
ENOUGH = 0.1
"""The share of them that must be understood."""

_NAMES = MappingProxyType(
    {
        "time": "time timestamp ts @timestamp @t datetime date asctime at",
        "latency": "latency lat duration dur elapsed took runtime responsetime requesttime totaltime"
        " latencytime",
        "queue": "queue queuetime queuewait waittime queueduration",
        "preprocess": "preprocess preprocessing preprocesstime pre",
        "inference": "inference inferencetime predict predicttime forward computetime inferenceduration",
        "postprocess": "postprocess postprocessing postprocesstime post",
        "first_token": "ttft timetofirsttoken firsttoken firsttokentime",
        "token_time": "tpot timeperoutputtoken timepertoken itl intertokenlatency",
        "input_tokens": "inputtokens prompttokens tokensin",
        "output_tokens": "outputtokens completiontokens generatedtokens tokensout",
        "batch_size": "batchsize batch",
        "queue_length": "queuelength queuedepth queuesize pending waiting",
        "cache": "cachehit cache cachestatus",
        "confidence": "confidence score probability prob",
        "model": "model modelname modelid",
        "version": "version modelversion",
        "status": "status statuscode code httpstatus responsecode result outcome",
        "exception": "exception exceptiontype exctype errortype excname",
        "level": "level severity sev levelname lvl loglevel @l",
        "message": "message msg event error text",
        "request": "requestid reqid correlationid predictionid inferenceid",
        "prediction": "prediction predicted pred yhat ypred predictedclass predictedlabel predclass predlabel"
        " class classname",
        "label": "label truth groundtruth ytrue truelabel trueclass target actual actualclass",
        "predicted_value": "predictedvalue predvalue",
        "true_value": "truevalue actualvalue targetvalue",
        "rank": "truerank labelrank rank",
        "correct": "correct iscorrect",
    }
)
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}
_PAIR_KEY = re.compile(rb"(?:^|(?<=\s))([A-Za-z_@][\w.@/-]{0,63})=")


class Guess(NamedTuple):
    """A format, and in words why it was picked; no format if nothing fits."""

    form: Format | None
    why: str


def guess(lines: Sequence[bytes], near: Near, own: Iterable[Format] = ()) -> Guess:
    """The format of these lines, of the presets and `own` ones, judged by the first `SAMPLE` of them that are
    not empty."""
    sample = list(islice((line for line in map(bare, lines) if line.strip()), SAMPLE))
    if not sample:
        return Guess(None, "there is no line to look at")
    best = max(
        [(*_fits(form, sample, near), form) for form in (*own, *candidates(sample))], key=lambda fit: fit[:2]
    )
    understood, _, form = best
    why = f"{understood} of the first {len(sample)} lines are understood as {form.name}"
    why += beyond(form, sample)
    if understood < max(1, ENOUGH * len(sample)):
        return Guess(None, f"no format fits: at best {why}")
    return Guess(form, why + (f" ({form.brief})" if form.brief else ""))


def candidates(sample: Sequence[bytes]) -> Iterator[Format]:
    """The presets, and JSON and logfmt with the fields that their names tell."""
    yield from PRESETS.values()
    yield named("json", sample)
    yield named("logfmt", sample)


def named(kind: str, sample: Sequence[bytes]) -> Format:
    """JSON or logfmt, with the fields that the names in these lines tell."""
    if kind == "json":
        fields = settled("json", roles_of(json_keys(sample)), sample)
        return Format("json", "json", fields, brief="one JSON object a line")
    fields = settled("logfmt", roles_of(logfmt_keys(sample)), sample)
    return Format("logfmt", "logfmt", fields, brief="pairs key=value")


def beyond(form: Format, sample: Sequence[bytes]) -> str:
    """How many fields that names tell have no place in a format made of them, in words; "" if none."""
    if len(form.fields) < MOST_FIELDS or form.kind == "regex":
        return ""
    keys = json_keys(sample) if form.kind == "json" else logfmt_keys(sample)
    count = len({role for key in keys if (role := role_of_key(key))}) - len(form.fields)
    return f", but for {count} fields beyond the first {MOST_FIELDS}" if count > 0 else ""


def _fits(form: Format, sample: Sequence[bytes], near: Near) -> tuple[int, int]:
    """How many lines are understood, and how many fields were found in them altogether."""
    if not form.fields:
        return 0, 0
    exact = Exact(form)
    records = [record for line in sample if (record := exact.record(line, near)) is not None]
    texts = sum([sum(map(bool, (*one.texts, *one.classes))) for one in records])
    numbers = sum([value == value for one in records for value in (*one.numbers, *one.outcomes)])  # noqa: PLR0124
    return len(records), texts + numbers


def roles_of(keys: Iterable[str]) -> tuple[Field, ...]:
    """The fields that the names of keys tell: the first for each role, and what lies below `features`."""
    fields: dict[str, Field] = {}
    for key in keys:
        role = role_of_key(key)
        if role and role not in fields and len(fields) < MOST_FIELDS:
            fields[role] = Field(role, key, scale_of(role, unit_of(key)))
    return tuple(fields.values())


def role_of_key(key: str) -> str:
    """The role that a key's name tells, or ""."""
    above, _, last = key.rpartition(".")
    if above.rpartition(".")[2].lower() in ("features", "feature", "inputs"):
        role = f"feature.{last}"
        return role if FEATURE.fullmatch(role) else ""
    unit = unit_of(last)
    bases = [last[: -len(unit)].rstrip("_.- ")] if unit else []
    for name in (last, *bases):
        found = _ROLES.get(re.sub(r"[^a-z0-9@]", "", name.lower()))
        if found is not None:
            return found
    return ""


def json_keys(sample: Sequence[bytes]) -> list[str]:
    """Keys of scalars, dotted, the most frequent first; none that a format cannot name."""
    import msgspec

    decode = msgspec.json.Decoder(dict).decode
    found: Counter[str] = Counter()
    for line in sample:
        try:
            found.update(_flat(decode(line)))
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
    return [key for key, _ in found.most_common()]


def _flat(value: dict[str, object], prefix: str = "", depth: int = 0) -> Iterator[str]:
    for key, inner in value.items():
        if isinstance(inner, dict) and depth < 4:
            yield from _flat(inner, f"{prefix}{key}.", depth + 1)
        elif isinstance(inner, (str, int, float)) and "." not in key and is_key(prefix + key):
            yield prefix + key


def logfmt_keys(sample: Sequence[bytes]) -> list[str]:
    """Keys of pairs, the most frequent first."""
    found = Counter(
        key.decode() for line in sample if not line.startswith(b"{") for key in _PAIR_KEY.findall(line)
    )
    return [key for key, _ in found.most_common()]
