"""A sealed value opens where it was sealed, whole, with its key, and nowhere else."""

from __future__ import annotations

import dataclasses
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import MailgrantError, SettingsError, VaultDamaged, VaultLocked
from mailgrant.secret import Secret
from mailgrant.vault.sealing import Key, Keyring, Place, packed, seal, unseal

KEY = Key.of(bytes(range(32)))
RING = Keyring((KEY,))
HERE = Place("vault", "grants", "row", "sealed", 7)
SEALED = seal(b"a refresh token", HERE, RING, os.urandom)


def test_what_was_sealed_opens() -> None:
    assert unseal(SEALED, HERE, RING) == b"a refresh token"
    assert b"refresh" not in SEALED


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"vault_id": "other"},
        {"table": "clients"},
        {"row": "other"},
        {"column": "other"},
        {"version": 6},
        {"version": 8},
        {"version": -7},
    ],
    ids=str,
)
def test_a_value_that_was_moved_does_not_open(elsewhere: dict[str, object]) -> None:
    with pytest.raises(VaultDamaged):
        unseal(SEALED, dataclasses.replace(HERE, **elsewhere), RING)  # type: ignore[arg-type]


def test_every_changed_bit_is_an_error() -> None:
    for bit in range(len(SEALED) * 8):
        changed = bytearray(SEALED)
        changed[bit // 8] ^= 1 << bit % 8

        with pytest.raises(MailgrantError):
            unseal(bytes(changed), HERE, RING)


@given(plain=st.binary(max_size=200), bit=st.integers(0))
def test_whatever_is_sealed_every_changed_bit_is_an_error(plain: bytes, bit: int) -> None:
    changed = bytearray(seal(plain, HERE, RING, os.urandom))
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8

    with pytest.raises(MailgrantError):
        unseal(bytes(changed), HERE, RING)


@given(garbage=st.binary(max_size=80))
def test_garbage_is_damaged(garbage: bytes) -> None:
    with pytest.raises((VaultDamaged, VaultLocked)):
        unseal(garbage, HERE, RING)


def test_another_key_is_locked_and_not_damaged() -> None:
    with pytest.raises(VaultLocked):
        unseal(SEALED, HERE, Keyring((Key.of(b"x" * 32),)))


def test_an_older_key_of_the_ring_still_opens_and_the_newest_seals() -> None:
    ring = Keyring((Key.of(b"n" * 32), KEY))

    assert unseal(SEALED, HERE, ring) == b"a refresh token"
    with pytest.raises(VaultLocked):
        unseal(seal(b"x", HERE, ring, os.urandom), HERE, RING)


def test_the_same_value_is_never_sealed_to_the_same_bytes() -> None:
    assert seal(b"x", HERE, RING, os.urandom) != seal(b"x", HERE, RING, os.urandom)


@given(parts=st.lists(st.binary(max_size=8), max_size=4), others=st.lists(st.binary(max_size=8), max_size=4))
def test_no_two_lists_are_packed_alike(parts: list[bytes], others: list[bytes]) -> None:
    assert (packed(*parts) == packed(*others)) == (parts == others)


def test_keys_are_read_newest_first_with_or_without_padding() -> None:
    new, old = Key.of(b"n" * 32), KEY

    ring = Keyring.from_text(f"{new.material.reveal().rstrip('=')}, {old.material.reveal()}\n")

    assert [key.id for key in ring.keys] == [new.id, old.id]
    assert ring.newest.id == new.id


@pytest.mark.parametrize("text", ["short", "!" * 44, "a" * 42, "ü" * 43], ids=repr)
def test_a_key_of_the_wrong_form_is_a_settings_error(text: str) -> None:
    with pytest.raises(SettingsError):
        Keyring.from_text(text)


def test_no_key_at_all_is_locked() -> None:
    with pytest.raises(VaultLocked):
        Keyring.from_text(" , ")


def test_a_key_does_not_print() -> None:
    assert KEY.material.reveal() not in repr(KEY) + repr(RING)
    assert isinstance(KEY.material, Secret)
