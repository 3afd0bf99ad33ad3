"""Tests mirror the code: agent/stats/histogram.py is tested by tests/agent/stats/test_histogram.py.

A second file about one module adds a word: test_histogram_algebra.py. A package whose `__init__` has
code is tested by test_init.py, or by one that bears the package's name, in its folder.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.source import PACKAGES, ROOT, Module, modules

UNTESTED = {
    "agent/__main__.py": "three lines; every end-to-end test runs `python -m agent`",
}


def has_code(module: Module) -> bool:
    """Whether there is anything to test beyond a docstring and names handed on."""
    handed_on = (ast.Import, ast.ImportFrom, ast.Expr)
    return any(not isinstance(node, handed_on) for node in module.tree.body)


def stems(path: Path) -> list[str]:
    """What the test files of this module may begin with, after `test_`."""
    return ["init", path.parent.name] if path.name == "__init__.py" else [path.stem]


def mirrored(module: Module) -> list[Path]:
    """The test files about a module."""
    folder = ROOT / "tests" / module.path.relative_to(ROOT).parent
    exact = [path for stem in stems(module.path) if (path := folder / f"test_{stem}.py").exists()]
    return exact or [path for stem in stems(module.path) for path in folder.glob(f"test_{stem}_*.py")]


def test_every_module_has_its_test() -> None:
    missing = [m.where for m in modules() if has_code(m) and m.where not in UNTESTED and not mirrored(m)]
    assert not missing, f"no test at the mirrored place: {missing}"


def test_every_test_has_its_module() -> None:
    lost = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sorted((ROOT / "tests" / package).rglob("test_*.py"))
        if not about(path)
    ]
    assert not lost, f"no module that these test: {lost}"


def about(test: Path) -> list[Path]:
    """The modules a test file may be about: the longest name that fits, or a shorter one."""
    folder = ROOT / test.parent.relative_to(ROOT / "tests")
    words = test.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:length]) for length in range(len(words), 0, -1)]
    packages = ("init", folder.name)
    paths = [folder / ("__init__.py" if name in packages else f"{name}.py") for name in names]
    return [path for path in paths if path.exists()]


def test_exceptions_are_still_there() -> None:
    assert [where for where in UNTESTED if not (ROOT / where).exists()] == []


def test_no_package_among_the_tests() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == [], "two tests of one name would hide each other"
