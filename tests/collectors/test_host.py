from __future__ import annotations

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.host import BOUND, Host, Kept, counts, label, malformed, printable


def test_a_kept_file_is_read_anew_through_one_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    kept = Kept(path)
    assert kept.read() == b"one"
    before = len(os.listdir("/proc/self/fd"))
    path.write_bytes(b"two, longer")
    assert kept.read() == b"two, longer"
    assert len(os.listdir("/proc/self/fd")) == before
    kept.close()
    kept.close()
    assert len(os.listdir("/proc/self/fd")) == before - 1


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 8191, 8192, 8193, 100_000, BOUND])
def test_a_file_of_any_size_up_to_the_bound_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    kept = Kept(path)
    assert [kept.read(), kept.read()] == [path.read_bytes()] * 2
    kept.close()


def test_a_file_beyond_the_bound_is_refused_by_name_and_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 5001)
    with pytest.raises(ValueError, match=r"file: longer than the bound of 5000 bytes"):
        Host(tmp_path).read(path, 5000)


def test_a_file_of_the_kernel_that_comes_in_pieces_is_read_whole() -> None:
    kept = Kept(Path("/proc/kallsyms"), bound=64 << 20)
    text = kept.read()
    kept.close()
    assert text.endswith(b"\n")
    assert text.count(b"\n") == Path("/proc/kallsyms").read_bytes().count(b"\n")


def test_a_missing_file_is_named_and_found_when_it_comes(tmp_path: Path) -> None:
    kept = Host(tmp_path).open(tmp_path / "late")
    with pytest.raises(FileNotFoundError, match="late"):
        kept.read()
    (tmp_path / "late").write_bytes(b"here")
    assert kept.read() == b"here"
    kept.close()


def test_a_folder_in_a_files_place_is_an_error_that_names_it(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        kept.read()
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        kept.read()
    kept.close()


def test_a_file_without_permission_is_an_error_that_names_it() -> None:
    nobody = 65534
    user = os.geteuid()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "secret"
        path.touch(mode=0)
        Path(folder).chmod(0o755)
        if not user:
            os.seteuid(nobody)  # root may read everything
        try:
            with pytest.raises(PermissionError, match="secret"):
                Kept(path).read()
        finally:
            os.seteuid(user)


def test_what_stood_behind_the_descriptor_is_gone_so_the_path_is_opened_again() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        kept = Kept(Path(f"/proc/{child.pid}/stat"))
        assert kept.read().startswith(str(child.pid).encode())
        child.kill()
    with pytest.raises(FileNotFoundError, match=f"/proc/{child.pid}/stat"):
        kept.read()
    kept.close()


def test_roots_can_be_moved_one_by_one(tmp_path: Path) -> None:
    host = Host(tmp_path, proc=Path("/proc"))
    assert host.proc == Path("/proc")
    assert (host.sys, host.dev) == (tmp_path / "sys", tmp_path / "dev")
    assert host.ticks == os.sysconf("SC_CLK_TCK")
    assert host.page == os.sysconf("SC_PAGE_SIZE")


def test_mounts_are_asked_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert Host(tmp_path).statvfs("/data").f_blocks == os.statvfs(tmp_path).f_blocks
    with pytest.raises(FileNotFoundError):
        Host(tmp_path).statvfs("/proc")


def test_a_folder_is_listed(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    assert Host(tmp_path).list(tmp_path) == ["one"]


@pytest.mark.parametrize("word", [b"-1", b"x", b"", b"1.5", b"18446744073709551616", b"9" * 5000])
def test_what_the_kernel_would_not_count_is_refused(word: bytes) -> None:
    with pytest.raises(ValueError):
        counts([b"1", word])


def test_counts_are_whole_numbers() -> None:
    assert counts([b"0", b"18446744073709551615"]) == [0, 2**64 - 1]
    assert counts([]) == []


@given(st.binary(max_size=400))
def test_an_excerpt_and_a_label_are_bounded_and_harmless(raw: bytes) -> None:
    told = str(malformed("/proc/stat", raw))
    assert told.isascii()
    assert told.isprintable()
    assert len(told) < 300
    assert label(raw).isprintable()
    assert len(label(raw)) <= 200


def test_escapes_and_turned_text_become_question_marks() -> None:
    assert printable("eth0\x1b[2J\u202e\n") == "eth0?[2J??"
    assert printable("größe 1") == "größe 1"
