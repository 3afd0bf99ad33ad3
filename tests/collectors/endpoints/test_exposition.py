"""Pages are read as Prometheus' own client reads them; what is broken is left out and counted."""

from __future__ import annotations

import math
import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as families

from collectors.api import Attributes
from collectors.endpoints.exposition import (
    ALL_LABELS,
    LABELS,
    LONGEST,
    MALFORMED,
    SAMPLES,
    Page,
    number,
    read,
)

Found = dict[tuple[str, Attributes], float]


def everything(_: str) -> bool:
    return True


def flat(page: Page) -> Found:
    return {(name, labels): value for name, rows in page.samples.items() for labels, value in rows.items()}


def oracle(text: str, parse: object = families) -> Found:
    """What the client library of Prometheus reads."""
    found = {}
    for family in parse(text):  # type: ignore[operator]
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def same(ours: Found, theirs: Found) -> bool:
    return ours.keys() == theirs.keys() and all(
        value == theirs[key] or (math.isnan(value) and math.isnan(theirs[key])) for key, value in ours.items()
    )


def registry(seed: int = 1, name: str = "app:requests") -> CollectorRegistry:
    """Metrics of every kind, with labels that need escapes."""
    source, made = random.Random(seed), CollectorRegistry()
    odd = ["plain", "", 'a "quoted" one', "back\\slash", "new\nline", "} 1 #", "é漢", "a,b=c"]
    requests = Counter(name, 'Requests "here"\nand\\there', ["model", "note"], registry=made)
    level = Gauge("level", "A level", ["note"], registry=made)
    took = Histogram("took_seconds", "Took", ["note"], registry=made)
    size = Summary("size_bytes", "Size", registry=made)
    for note in odd:
        requests.labels("m", note).inc(source.randrange(1000))
        level.labels(note).set(source.choice([0.1, -3e-7, math.inf, -math.inf, math.nan, 1e300]))
        for _ in range(20):
            took.labels(note).observe(source.expovariate(3))
            size.observe(source.random() * 1e6)
    return made


def test_a_page_is_read_as_by_the_clients_own_parser() -> None:
    body = generate_latest(registry())
    page = read(body, everything)
    assert page.malformed == 0
    assert len(flat(page)) > 150
    assert same(flat(page), oracle(body.decode()))
    assert page.kinds["app:requests_total"] == "counter"
    assert page.kinds["took_seconds"] == "histogram"


def test_open_metrics_with_units_exemplars_and_an_end() -> None:
    made = registry(2, "app_requests")
    took = Histogram("lasted_seconds", "Lasted", unit="seconds", registry=made)
    took.observe(0.3, {"trace_id": "ab # cd"})
    body: bytes = generate_openmetrics(made)  # type: ignore[no-untyped-call]
    assert b'# {trace_id="ab # cd"}' in body
    page = read(body + b"after_the_end 1\n", everything)
    assert page.malformed == 0
    assert same(flat(page), oracle(body.decode(), openmetrics_families))
    assert page.units == {"lasted_seconds": "seconds"}
    assert page.kinds["app_requests"] == "counter"


@pytest.mark.parametrize(
    ("line", "name", "labels", "value"),
    [
        ("a 1", "a", {}, 1.0),
        ("  a\t2e3\t1395066363000", "a", {}, 2000.0),
        ("a{} .5", "a", {}, 0.5),
        ('a{b="c"}1', "a", {"b": "c"}, 1.0),
        ('a { b = "c" , } +Inf ', "a", {"b": "c"}, math.inf),
        ('a{b="x\\\\y\\"z\\n{}"} -1', "a", {"b": 'x\\y"z\n{}'}, -1.0),
        ('a{b="\\q"} 1', "a", {"b": "\\q"}, 1.0),
        (':tensorflow:serving:x{b="c"} 1\r', ":tensorflow:serving:x", {"b": "c"}, 1.0),
        ('{"a name", "b.c"="d"} 7', "a name", {"b.c": "d"}, 7.0),
        ('a 1 # {t="}"} 2 3', "a", {}, 1.0),
        ('a{b="c"} 1 1.5 # {t="u"} 0.67', "a", {"b": "c"}, 1.0),
    ],
)
def test_forms_of_a_sample(line: str, name: str, labels: dict[str, str], value: float) -> None:
    page = read(f"{line}\n".encode(), everything)
    assert page.malformed == 0
    assert flat(page) == {(name, tuple(sorted(labels.items()))): value}


@pytest.mark.parametrize(
    "line",
    ["a", "a b", "a 1_000", "a 0x1p3", "a 1 2 3", "a{b=c} 1", 'a{b="c} 1', 'a{b="c"', 'a{="c"} 1', "a1 ",
     "9a 1", 'a{b="1",b="2"} 1', 'a{"x"} 1', '{"a","b"} 1', "{} 1", "a+1", 'a{b="c"d="e"} 1', "a 1 # {",
     "é 1", 'a{b="c"} 1 nan0', "\x00\x01", "<html>", '{"json": {"a": 1}}',
     '{"jane@example.org"} 1', '{"a\x1b[31m"} 1', '{"a\\nb"} 1', 'a{"jane@example.org"="1"} 1',
     'a{"4111111111111111"="1"} 1', "n" * 129 + " 1", f'a{{{"n" * 129}="1"}} 1'],
)  # fmt: skip
def test_what_is_no_sample_is_counted_and_left_out(line: str) -> None:
    page = read(f"good 1\n{line}\ngood2 2\n".encode(), everything)
    if line == "a 1 # {":
        # What exemplifies a sample is not read, so it may be broken.
        assert page.malformed == 0
    else:
        assert (page.malformed, flat(page)) == (1, {("good", ()): 1.0, ("good2", ()): 2.0})


HOSTILE = (b" %b\x0ba", b" %b{a", b'a{%b"', b"a %b\x0b", b"# TYPE %b\x0b")
"""`%b` becomes many blanks, of which each may be the end of one part and the begin of the next."""


@pytest.mark.parametrize("line", HOSTILE)
def test_twice_the_line_takes_no_more_than_some_times_as_long(line: bytes) -> None:
    def cost(length: int) -> float:
        body = line % (b" " * length) + b"\n"
        took = []
        for _ in range(5):
            began = time.process_time()
            assert flat(read(body, everything)) == {}
            took.append(time.process_time() - began)
        return min(took)

    # 8 times for linear time; 64 for the square of it.
    assert cost(LONGEST - 16) < 30 * max(cost(LONGEST // 8), 1e-3)


def test_of_two_samples_that_are_alike_the_first_counts() -> None:
    page = read(b'a{x="1",y="2"} 1\na{y="2",x="1"} 5\n', everything)
    assert flat(page) == {("a", (("x", "1"), ("y", "2"))): 1.0}
    assert page.malformed == 1


def test_only_what_is_wanted_is_taken_apart() -> None:
    body = b'a{broken 1\nb 2\n{"a"} 3\nc{broken 4\n'
    page = read(body, lambda name: name == "b")
    assert (flat(page), page.malformed) == ({("b", ()): 2.0}, 0)


def test_lines_labels_and_samples_are_bounded() -> None:
    labels = ",".join(f'l{n}="x"' for n in range(LABELS + 1))
    lines = [
        f'long{{x="{"y" * LONGEST}"}} 1',
        f"many{{{labels}}} 1",
        *(f"a{n} 1" for n in range(SAMPLES + 7)),
    ]
    page = read("\n".join(lines).encode(), everything)
    assert (page.malformed, page.beyond, len(flat(page))) == (2, 7, SAMPLES)


def test_labels_of_all_samples_are_bounded_in_memory() -> None:
    labels = ",".join(f'{chr(97 + n // 26)}{chr(97 + n % 26)}=""' for n in range(LABELS))
    body = "\n".join(f"a{n}{{{labels}}} 1" for n in range(SAMPLES)).encode()
    tracemalloc.start()
    page = read(body, everything)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(flat(page)) == -(-ALL_LABELS // LABELS)
    assert len(flat(page)) + page.beyond == SAMPLES
    assert most < 16_000_000


def test_a_page_of_lines_that_are_none_is_left_early() -> None:
    page = read(b"a\n" * (MALFORMED + 5) + b"b 1\n", everything)
    assert (page.malformed, page.beyond, page.samples) == (MALFORMED, 6, {})


def test_a_page_without_a_last_line_end_and_empty_ones() -> None:
    assert flat(read(b"a 1", everything)) == {("a", ()): 1.0}
    assert read(b"", everything) == read(b"\n \n\t\r\n# a comment\n#\n", everything) == Page({}, {}, {})


def test_numbers() -> None:
    told = ["1", "-1.5", "+2.", ".25", "1e5", "1E-5", "Inf", "+Inf", "-inf", "infinity"]
    assert [number(text) for text in told] == [
        1,
        -1.5,
        2,
        0.25,
        1e5,
        1e-5,
        *[math.inf] * 2,
        -math.inf,
        math.inf,
    ]
    assert math.isnan(number("NaN") or 0.0)
    assert [number(text) for text in ["", ".", "1e", "٣", "1 ", "0x1"]] == [None] * 6


NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", fullmatch=True)
# Those that begin with two underscores are reserved: the client refuses them.
LABEL_NAMES = st.from_regex(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('\n"\\{},=# '), max_size=12)
VALUES = st.floats()


def written(name: str, labels: dict[str, str], value: float) -> str:
    """A sample as the text format has it."""
    escaped = (
        '{}="{}"'.format(key, text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"'))
        for key, text in labels.items()
    )
    shown = (
        "NaN"
        if math.isnan(value)
        else ("+Inf" if value > 0 else "-Inf")
        if math.isinf(value)
        else repr(value)
    )
    return f"{name}{{{','.join(escaped)}}} {shown}"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NAMES, st.dictionaries(LABEL_NAMES, TEXTS, max_size=4), VALUES), max_size=8))
def test_whatever_is_written_is_read_as_by_the_clients_own_parser(
    samples: list[tuple[str, dict[str, str], float]],
) -> None:
    unique = {(name, tuple(sorted(labels.items()))): (name, labels, value) for name, labels, value in samples}
    text = "".join(f"{written(*sample)}\n" for sample in unique.values())
    page = read(text.encode(), everything)
    assert page.malformed == 0
    assert same(flat(page), {key: sample[2] for key, sample in unique.items()})
    assert same(flat(page), oracle(text))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 60))
def test_broken_pages_are_read_as_far_as_they_can_be(junk: bytes, at: int, cut: int) -> None:
    body = b'# TYPE a counter\na{b="c",d="e"} 1\n' * 3 + b'h_bucket{le="0.5"} 3 # {x="y"} 1\nz 1\n'
    page = read(body[:at] + junk + body[at + cut :], everything)
    lines = body[:at].count(b"\n") + junk.count(b"\n") + body[at + cut :].count(b"\n") + 1
    assert len(flat(page)) + page.malformed <= lines
