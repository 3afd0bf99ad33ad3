from __future__ import annotations

from agent.ship.alert import Alert, AlertSeries
from agent.view.alerts import MOST, MOST_BYTES, MOST_DEVICES, Alerts
from collectors.api import Series


def alert(device: str = "gate-7", rule: str = "hot", severity: str = "warning", since: float = 1.0) -> Alert:
    return Alert(device, rule, severity, "", "", "a > 5", since, since, ())


def test_an_alert_is_there_until_it_is_over() -> None:
    alerts = Alerts()
    assert alerts.fires(alert())
    assert alerts.fires(alert(since=2.0))
    assert alerts.of("gate-7") == (alert(since=2.0),)
    assert alerts.over("gate-7", "hot") == alert(since=2.0)
    assert alerts.over("gate-7", "hot") is None
    assert alerts.over("gate-8", "hot") is None
    assert alerts.of("gate-7") == alerts.every() == ()


def test_a_new_connection_begins_with_nothing() -> None:
    alerts = Alerts()
    alerts.fires(alert())
    alerts.clear()
    assert alerts.every() == ()
    assert alerts.fires(alert())


def test_the_worst_comes_first_then_the_newest() -> None:
    alerts = Alerts()
    for each in (
        alert(rule="a", severity="info", since=9.0),
        alert(rule="b", severity="strange", since=9.0),
        alert(rule="c", since=1.0),
        alert(rule="d", since=2.0),
        alert(device="gate-8", rule="e", severity="critical"),
    ):
        assert alerts.fires(each)
    assert [each.rule for each in alerts.every()] == ["e", "d", "c", "a", "b"]
    assert [each.rule for each in alerts.of("gate-7")] == ["d", "c", "a", "b"]


def test_a_device_cannot_fill_the_memory() -> None:
    alerts = Alerts()
    assert all(alerts.fires(alert(rule=f"r{n}")) for n in range(MOST))
    assert not alerts.fires(alert(rule="one more"))
    assert alerts.fires(alert(rule="r0", since=5.0))
    assert alerts.fires(alert(device="gate-8"))
    assert len(alerts.every()) == MOST + 1


def test_devices_without_number_cannot_either() -> None:
    alerts = Alerts()
    assert all(alerts.fires(alert(device=f"d{n}")) for n in range(MOST_DEVICES))
    assert not alerts.fires(alert(device="one more"))
    assert alerts.over("d0", "hot") is not None
    assert alerts.fires(alert(device="one more"))


def test_many_large_alerts_cannot_either() -> None:
    alerts = Alerts()
    series = Series("m", "1", "gauge", tuple((f"{n}", "") for n in range(32)))
    large = tuple(AlertSeries(series, 1.0, 1.0) for _ in range(20))
    kept = [n for n in range(1000) if alerts.fires(alert(device=f"d{n}")._replace(series=large))]
    assert MOST_BYTES // 150_000 < len(kept) < MOST_BYTES // 75_000
    assert not alerts.fires(alert(device="one more")._replace(series=large))
    assert alerts.fires(alert(device="d0")), "a smaller one in place of a large one"
    assert alerts.fires(alert(device="one more")._replace(series=large))
    alerts.over("d1", "hot")
    assert alerts.fires(alert(device="another")._replace(series=large))
    alerts.clear()
    assert all(alerts.fires(alert(device=f"d{n}")._replace(series=large)) for n in kept)
