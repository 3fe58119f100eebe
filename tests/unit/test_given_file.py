"""Files that a person hands to us are read whole or not at all; those we hand out are for them alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mailgrant.errors import SettingsError
from mailgrant.given_file import LARGEST, is_open_to_others, read_given, write_secret


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_bytes(b"x" * LARGEST)

    assert len(read_given(file)) == LARGEST


def test_what_is_not_there_says_so_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        read_given(tmp_path / "key.json", hint="Download it.")

    assert caught.value.hint == "Download it."


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
def test_whoever_else_may_read_or_write_is_noticed(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key.json"
    file.touch(mode=0o600)
    alone = is_open_to_others(file)
    file.chmod(mode)

    assert (alone, is_open_to_others(file)) == (False, True)


def test_a_secret_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "token.json"

    write_secret(file, "secret")

    assert file.read_text() == "secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_there_is_not_overwritten_nor_a_link_followed(tmp_path: Path) -> None:
    file, link, elsewhere = tmp_path / "token.json", tmp_path / "link.json", tmp_path / "elsewhere.json"
    file.write_text("mine")
    link.symlink_to(elsewhere)

    for taken in (file, link):
        with pytest.raises(SettingsError, match="is not overwritten"):
            write_secret(taken, "secret")

    assert file.read_text() == "mine"
    assert not elsewhere.exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        write_secret(tmp_path / "nowhere" / "token.json", "secret")

    assert list(tmp_path.iterdir()) == []
