from __future__ import annotations

import pytest

from agent.config.fault import Refused
from agent.config.forms import Size
from agent.config.retention import Portion, Portions, Retention

FORM = Portions(Size(1024, 1 << 20))


@pytest.mark.parametrize(
    ("written", "portion", "of"),
    [
        ("25%", Portion(per_cent=25), 4096),
        ("100 %", Portion(per_cent=100), 16384),
        ("2 KiB", Portion(size=2048), 2048),
        (1500, Portion(size=1500), 1500),
    ],
)
def test_a_portion_is_a_share_of_the_store_or_bytes(written: object, portion: Portion, of: int) -> None:
    assert FORM.read(written) == portion
    assert portion.of(16384) == of
    assert FORM.read(FORM.show(portion).strip('"')) == portion


@pytest.mark.parametrize("written", ["0%", "101%", "5.5%", "%", "-3%", "25", True, None, 512, "2 MiB"])
def test_anything_else_is_refused_with_what_is_allowed(written: object) -> None:
    with pytest.raises(Refused) as refused:
        FORM.read(written)
    assert [each.allowed.startswith('"1%" to "100%"') for each in refused.value.refusals] == [True]


def test_alerts_are_kept_longest_and_dropped_last_samples_go_first() -> None:
    kept = Retention()._asdict()
    assert max(kept, key=lambda name: kept[name].max_age) == "alerts"
    assert sorted(kept, key=lambda name: kept[name].priority) == ["samples", "windows", "events", "alerts"]
    assert {name for name, each in kept.items() if each.at_limit == "coarsen"} == {"windows"}
