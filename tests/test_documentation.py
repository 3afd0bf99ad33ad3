"""What there is, is documented, and what is documented, is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from agent.cli import VERBS
from agent.config.section import Section, section
from agent.config.settings import Config
from tests.source import ROOT, modules, texts

FOLDERS = ("agent", "collectors", "config", "systemd", "tests")
README = (ROOT / "README.md").read_text()
PAGES = {path: path.read_text() for path in [ROOT / "README.md", *sorted(ROOT.glob("[a-z]*/**/README.md"))]}
PROSE = "\n".join(PAGES.values())
PROMISED = ("demo", "test", "check", "bench", "torture")
BLOCK = re.compile(r"```\w*\n(.*?)```|((?:^ {4}\S.*\n)+)", re.DOTALL | re.MULTILINE)

# A metric's or counter's name, and not a file's.
NAME = re.compile(r"outrider(\.[a-z0-9_]+)+")
FILE_ENDS = (".toml", ".service", ".db", ".ring", ".json", ".log", ".conf", ".sqlite", ".lock", ".corrupt")

# Put together here, so that this file does not contain them.
PLACEHOLDERS = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX+", "T" + "BD", "lorem" + " ipsum")))


def commands() -> Iterator[str]:
    """Each line of each command block of the documentation."""
    for page in PAGES.values():
        for fenced, indented in BLOCK.findall(page):
            yield from (line.strip() for line in (fenced or indented).splitlines())


def keys(of: Section, prefix: str = "") -> Iterator[str]:
    """Every key of the configuration, dotted; of the tables of an array, and of one section a name, as the
    reference writes them."""
    for name, field in of.fields.items():
        if field.section is not None:
            yield from keys(field.section, f"{prefix}{name}.")
        elif field.items is not None:
            yield from keys(field.items.section(), f"{prefix}{name}[].")
        elif field.each is not None and field.each.example:
            yield from keys(field.each.section(field.each.example), f"{prefix}{name}.NAME.")
        elif field.each is not None:
            for each in field.each.names():
                yield from keys(field.each.section(each), f"{prefix}{name}.{each}.")
        else:
            yield f"{prefix}{name}"


def own_names() -> dict[str, str]:
    """Every `outrider.*` name the code spells out, and where."""
    return {
        node.value: f"{module.where}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if NAME.fullmatch(node.value) and not node.value.endswith(FILE_ENDS)
    }


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_readme(verb: str) -> None:
    assert re.search(rf"\boutrider {verb}\b", README), f"README.md never says `outrider {verb}`"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples_in_its_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    from agent.cli import main

    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "examples:" in told
    assert f"outrider {verb}" in told.partition("examples:")[2]


def test_the_commands_in_the_documentation_exist() -> None:
    named = [(line, word) for line in commands() for word in re.findall(r"(?:^|/)outrider ([a-z]\S*)", line)]
    assert named, "the README shows no command at all"
    assert [line for line, word in named if word not in VERBS] == []


def test_the_makefile_has_the_targets_the_documentation_names() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {line.split()[1] for line in commands() if line.startswith("make ")}
    named |= set(re.findall(r"`make ([a-z]+)`", PROSE))
    assert named - targets == set()
    assert set(PROMISED) - targets == set()
    assert [name for name in PROMISED if f"make {name}" not in README] == []


def test_every_setting_is_documented() -> None:
    shipped = sample()
    missing = [
        key for key in keys(section(Config)) if f"`{key}`" not in PROSE and not in_sample(key, shipped)
    ]
    assert missing == [], "neither a file in config/ nor a README.md has them"


def in_sample(key: str, shipped: dict[str, set[str]]) -> bool:
    """Whether a shipped configuration file shows this key."""
    table, _, name = key.rpartition(".")
    return name in shipped.get(table, ())


def sample() -> dict[str, set[str]]:
    """The keys in the shipped configuration by section, those in comments too."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "config").glob("*.toml")):
        table = ""
        for line in path.read_text().splitlines():
            if head := re.match(r"#? ?\[+([\w.]+)\]+", line):
                table = head[1]
            elif key := re.match(r"#? ?(\w+) *=", line):
                found.setdefault(table, set()).add(key[1])
    return found


def test_every_name_of_our_own_is_documented() -> None:
    missing = [f"{where}: {name}" for name, where in sorted(own_names().items()) if f"`{name}`" not in PROSE]
    assert missing == [], "no README.md explains them"


def test_links_in_the_documentation_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page, text in PAGES.items()
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text)
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


def test_nothing_is_left_for_later() -> None:
    found = [f"{where}: {word}" for where, text in texts() for word in PLACEHOLDERS.findall(text)]
    assert found == []


def test_the_changelog_knows_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"## [{version[1]}]" in (ROOT / "CHANGELOG.md").read_text()


def test_pages_lie_where_their_code_is() -> None:
    pages = [page.relative_to(ROOT) for folder in FOLDERS for page in (ROOT / folder).rglob("*.md")]
    assert [str(page) for page in pages if page.name != "README.md"] == []
