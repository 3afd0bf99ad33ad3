from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfoNotFoundError

import pytest

from collectors.logs.formats import zones
from collectors.logs.formats.zones import zone_of

SUMMER = datetime(2026, 7, 1)  # noqa: DTZ001 - the zone is what is asked for


def hours(name: str = "") -> float:
    found = zone_of(name).utcoffset(SUMMER)
    assert found is not None
    return found.total_seconds() / 3600


def test_a_zone_by_its_name() -> None:
    assert hours("Europe/Berlin") == 2
    with pytest.raises(ZoneInfoNotFoundError):
        zone_of("Europe/Atlantis")


def test_the_zone_of_the_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert hours() == 9
    local = tmp_path / "localtime"
    local.symlink_to(next(path for each in TZPATH if (path := Path(each) / "Asia/Kolkata").exists()))
    monkeypatch.setattr(zones, "LOCALTIME", local)
    monkeypatch.setenv("TZ", "EST5EDT4,M3.2.0,M11.1.0")
    assert hours() == 5.5
    monkeypatch.delenv("TZ")
    assert hours() == 5.5
    local.unlink()
    assert zone_of() is timezone.utc
