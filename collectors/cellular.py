"""Modems: signal and connection, as ModemManager tells them to its program `mmcli`.

The kernel knows next to nothing of a radio network; a modem is asked over QMI, MBIM or AT, one program at a
time, and on most systems that is ModemManager. So where the kernel shows a modem and `mmcli` is installed,
that is run (`mmcli -m any -J`), aside, for a few seconds at most, of one modem. Nothing is run where there
is no modem.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from collectors.api import Absence, Metric, NoData, Reading, Registration, Series
from collectors.aside import Aside
from collectors.host import Host, printable
from collectors.interfaces import interfaces

SOURCE = "mmcli -m any -J"
PROGRAM = "usr/bin/mmcli"
SECONDS = 5.0  # that mmcli may take
PATIENCE = 1.0  # s that a poll waits for it
BOUND = 64 * 1024  # bytes; a modem with many bands has 12 KB
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
MISSING = "mmcli is not installed: apt-get install modemmanager"
ELSEWHERE = "mmcli is not run for a host that is seen from a container"
SLOW = "mmcli takes too long; is ModemManager running?"
# Drivers of modems that have a serial line alone.
SERIAL = ("option", "sierra", "qcserial")
UNKNOWN = "--"  # mmcli's word

KEYS = ("hw.id", "hw.name")
QUALITY = Metric(
    "linux.cellular.quality",
    "1",
    "gauge",
    (*KEYS, "network.connection.subtype"),
    SOURCE,
    "Strength of the signal as the modem rates it, of the best.",
)
CONNECTED = Metric(
    "linux.cellular.connected", "1", "gauge", KEYS, SOURCE, "1 while the modem has a data connection, else 0."
)


class Modem(NamedTuple):
    """What mmcli says of a modem.

    Args:
        device: the last part of its path in `/sys`, the same while it stays in its socket.
        name: maker and model.
        connected: whether it has a data connection.
        technology: how it is registered: `lte`, `5gnr,lte`.
        quality: share, None while the modem has not measured lately.
    """

    device: str
    name: str
    connected: bool
    technology: str
    quality: float | None


def parse(text: bytes) -> Modem:
    """The modem in mmcli's JSON.

    Raises:
        ValueError: it is not what mmcli says of a modem.
    """
    try:
        generic = json.loads(text)["modem"]["generic"]
        signal = generic["signal-quality"]
        percent = int(signal["value"]) if signal["recent"] == "yes" else None
        state = word(generic["state"])
        found = [word(each) for each in generic.get("access-technologies", [])]
        name = " ".join(
            each for key in ("manufacturer", "model") if (each := word(generic.get(key, UNKNOWN)))
        )
        device = Path(word(generic["device"])).name
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise ValueError(f"{SOURCE}: not understood: {ascii(text[:60])[1:]}") from None
    if percent is not None and not 0 <= percent <= 100:
        raise ValueError(f"{SOURCE}: a signal of {percent} % cannot be")
    technology = printable(",".join(filter(None, found))) or "unknown"
    return Modem(
        device or "modem",
        name or "modem",
        state == "connected",
        technology,
        None if percent is None else percent / 100,
    )


def word(value: Any) -> str:
    """A word of mmcli's, harmless; empty where it knows none.

    Raises:
        TypeError: it is no word.
    """
    if not isinstance(value, str):
        raise TypeError
    return "" if value == UNKNOWN else printable(value)


def present(host: Host) -> bool:
    """Whether the kernel shows a modem.

    Raises:
        OSError: `/sys` may not be read.
    """
    if listed(host, "class/wwan") or any(
        name.startswith("cdc-wdm") for name in listed(host, "class/usbmisc")
    ):
        return True
    for driver in SERIAL:
        if any(name.startswith("ttyUSB") for name in listed(host, f"bus/usb-serial/drivers/{driver}")):
            return True
    return wwan(host, interfaces(host).values())


def listed(host: Host, folder: str) -> list[str]:
    """The names in a folder of `/sys`; none where it is not there."""
    try:
        return host.list(host.sys / folder)
    except FileNotFoundError:
        return []


def wwan(host: Host, folders: Iterable[Path]) -> bool:
    """Whether one of these interfaces is a modem's."""
    for folder in folders:
        try:
            if b"DEVTYPE=wwan" in host.read(folder / "uevent", 4096).split(b"\n"):
                return True
        except (OSError, ValueError):
            continue  # gone meanwhile, or told by none of its kind
    return False


def told(program: Path, seconds: float = SECONDS) -> bytes:
    """What the program prints, at most `BOUND` bytes, in at most `seconds`; it does not outlive the call.

    Raises:
        OSError: it cannot be run, takes longer, or fails; with its first words.
        ValueError: it prints more.
    """
    from subprocess import DEVNULL, PIPE, STDOUT, Popen, TimeoutExpired  # 1 MB: paid where there is a modem

    command = [str(program), "-m", "any", "-J"]
    with Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=ENVIRONMENT) as child:
        try:
            text = drained(child.stdout.fileno() if child.stdout else -1, monotonic() + seconds)
            child.wait(seconds)
        except TimeoutExpired:
            raise OSError(SLOW) from None
        finally:
            child.kill()
    if child.returncode:
        words = text.decode("utf-8", "replace").strip() or f"exit code {child.returncode}"
        raise OSError(printable(f"mmcli: {words}"))
    return text


def drained(pipe: int, end: float) -> bytes:
    """All that comes through the pipe until it is closed.

    Raises:
        OSError: it is still open at `end`.
        ValueError: it is more than `BOUND` bytes.
    """
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    text = b""
    while waiting.poll(max(0.0, end - monotonic()) * 1000):
        piece = os.read(pipe, 8192)
        if not piece:
            return text
        text += piece
        if len(text) > BOUND:
            raise ValueError(f"mmcli: more than {BOUND} bytes")
    raise OSError(SLOW)


class Cellular:
    """Runs mmcli aside.

    Args:
        host: whose modem.
        patience: seconds that a poll waits for the answer.

    Raises:
        NoData: there is no modem.
    """

    __slots__ = ("_aside", "_host", "_program", "_series")

    def __init__(self, host: Host, patience: float = PATIENCE) -> None:
        self._host = host
        self._program = host.root / PROGRAM
        self._aside: Aside[bytes] = Aside("mmcli", patience, monotonic)
        self._series: tuple[Series, ...] = ()

    def collect(self, now: float) -> Reading:
        """See `Collector.collect`.

        Raises:
            NoData: there is no modem.
        """
        if not present(self._host):
            raise NoData("no modem in /sys/class/{wwan,usbmisc,net} and among USB's serial lines")
        reason = self._obstacle()
        if reason:
            return Reading((), (), (Absence("modem", reason),))
        try:
            modem = parse(self._aside(partial(told, self._program)))
        except (OSError, ValueError) as error:
            return Reading(
                self._series, (None,) * len(self._series), (Absence("modem", printable(str(error))),)
            )
        return self._reading(modem)

    def close(self) -> None:
        """See `Collector.close`. An mmcli that runs ends with its time."""
        self._aside.close()

    def _obstacle(self) -> str:
        if self._host.other:
            return ELSEWHERE
        return "" if self._program.is_file() and os.access(self._program, os.X_OK) else MISSING

    def _reading(self, modem: Modem) -> Reading:
        keys = {KEYS[0]: modem.device, KEYS[1]: modem.name}
        series = (
            QUALITY.of(**keys, **{"network.connection.subtype": modem.technology}),
            CONNECTED.of(**keys),
        )
        if series != self._series:
            self._series = series
        stale = (
            () if modem.quality is not None else (Absence(QUALITY.name, "the modem has not measured lately"),)
        )
        return Reading(self._series, (modem.quality, int(modem.connected)), stale)


COLLECTOR = Registration(
    "cellular",
    "Modems: signal and connection, through ModemManager.",
    (QUALITY, CONNECTED),
    lambda host, *_: Cellular(host),
)
