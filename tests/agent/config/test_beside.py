from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.config.beside import MOST, MOST_BYTES, beside
from agent.config.fault import Faults
from agent.config.load import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conf.d").mkdir()
    return tmp_path / "conf.d"


def names(folder: Path) -> list[str]:
    return [Path(file).name for file in beside(folder.parent / "outrider.toml")]


def fault_of(folder: Path) -> str:
    with pytest.raises(Faults) as raised:
        load(beside(folder.parent / "outrider.toml"))
    return str(raised.value).replace(str(folder), folder.name)


def test_without_the_folder_there_is_nothing(tmp_path: Path) -> None:
    assert beside(tmp_path / "outrider.toml") == []


def test_files_come_in_the_order_of_their_names(folder: Path) -> None:
    for name in ("20-b.toml", "10-a.toml", "9.toml", "Z.toml"):
        (folder / name).touch()
    assert names(folder) == ["10-a.toml", "20-b.toml", "9.toml", "Z.toml"]


def test_hidden_files_and_what_editors_leave_are_not_read(folder: Path) -> None:
    left = (".a.toml", ".#a.toml", "#a.toml#", "a.toml~", "a.toml.swp", ".a.toml.swp", "a.toml.bak",
            "a.toml.dpkg-old", "a.toml.rpmnew", "README", "toml")  # fmt: skip
    for name in left:
        (folder / name).write_text("nonsense")
    assert names(folder) == []


def test_what_is_no_file_is_a_fault(folder: Path) -> None:
    os.mkfifo(folder / "1.toml")
    (folder / "2.toml").mkdir()
    (folder / "3.toml").symlink_to("/dev/null")
    (folder / "4.toml").symlink_to("nowhere")
    (folder / "5.toml").write_text("[window]\nspan = 0\n")
    assert fault_of(folder).splitlines() == [
        "conf.d/1.toml: is no regular file",
        "conf.d/2.toml: is no regular file",
        "conf.d/3.toml: is no regular file",
        "conf.d/4.toml: cannot be read: No such file or directory",
        "conf.d/5.toml:2: window.span: 0 is too small, allowed: 1s to 1h",
    ]


def test_a_folder_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "conf.d").write_text("")
    assert fault_of(tmp_path / "conf.d") == "conf.d: cannot be read: Not a directory"
    (tmp_path / "conf.d").unlink()
    (tmp_path / "conf.d").symlink_to("nowhere")
    assert fault_of(tmp_path / "conf.d").startswith("conf.d: changes while it is read, or leads nowhere")


def test_there_are_only_so_many_files_and_bytes(folder: Path) -> None:
    for number in range(MOST):
        (folder / f"{number}.toml").touch()
    assert len(names(folder)) == MOST
    os.truncate(folder / "0.toml", MOST_BYTES + 1)
    assert fault_of(folder) == f"conf.d: holds {MOST_BYTES + 1} bytes, allowed: at most {MOST_BYTES}"
    (folder / "more.toml").touch()
    assert fault_of(folder) == f"conf.d: holds {MOST + 1} files, allowed: at most {MOST}"
