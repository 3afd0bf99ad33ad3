from __future__ import annotations

import pytest

from agent.view.fleet import DeviceState
from agent.view.scene import Listed, Scene


def test_what_is_not_known_is_absent_not_zero() -> None:
    listed = Listed(DeviceState("gate-7", "online", 1.0, 0, 0, 0))
    assert (listed.fleet, listed.alerts, dict(listed.figures)) == ("", (), {})
    with pytest.raises(TypeError):
        listed.figures["CPU"] = 0.0  # type: ignore[index]  # nobody may fill it for all
    bare = Scene(0.0, "", "")
    assert (bare.chosen, bare.track) == (None, None)
