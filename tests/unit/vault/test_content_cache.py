"""The cache gives back what was put under that name, for a grant that may read, and is never in the way."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailgrant import keeping
from mailgrant.content_cache import ContentCache
from mailgrant.oauth.scopes import Scopes
from mailgrant.storage.sealed_folder import SealedFolder
from mailgrant.vault.content_seal import ContentName, ContentSeal
from mailgrant.vault.grant import Grant, GrantStatus
from mailgrant.vault.sealing import Key
from mailgrant.vault.vault import Vault

from .keeping import ADA, GRACE, Household, a_grant

MINUTES = b"The minutes follow."
READER = Scopes("gmail.readonly")


class Desk:
    """A vault in which Ada and Grace may read, and its cache."""

    def __init__(self, folder: Path) -> None:
        self.home = Household(folder)
        self.vault: Vault = self.home.open()
        self.ada, self.grace = (self.vault.keep(replace(a_grant(who), scopes=READER)) for who in (ADA, GRACE))
        self.folder = folder / "cache"
        self.said: list[str] = []
        self.cache = self.opened()

    def opened(self, vault: Vault | None = None, *, most: int = 100_000) -> ContentCache:
        return ContentCache(vault or self.vault, self.folder, most=most, say=self.said.append)

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != "count")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def of(grant: Grant, text: str = "m1") -> ContentName:
    return ContentName(grant.id, text)


def test_another_program_finds_what_was_put(desk: Desk) -> None:
    desk.cache.put(of(desk.ada), MINUTES)

    other = desk.opened(desk.home.open())

    assert other.get(of(desk.ada)) == MINUTES
    assert other.get(of(desk.ada, "m2")) is None
    assert other.get(of(desk.grace)) is None
    assert desk.said == []


def test_neither_the_files_nor_their_names_say_anything(desk: Desk) -> None:
    desk.cache.put(of(desk.ada, "message-17"), MINUTES)

    [file] = desk.files()
    path = str(file.relative_to(desk.folder))
    assert not any(word in path for word in ("message-17", ADA, desk.ada.id, desk.vault.id))
    assert b"minutes" not in file.read_bytes()


def test_names_and_seals_are_of_this_vault_and_key() -> None:
    key, other = Key.of(b"a" * 32), Key.of(b"b" * 32)
    seals = [
        ContentSeal("1f", key, os.urandom),
        ContentSeal("2f", key, os.urandom),
        ContentSeal("1f", other, os.urandom),
    ]
    name = ContentName("g", "m1")
    sealed = seals[0].seal(name, MINUTES)

    assert [seal.open(name, sealed) for seal in seals] == [MINUTES, None, None]
    assert len({seal.place_of(name).partition("/")[2] for seal in seals}) == 3


@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda text: text[:40], lambda text: text[:-1] + bytes([text[-1] ^ 1]), lambda _: os.urandom(900)],
    ids=["empty", "cut off", "one bit", "something else"],
)
def test_a_damaged_content_is_not_found_and_deleted(damage: Callable[[bytes], bytes], desk: Desk) -> None:
    desk.cache.put(of(desk.ada), MINUTES)
    [file] = desk.files()
    file.write_bytes(damage(file.read_bytes()))

    assert desk.cache.get(of(desk.ada)) is None
    assert desk.files() == []
    assert desk.said == []


@pytest.mark.parametrize("whose", ["ada", "grace"])
def test_contents_that_were_exchanged_are_not_found(whose: str, desk: Desk) -> None:
    names = of(desk.ada), of(desk.ada if whose == "ada" else desk.grace, "m2")
    for name in names:
        desk.cache.put(name, MINUTES)
    first, second = desk.files()
    shutil.move(first, desk.folder / "aside")
    shutil.move(second, first)
    shutil.move(desk.folder / "aside", second)

    assert [desk.cache.get(name) for name in names] == [None, None]
    assert desk.files() == []


def test_after_a_new_key_nothing_is_found_and_nothing_of_the_old_one_is_left(desk: Desk) -> None:
    desk.cache.put(of(desk.ada), MINUTES)
    bystander = desk.opened(desk.home.open())
    assert bystander.get(of(desk.ada)) == MINUTES

    keeping.rotate(desk.home.settings(), desk.vault)

    assert bystander.get(of(desk.ada)) is None
    assert desk.files() == []
    bystander.put(of(desk.ada), MINUTES)
    assert desk.cache.get(of(desk.ada)) == MINUTES


def test_what_is_put_while_the_key_is_changed_does_not_stay(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    bystander = desk.opened(desk.home.open())
    put = SealedFolder.put

    def late(files: SealedFolder, path: str, content: bytes) -> None:
        keeping.rotate(desk.home.settings(), desk.vault)
        desk.cache.forget()
        put(files, path, content)

    monkeypatch.setattr(SealedFolder, "put", late)

    bystander.put(of(desk.ada), MINUTES)

    assert desk.files() == []


def test_what_is_not_ours_in_the_folder_is_left_alone(desk: Desk) -> None:
    desk.cache.put(of(desk.ada), MINUTES)
    (desk.folder / "letters").mkdir()
    (desk.folder / "letters" / "ada.txt").write_text("Dear Grace")

    desk.opened().forget(desk.ada.id)

    assert [file.name for file in desk.files()] == ["ada.txt"]


def test_forgetting_deletes_what_was_read_with_that_grant_and_no_other(desk: Desk) -> None:
    for grant in (desk.ada, desk.grace):
        desk.cache.put(of(grant), MINUTES)

    # A cache that is not used any more forgets as well.
    desk.opened(most=0).forget(desk.ada.id)

    assert desk.cache.get(of(desk.ada)) is None
    assert desk.cache.get(of(desk.grace)) == MINUTES


def test_nothing_is_given_out_for_a_grant_that_may_not_read(desk: Desk) -> None:
    desk.cache.put(of(desk.ada), MINUTES)

    headers_only = desk.vault.keep(replace(desk.ada, scopes=Scopes("gmail.metadata gmail.send")))
    assert desk.cache.get(of(desk.ada)) is None
    paused = desk.vault.mark(desk.vault.keep(replace(headers_only, scopes=READER)), GrantStatus.PAUSED, "policy")
    assert desk.cache.get(of(desk.ada)) is None
    desk.vault.keep(replace(paused, status=GrantStatus.ACTIVE))
    assert desk.cache.get(of(desk.ada)) == MINUTES


@pytest.mark.parametrize("status", [GrantStatus.REVOKED, GrantStatus.NEEDS_CONSENT])
def test_what_was_read_with_a_grant_that_has_ended_is_deleted(status: GrantStatus, desk: Desk) -> None:
    desk.cache.put(of(desk.ada), MINUTES)

    desk.vault.mark(desk.ada, status, "gone")

    assert desk.cache.get(of(desk.ada)) is None
    assert desk.files() == []


def test_what_comes_after_a_goodbye_does_not_stay(desk: Desk) -> None:
    desk.vault.drop(desk.ada)
    desk.cache.forget(desk.ada.id)

    desk.cache.put(of(desk.ada), MINUTES)

    assert desk.files() == []


def test_a_folder_that_cannot_be_used_is_said_once_and_reading_goes_on(desk: Desk) -> None:
    desk.folder.write_text("This is no folder.")

    for text in ("m1", "m2"):
        desk.cache.put(of(desk.ada, text), MINUTES)
        assert desk.cache.get(of(desk.ada, text)) is None

    [said] = desk.said
    assert str(desk.folder) in said


def test_a_full_disk_is_said_once_and_leaves_nothing_half_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    for text in ("m1", "m2"):
        desk.cache.put(of(desk.ada, text), MINUTES)

    assert desk.files() == []
    assert desk.said == [f"the cache in {desk.folder} cannot be used: No space left on device."]


def test_many_threads_share_one_cache(desk: Desk) -> None:
    cache = desk.opened(most=6_000)

    def work(start: int) -> None:
        for number in range(start, start + 40):
            cache.put(of(desk.ada, f"m{number}"), MINUTES)
            assert cache.get(of(desk.ada, f"m{number - 5}")) in (None, MINUTES)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(file.stat().st_size for file in desk.files()) <= 6_000
    assert desk.said == []
