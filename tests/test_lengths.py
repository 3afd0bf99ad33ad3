"""Files and functions stay short enough to be read at one sitting.

`python tests/test_lengths.py` prints the distribution and the longest.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.source import modules

LONGEST_FILE = 450
LONGEST_FUNCTION = 60

Lengths = list[tuple[int, str]]


def files() -> Lengths:
    """Lines of each file that has any."""
    lines = ((len(module.path.read_text().splitlines()), module.where) for module in modules())
    return sorted(((length, where) for length, where in lines if length), reverse=True)


def functions() -> Lengths:
    """Lines of each function, from its `def` to its last line, without decorators and docstring."""
    return sorted(
        (
            (lines_of(node), f"{module.where}:{node.lineno} {node.name}")
            for module in modules()
            for node in walk(module.tree)
        ),
        reverse=True,
    )


def walk(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """All functions and methods."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def lines_of(node: ast.FunctionDef) -> int:
    """How many lines a reader of the function has to follow."""
    words = ast.get_docstring(node, clean=False)
    documented = words.count("\n") + 1 if words is not None else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - documented


def test_no_file_is_longer_than_one_can_read() -> None:
    assert [f"{where}: {length} lines" for length, where in files() if length > LONGEST_FILE] == []


def test_no_function_is_longer_than_a_screen() -> None:
    assert [f"{where}: {length} lines" for length, where in functions() if length > LONGEST_FUNCTION] == []


def report() -> Iterator[str]:
    """The distribution, and the five longest of each."""
    for what, lengths in (("files", files()), ("functions", functions())):
        counts = [length for length, _ in lengths]
        yield f"{len(counts)} {what}: median {median(counts):g} lines, longest {counts[0]}"
        yield from (f"  {length:4}  {where}" for length, where in lengths[:5])


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in report())
