"""Sealed contents on disk stay within their bound, whoever shares the folder, and are nobody else's to read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailgrant.storage import sealed_folder
from mailgrant.storage.sealed_folder import COUNT, DRAFT, SealedFolder

TEN = b"0123456789"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "google-1f"


def contents(folder: Path) -> dict[str, int]:
    """Every file that is kept, and its size."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != COUNT]
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def used(folder: Path, path: str, at: int) -> None:
    """Say when a file was used last."""
    os.utime(folder / path, (at, at))


def test_what_was_put_is_there_for_the_next_program(folder: Path) -> None:
    SealedFolder(folder, 100).put("k/g/a", TEN)

    assert SealedFolder(folder, 100).get("k/g/a") == TEN
    assert SealedFolder(folder, 100).get("k/g/b") is None
    assert SealedFolder(folder.parent / "other", 100).get("k/g/a") is None


def test_what_was_used_longest_ago_goes_first(folder: Path) -> None:
    files = SealedFolder(folder, 50)
    for number, name in enumerate("abcde"):
        files.put(f"k/g/{name}", TEN)
        used(folder, f"k/g/{name}", 1_000 + number)
    files.get("k/g/a")

    files.put("k/g/f", TEN)

    # A tenth is left free.
    assert set(contents(folder)) == {"k/g/a", "k/g/d", "k/g/e", "k/g/f"}


def test_whatever_is_put_the_bound_is_kept(folder: Path) -> None:
    files = SealedFolder(folder, 1_000)
    for number in range(200):
        files.put(f"k/g{number % 7}/{number}", b"x" * (number % 251))
        assert sum(contents(folder).values()) <= 1_000

    assert sum(contents(folder).values()) >= 500


def test_what_would_throw_out_many_others_is_not_kept(folder: Path) -> None:
    files = SealedFolder(folder, 100)

    files.put("k/g/large", b"x" * 26)

    assert files.get("k/g/large") is None


def test_a_new_content_does_not_look_at_all_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[object] = []
    walk = os.walk
    monkeypatch.setattr(sealed_folder.os, "walk", lambda *given: looks.append(given) or walk(*given))
    files = SealedFolder(folder, 10_000)

    for number in range(300):
        files.put(f"k/g/{number}", TEN)

    assert len(looks) == 1


@pytest.mark.parametrize("count", [b"", b"seven", b"-5 1", b"0 1000", b"\xff" * 90, b"9" * 4_000], ids=repr)
def test_a_count_that_is_wrong_or_old_is_made_anew(count: bytes, folder: Path) -> None:
    files = SealedFolder(folder, 50)
    for name in "abcde":
        files.put(f"k/g/{name}", TEN)
    (folder / COUNT).write_bytes(count)

    files.put("k/g/f", TEN)

    assert sum(contents(folder).values()) <= 50
    assert (folder / COUNT).read_bytes() == b"%d 1\n" % sum(contents(folder).values())


def test_what_a_killed_process_left_half_written_goes_when_the_bytes_are_counted(folder: Path) -> None:
    files = SealedFolder(folder, 50)
    files.put("k/g/a", TEN)
    (folder / "k" / "g" / f"b{DRAFT}").write_bytes(b"half")
    (folder / COUNT).unlink()

    files.put("k/g/c", TEN)

    assert set(contents(folder)) == {"k/g/a", "k/g/c"}


def test_everything_is_for_us_alone_even_under_a_loose_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        SealedFolder(folder, 100).put("k/g/a", TEN)
    finally:
        os.umask(before)

    modes = {
        str(path.relative_to(folder.parent)): stat.S_IMODE(path.stat().st_mode) for path in folder.parent.rglob("*")
    }
    assert set(modes.values()) == {0o600, 0o700}
    assert {name for name, mode in modes.items() if mode == 0o600} == {"google-1f/count", "google-1f/k/g/a"}


def test_a_folder_that_others_may_enter_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    folder.chmod(0o755)

    for attempt in (
        lambda: SealedFolder(folder, 100).put("k/g/a", TEN),
        lambda: SealedFolder(folder, 100).get("k/g/a"),
    ):
        with pytest.raises(PermissionError):
            attempt()
    assert list(folder.iterdir()) == []


def test_a_link_in_the_place_of_the_folder_is_refused_and_nothing_behind_it_deleted(
    folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "k").mkdir(parents=True)
    elsewhere.chmod(0o700)
    folder.parent.mkdir()
    folder.symlink_to(elsewhere)
    files = SealedFolder(folder, 100)

    for attempt in (lambda: files.put("k/g/a", TEN), lambda: files.drop("k"), files.folders):
        with pytest.raises(PermissionError):
            attempt()
    assert [path.name for path in elsewhere.iterdir()] == ["k"]


def test_a_link_or_a_pipe_in_the_place_of_a_file_is_not_read(folder: Path, tmp_path: Path) -> None:
    files = SealedFolder(folder, 100)
    files.put("k/g/a", TEN)
    (tmp_path / "letter").write_bytes(b"private")
    (folder / "k" / "g" / "link").symlink_to(tmp_path / "letter")
    os.mkfifo(folder / "k" / "g" / "pipe")

    with pytest.raises(OSError):
        files.get("k/g/link")
    assert files.get("k/g/pipe") is None


def test_a_folder_is_dropped_with_all_that_is_in_it(folder: Path) -> None:
    files = SealedFolder(folder, 100)
    for path in ("k/g/a", "k/g/b", "k/h/a"):
        files.put(path, TEN)

    files.drop("k/g")
    files.drop("k/absent")

    assert set(contents(folder)) == {"k/h/a"}
    assert files.folders() == ["k"]


def test_a_folder_is_dropped_while_others_write_to_it(folder: Path) -> None:
    files, other = SealedFolder(folder, 100_000), SealedFolder(folder, 100_000)

    def write() -> None:
        for number in range(200):
            try:
                other.put(f"k/g/{number}", TEN)
            except FileNotFoundError:
                continue

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        while not writing.done():
            files.drop("k/g")
        writing.result()
    files.drop("k/g")

    assert contents(folder) == {}


WRITER = """
import sys
from pathlib import Path
from mailgrant.storage.sealed_folder import SealedFolder
files = SealedFolder(Path(sys.argv[1]), 2_000)
for number in range(150):
    files.put(f"k/g/{sys.argv[2]}-{number}", b"x" * 100)
    files.get(f"k/g/{sys.argv[2]}-{number - 3}")
"""


def test_two_processes_at_once_keep_the_bound_together(folder: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name]) for name in "ab"]

    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    assert 1_000 <= sum(contents(folder).values()) <= 2_000
    assert int((folder / COUNT).read_bytes().split()[0]) == sum(contents(folder).values())


def test_a_process_that_keeps_the_lock_keeps_nobody_waiting_for_ever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(sealed_folder, "LOCK_TRIES", 2)
    files = SealedFolder(folder, 100)
    files.put("k/g/a", TEN)
    holder = os.open(folder / COUNT, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)

    files.put("k/g/b", TEN)
    os.close(holder)

    assert (files.get("k/g/a"), files.get("k/g/b")) == (TEN, None)


def test_where_files_cannot_be_locked_nothing_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_folder, "CAN_LOCK", False)
    files = SealedFolder(folder, 100)

    with pytest.raises(OSError, match="lock"):
        files.put("k/g/a", TEN)
    files.drop("k")

    assert not folder.exists()
