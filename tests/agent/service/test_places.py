from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import DEFAULT_FILE
from agent.service import files
from agent.service.places import UNIT, USER, Places


def test_they_are_where_the_unit_and_the_settings_say() -> None:
    places = Places()
    unit = files.read("systemd", UNIT)
    assert f"ExecStart={places.program} run --config {places.settings}\n" in unit
    assert f"User={USER}\nGroup={USER}\n" in unit
    assert str(places.settings) == DEFAULT_FILE
    assert places.state == Path("/var/lib") / USER
    assert places.runtime == Path("/run") / USER


def test_another_root_moves_all_of_them(tmp_path: Path) -> None:
    moved = Places(tmp_path)
    for name in ("prefix", "link", "settings", "state", "runtime", "unit", "drop_ins", "systemd"):
        assert getattr(moved, name).is_relative_to(tmp_path)


def test_the_installed_package_is_found_whatever_the_python(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with pytest.raises(FileNotFoundError, match="is not installed there"):
        _ = places.package
    package = places.prefix / "lib/python3.13/site-packages/agent"
    package.mkdir(parents=True)
    assert places.package == package
    assert places.site == package.parent
