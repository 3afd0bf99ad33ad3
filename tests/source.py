"""The source as the house tests read it: modules, what they import, how long they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agent", "collectors")


class Module(NamedTuple):
    """One file of the packages: its dotted name (a package's own for `__init__`), path and tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def where(self) -> str:
        """The path as a reader of the repository knows it."""
        return str(self.path.relative_to(ROOT))


class Import(NamedTuple):
    """`importer` names `target` at `line`; `target` is the longest module name that exists."""

    importer: Module
    target: str
    line: int

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.importer.where}:{self.line}"


@cache
def modules() -> tuple[Module, ...]:
    """All modules of the packages, by name."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = [Module(dotted(path), path, ast.parse(path.read_text(), str(path))) for path in paths]
    return tuple(sorted(found, key=lambda module: module.name))


def dotted(path: Path) -> str:
    """The module name of a file below the root."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> tuple[Import, ...]:
    """What our modules import of our own, inside functions too; not what only annotations need."""
    known = {module.name for module in modules()}
    return tuple(
        Import(module, longest(name, known), line)
        for module in modules()
        for name, line in named(module.tree)
        if name.split(".")[0] in PACKAGES
    )


def longest(name: str, known: set[str]) -> str:
    """`agent.stats.window.Gauge` is `agent.stats.window`: a module, not what lies in it."""
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return name


def named(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name an import statement below `node` brings in, with its line."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield from named(other)
        elif isinstance(child, ast.Import):
            yield from ((alias.name, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from ((f"{child.module}.{alias.name}", child.lineno) for alias in child.names)
        else:
            yield from named(child)


def texts() -> Iterator[tuple[str, str]]:
    """Every file a reader of the repository may open: its path and text."""
    folders = (*PACKAGES, "config", "systemd", "tests", ".ci")
    roots = [ROOT / name for name in ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml")]
    for path in [*roots, *(path for name in folders for path in sorted((ROOT / name).rglob("*")))]:
        if path.is_file() and path.suffix in (".py", ".md", ".toml", ".service", "") and not cached(path):
            yield str(path.relative_to(ROOT)), path.read_text(errors="replace")


def cached(path: Path) -> bool:
    """Whether a tool wrote it."""
    return not {"__pycache__", ".hypothesis"}.isdisjoint(path.parts)
