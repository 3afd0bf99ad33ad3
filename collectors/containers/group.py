"""One container or unit: the files of its control group, kept open, and one reading of all."""

from __future__ import annotations

from pathlib import Path

from collectors.api import Absence, Metric, Series
from collectors.cgroups import VANISHED, Trees
from collectors.containers import metrics
from collectors.containers.accounts import ACCOUNTS, LIMITS, Account, Shape, limit
from collectors.host import Host, Kept, printable


class Kind:
    """What one version of control groups has to say, and where."""

    __slots__ = ("accounts", "host", "limit", "shape", "told", "trees")

    def __init__(self, host: Host, trees: Trees, shape: Shape) -> None:
        self.host = host
        self.trees = trees
        self.shape = shape
        self.accounts: tuple[Account, ...] = tuple(
            each for each in ACCOUNTS[trees.version] if each.controller in trees.roots
        )
        self.told = tuple(dict.fromkeys(each.metrics[0][0] for each in self.accounts))
        self.limit = LIMITS[trees.version]

    def path(self, controller: str, group: str, file: str) -> Path:
        """Where a file of a group lies."""
        return Path(f"{self.trees.roots[controller]}{group}/{file}")


class Group:
    """Reads one group.

    Args:
        kind: the version, and where it lies.
        path: of the group, below each controller's root.
        name, runtime: the values of its attributes.
    """

    __slots__ = ("_accounts", "_files", "_kind", "_limit", "_why", "name", "path", "runtime", "series")

    def __init__(self, kind: Kind, path: str, name: str, runtime: str) -> None:
        self.path = path
        self.name = name
        self.runtime = runtime
        self._kind = kind
        self._limit: int | None = None
        self._why = ""
        self._accounts: tuple[Account, ...] = ()
        self._files: dict[tuple[str, str], Kept] = {}
        self.series: tuple[Series, ...] = ()
        self.look()

    def look(self) -> None:
        """See anew which accounts it has, and its limit."""
        accounts: dict[Metric, Account] = {}
        for each in self._kind.accounts:
            if self._kind.path(each.controller, self.path, each.sign).exists():
                accounts.setdefault(each.metrics[0][0], each)
        before = self._accounts, self._limit is None
        self._accounts = tuple(accounts.values())
        self._limit = self._limited()
        if (self._accounts, self._limit is None) != before or not self.series:
            self._arrange()

    def lacks(self) -> list[Metric]:
        """What others of its version may have and it has not."""
        had = {each.metrics[0][0] for each in self._accounts}
        return [metric for metric in self._kind.told if metric not in had]

    def read(self) -> tuple[list[float | None], list[Absence]] | None:
        """Values in the order of `series`; None: the group is gone."""
        values: list[float | None] = []
        absences: list[Absence] = []
        texts: dict[tuple[str, str], bytes] = {}
        for account in self._accounts:
            keys = [(account.controller, file) for file in account.files]
            try:
                for key in keys:
                    if key not in texts:
                        texts[key] = self._files[key].read()
                values += account.parse([texts[key] for key in keys], self._kind.shape)
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and error.errno in VANISHED and self._gone():
                    return None
                values += [None] * len(account.metrics)
                absences.append(self._absence(account.metrics[0][0], str(error)))
        if self._why:
            absences.append(self._absence(metrics.LIMIT, self._why))
        if self._limit is not None:
            values.append(self._limit)
        return values, absences

    def close(self) -> None:
        """Give the descriptors back."""
        for file in self._files.values():
            file.close()

    def _gone(self) -> bool:
        return not Path(f"{self._kind.trees.any}{self.path}").is_dir()

    def _absence(self, metric: Metric, why: str) -> Absence:
        return Absence(metric.name, printable(f"{self.name}: {why}"))

    def _limited(self) -> int | None:
        self._why = ""
        if "memory" not in self._kind.trees.roots:
            return None
        path = self._kind.path("memory", self.path, self._kind.limit)
        if not path.exists():
            return None
        try:
            return limit(self._kind.host.read(path))
        except (OSError, ValueError) as error:
            self._why = str(error)
            return None

    def _arrange(self) -> None:
        wanted = {(each.controller, file) for each in self._accounts for file in each.files}
        for key in self._files.keys() - wanted:
            self._files.pop(key).close()
        for key in wanted - self._files.keys():
            self._files[key] = self._kind.host.open(self._kind.path(key[0], self.path, key[1]))
        pairs = [pair for each in self._accounts for pair in each.metrics]
        if self._limit is not None:
            pairs.append((metrics.LIMIT, ""))
        self.series = tuple(self._of(metric, value) for metric, value in pairs)

    def _of(self, metric: Metric, value: str) -> Series:
        named = dict(zip(metrics.GROUP, (self.name, self.runtime), strict=True))
        if value:
            named[metric.attributes[-1]] = value
        return metric.of(**named)
