from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship import limits
from agent.ship.alert import WORST, Alert, AlertSeries, alert_json, parse_alert
from agent.ship.limits import WireError
from collectors.api import Series

CPU = Series("hw.temperature", "Cel", "gauge", (("hw.id", "coretemp-0"), ("hw.name", "Core 0")))
GONE = Series("outrider.up", "1", "gauge", (("outrider.collector", "gpu_nvidia"),))
ALERT = Alert(
    device="gate-7",
    rule="hot",
    severity="critical",
    summary="Too hot for long",
    runbook="https://wiki.example/hot",
    when="hw.temperature > 85 Cel for 2m",
    since=1700000120.5,
    at=1700000121.25,
    series=(AlertSeries(CPU, 91.0, 1700000120.5), AlertSeries(GONE, None, 1700000121.0)),
    more=3,
)
GOLDEN = (
    b'{"v":[1,1],"device":"gate-7","session":[77,3],"rule":"hot","state":"firing","severity":"critical",'
    b'"summary":"Too hot for long","runbook":"https://wiki.example/hot",'
    b'"when":"hw.temperature > 85 Cel for 2m","since":1700000120.5,"at":1700000121.25,"more":3,"series":['
    b'{"metric":"hw.temperature","attributes":{"hw.id":"coretemp-0","hw.name":"Core 0"},"unit":"Cel",'
    b'"kind":"gauge","value":91,"since":1700000120.5},'
    b'{"metric":"outrider.up","attributes":{"outrider.collector":"gpu_nvidia"},"unit":"1","kind":"gauge",'
    b'"value":null,"since":1700000121.0}]}'
)


def test_an_alert_is_this_text() -> None:
    assert alert_json(ALERT, (77, 3)) == GOLDEN
    assert parse_alert(GOLDEN) == ALERT


def test_the_page_explains_every_field() -> None:
    page = Path(limits.__file__).with_name("README.md").read_text()
    section = page[page.index("\n## Alert\n") : page.index("\n## Plain JSON\n")]
    fields = json.loads(GOLDEN)
    missing = [name for name in (*fields, *fields["series"][0]) if f"`{name}`" not in section]
    assert missing == []


def test_the_worst_series_are_named_and_the_rest_is_counted() -> None:
    many = ALERT._replace(series=(AlertSeries(CPU, 91.0, 1.0),) * (WORST + 5), more=2)
    found = parse_alert(alert_json(many, (77, 3)))
    assert (len(found.series), found.more) == (WORST, 7)


def test_an_alert_is_never_longer_than_it_may_be() -> None:
    long = CPU._replace(attributes=tuple((f"k{n}", "\N{SNOWMAN}" * 200) for n in range(8)))
    many = ALERT._replace(series=(AlertSeries(long, 91.0, 1.0),) * WORST, more=0)
    payload = alert_json(many, (77, 3))
    assert len(payload) <= limits.ALERT
    found = parse_alert(payload)
    assert len(found.series) + found.more == WORST
    assert len(found.series) == 1


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(GOLDEN), **fields}).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in json.loads(GOLDEN).items() if key != name}).encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "json"),
        (b"\xff", "json"),
        (b"[1]", "type"),
        (b"[" * 10_000, "json"),
        (GOLDEN.replace(b"91", b"NaN"), "json"),
        (GOLDEN.replace(b"91", b"1e999"), "range"),
        (GOLDEN.replace(b"91", b'"91"'), "type"),
        (b" " * limits.ALERT + GOLDEN, "too_large"),
        (changed(v=[2, 0]), "version"),
        (changed(device="a/b"), "name"),
        (changed(rule="#"), "name"),
        (changed(rule=""), "name"),
        (changed(session=[1]), "type"),
        (changed(session=[1, "2"]), "type"),
        (changed(state="quiet"), "range"),
        (changed(severity=3), "type"),
        (changed(summary="x" * 1025), "too_large"),
        (changed(since=None), "type"),
        (changed(series={}), "type"),
        (changed(series=[1]), "type"),
        (changed(series=[{}]), "range"),
        (changed(series=json.loads(GOLDEN)["series"] * 11), "too_large"),
        (changed(more=-1), "range"),
        (changed(more=1.5), "type"),
        (changed(series=[{"metric": "m", "kind": "gauge", "unit": "1", "attributes": {"a": 1}}]), "type"),
        (
            changed(
                series=[
                    {
                        "metric": "m",
                        "kind": "gauge",
                        "unit": "1",
                        "attributes": {str(n): "" for n in range(33)},
                    }
                ]
            ),
            "too_large",
        ),
        *((without(name), "type") for name in ("device", "session", "state", "when", "at", "series", "more")),
    ],
)
def test_what_is_no_alert_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(WireError) as caught:
        parse_alert(payload)
    assert caught.value.reason == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


@given(st.sampled_from(sorted(json.loads(GOLDEN))), JSON)
def test_whatever_stands_in_a_field_it_is_an_alert_or_refused(name: str, value: Any) -> None:
    payload = changed(**{name: value})
    try:
        said = parse_alert(payload).rule
    except WireError as error:
        said = error.reason
    assert said in limits.REASONS or said == json.loads(payload)["rule"]
