from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.config.document import LARGEST, LONGEST_LINE, read
from agent.config.fault import Faults, Place


def fault_of(file: Path) -> str:
    with pytest.raises(Faults) as raised:
        read(file)
    return str(raised.value).removeprefix(str(file))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "absent") == ": cannot be read: No such file or directory"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert fault_of(tmp_path) == ": is no regular file"


def test_a_pipe_does_not_make_it_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert fault_of(tmp_path / "pipe") == ": is no regular file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    file = tmp_path / "closed"
    file.touch(mode=0)
    assert fault_of(file) == ": cannot be read: Permission denied"


def test_a_name_with_a_null_byte_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="null byte"):
        read("a\x00b")


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"#" * (LARGEST + 1))
    assert fault_of(tmp_path / "large") == f": is larger than {LARGEST} bytes"
    (tmp_path / "large").write_bytes(b"#######\n" * (LARGEST // 8))
    assert read(tmp_path / "large").values == {}


def test_a_line_that_would_keep_a_parser_busy_for_minutes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("a = 1\n" + "b." * 150_000 + "c = 1\n")
    assert (
        fault_of(tmp_path / "deep") == f":2: the line is too long, allowed: at most {LONGEST_LINE} characters"
    )


def test_bytes_that_are_no_text_have_a_line(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"[device]\nsite = 'S\xfcd'\n")
    assert fault_of(tmp_path / "latin") == ":2: is not UTF-8: byte 0xfc"


def test_the_mark_that_some_editors_put_first_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read(tmp_path / "marked").values == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb =\n", 2), ('a = 1\nb = """\n\n', 3), ("\n\n[a", 3), ("a=1\na=2", 2)]
)
def test_a_syntax_error_has_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "bad").write_text(text)
    assert fault_of(tmp_path / "bad").startswith(f":{line}: is no TOML: ")


def test_what_is_missing_has_the_place_of_the_table_around_it(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("\n[a]\nb.c = 1\n")
    document = read(tmp_path / "good")
    assert document.place(("a", "b", "c")).line == 3
    assert document.place(("a", "x")).line == 2
    assert document.place(("y",)) == Place(str(tmp_path / "good"))
