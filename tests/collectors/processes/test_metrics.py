from __future__ import annotations

import pytest

from collectors.processes.metrics import GPU, METRICS, PSS, series


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize("gpu", [(), ("device",), ("device", "system")])
def test_a_watch_has_every_metric_that_is_wanted_under_its_name(pss: bool, gpu: tuple[str, ...]) -> None:
    found = series("server", pss=pss, gpu=gpu)
    assert len(set(found)) == len(found)
    assert {each.attributes[0] for each in found} == {("process.watch", "server")}
    names = {each.name for each in found}
    assert names == {each.name for each in METRICS} - set(() if pss else (PSS.name,)) - set(
        () if gpu else (GPU.name,)
    )
