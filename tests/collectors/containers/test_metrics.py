from __future__ import annotations

from collectors.containers.accounts import ACCOUNTS
from collectors.containers.metrics import GROUP, LIMIT, METRICS, STALLED


def test_every_metric_names_the_container_and_its_runtime() -> None:
    assert {each.attributes[:2] for each in METRICS} == {GROUP}


def test_every_metric_is_told_by_both_versions_but_pressure() -> None:
    for version, accounts in ACCOUNTS.items():
        told = {metric for account in accounts for metric, _ in account.metrics}
        assert {*METRICS} - told == ({LIMIT} if version == 2 else {LIMIT, STALLED})
