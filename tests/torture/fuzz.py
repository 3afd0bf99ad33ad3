"""Fuzz one collector: files of its cases, broken as coverage suggests, before and between two polls.

    python tests/torture/fuzz.py memory --seconds 600

Whatever the files say, a poll ends soon and gives a sound reading or one of the errors that a collector
may raise. The fuzzer is atheris (libFuzzer); the last line says how many inputs were tried.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

import atheris

SLOWEST = 10
"""Seconds that one input may take."""


class Tree:
    """A case laid out once; what an input breaks in it is put right for the next."""

    def __init__(self, case: Any, folder: Path) -> None:
        from tests.broken import files

        self.case = case
        self.host = case.laid(folder)
        self.whole = {path: path.read_bytes() for path in files(folder)}
        self.paths = sorted(self.whole)
        self._broken: set[Path] = set()

    def breaks(self, data: Any) -> None:
        """Break one file as `data` says."""
        from tests.broken import FAULTS

        path = self.paths[data.ConsumeIntInRange(0, len(self.paths) - 1)]
        kind = data.ConsumeIntInRange(0, 2 * len(FAULTS))
        if path in self._broken:
            self._mend(path)
        self._broken.add(path)
        if kind < len(FAULTS):
            list(FAULTS.values())[kind](path)
            return
        text = self.whole[path]
        start = data.ConsumeIntInRange(0, len(text))
        end = min(len(text), start + data.ConsumeIntInRange(0, 40))
        path.write_bytes(text[:start] + data.ConsumeBytes(data.ConsumeIntInRange(0, 40)) + text[end:])

    def mend(self) -> None:
        """All files as they were."""
        for path in self._broken:
            self._mend(path)
        self._broken.clear()

    def _mend(self, path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(self.whole[path])


def one_input(trees: list[Tree]) -> Callable[[bytes], None]:
    """What the fuzzer calls with each of its inputs."""
    from tests.broken import SAID, violations
    from tests.collecting import opened

    def polled(tree: Tree, data: Any) -> None:
        collector = None
        for poll in range(2):
            for _ in range(data.ConsumeIntInRange(0, 2)):
                tree.breaks(data)
            try:
                case = tree.case
                collector = collector or opened(case.collector, tree.host, options=case.options)
                found = violations(collector.collect(100.0 + poll))
            except SAID as said:
                found = violations(said)
                if collector is not None:
                    collector.close()
                collector = None
            assert not found, f"{tree.case.name}: {found}"
        if collector is not None:
            collector.close()

    def one(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        tree = trees[provider.ConsumeIntInRange(0, len(trees) - 1)]
        try:
            polled(tree, provider)
        finally:
            tree.mend()

    return one


def main() -> None:
    """Fuzz until the time is over or something is found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("collector")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    args = parser.parse_args()
    with atheris.instrument_imports(include=["collectors"]):
        from collectors import catalog

        catalog.load(args.collector)
    from tests.casebook import cases

    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        trees = [Tree(case, Path(folder) / case.name) for case in cases(args.collector)]
        trees = [tree for tree in trees if tree.paths]
        if not trees:
            sys.exit(f"{args.collector} has no case with files to break")
        options = [f"-max_total_time={args.seconds}", f"-timeout={SLOWEST}", f"-seed={args.seed}"]
        options += ["-print_final_stats=1", "-max_len=256", f"-artifact_prefix={folder}/"]
        atheris.Setup([sys.argv[0], *options], one_input(trees))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
