from __future__ import annotations

from agent.ship.alert import Alert
from agent.view.alerts import MOST, MOST_DEVICES, Alerts


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
