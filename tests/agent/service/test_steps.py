from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent.service.steps import (
    AS_IT_WAS,
    CommandFailed,
    Step,
    StepFailed,
    command,
    directory,
    link,
    perform,
    remove,
    run,
    text,
)


def done(step: Step) -> str:
    """What one step says that happened."""
    said: list[str] = []
    perform([step], said.append)
    return said[1].strip() if len(said) > 1 else ""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_dry_run_says_every_step_and_does_none(tmp_path: Path) -> None:
    said: list[str] = []
    steps = [directory(tmp_path / "d", 0o700, ""), command("make a file", ["touch", tmp_path / "f"], "")]
    perform(steps, said.append, dry_run=True)
    assert said == [f"[ 1/2] make {tmp_path}/d (0700)", f"[ 2/2] make a file: touch {tmp_path}/f"]
    assert list(tmp_path.iterdir()) == []


def test_the_first_that_fails_ends_it_and_says_what_to_do(tmp_path: Path) -> None:
    steps = [
        command("fail", ["sh", "-c", "echo why >&2; exit 3"], "do this instead"),
        directory(tmp_path / "never", 0o755, ""),
    ]
    with pytest.raises(StepFailed) as failed:
        perform(steps, lambda _: None)
    assert (
        str(failed.value) == "failed: fail: sh -c 'echo why >&2; exit 3': exit code 3\nwhy\ndo this instead"
    )
    assert not (tmp_path / "never").exists()


def test_a_missing_program_is_a_failed_step() -> None:
    with pytest.raises(StepFailed, match="no-such-program: No such file or directory\ninstall it"):
        perform([command("run it", ["no-such-program"], "install it")], lambda _: None)


def test_only_the_last_lines_of_a_command_are_told() -> None:
    with pytest.raises(CommandFailed) as failed:
        run(["sh", "-c", "seq 1000; exit 1"])
    assert str(failed.value).splitlines() == ["exit code 1", *map(str, range(981, 1001))]


def test_a_command_with_nothing_to_do_is_not_run(tmp_path: Path) -> None:
    assert done(command("touch it", ["touch", tmp_path / "f"], "", unless=lambda: True)) == AS_IT_WAS
    assert not (tmp_path / "f").exists()


def test_a_text_is_written_whole_with_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new/folder/file"
    before = os.umask(0o077)
    try:
        assert done(text(path, lambda: "one\n", "")) == ""
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    assert path.read_text() == "one\n"
    assert (mode(path), mode(path.parent)) == (0o644, 0o755)
    assert done(text(path, lambda: "one\n", "")) == AS_IT_WAS
    assert done(text(path, lambda: "two\n", "")) == "replaced"
    assert path.read_text() == "two\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_text_to_be_kept_is_never_overwritten_nor_read(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.symlink_to(tmp_path / "elsewhere")  # even one that leads nowhere
    assert "never overwritten" in done(text(path, lambda: "ours\n", "", keep=True))
    assert path.is_symlink()
    path.unlink()
    assert done(text(path, lambda: "ours\n", "", keep=True)) == ""
    assert path.read_text() == "ours\n"


def test_a_file_in_the_place_of_a_folder_fails_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StepFailed, match=r"file.*(File exists|Not a directory)\nmove it"):
        perform([text(tmp_path / "file/under", lambda: "", "move it")], lambda _: None)


def test_a_directory_is_put_right_once(tmp_path: Path) -> None:
    path = tmp_path / "state"
    assert done(directory(path, 0o700, "")) == ""
    assert mode(path) == 0o700
    assert done(directory(path, 0o700, "")) == AS_IT_WAS
    path.chmod(0o777)
    assert done(directory(path, 0o700, "")) == ""
    assert mode(path) == 0o700


def test_a_link_replaces_a_link_and_nothing_else(tmp_path: Path) -> None:
    path, target = tmp_path / "bin/outrider", tmp_path / "opt/outrider"
    assert done(link(path, target, "")) == ""
    assert done(link(path, target, "")) == AS_IT_WAS
    path.unlink()
    path.symlink_to(tmp_path / "old")
    assert done(link(path, target, "")) == ""
    assert path.readlink() == target
    path.unlink()
    path.write_text("somebody's own")
    with pytest.raises(StepFailed, match="File exists\nmove it away"):
        perform([link(path, target, "move it away")], lambda _: None)
    assert path.read_text() == "somebody's own"


def test_removal_takes_files_links_and_folders_but_nothing_behind_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "out").symlink_to(kept)
    lead = tmp_path / "lead"
    lead.symlink_to(kept)
    assert done(remove(tree, "")) == ""
    assert done(remove(lead, "")) == ""
    assert done(remove(lead, "")) == "not there"
    assert done(remove(kept, "", unless=lambda: "it is yours")) == "kept: it is yours"
    assert sorted(tmp_path.iterdir()) == [kept]
    assert (kept / "file").exists()
