"""Tokens for a part of a grant: bound to the grant, to what renewed them, and to their row."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.errors import GrantChanged, VaultDamaged
from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.realm import Realm, RealmName
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault import part_token
from mailgrant.vault.grant import Grant
from mailgrant.vault.lease import Lease
from mailgrant.vault.part_token import PartToken, part_key, renewer
from mailgrant.vault.sealing import Key, Keyring
from mailgrant.vault.vault import Vault

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
SEND, EVENTS = Scopes("gmail.send"), Scopes("calendar.events")


@pytest.fixture
def vault() -> Vault:
    made = Vault.create(
        MemoryStore(),
        vault_id="v1",
        keyring=Keyring((Key.of(bytes(range(32))),)),
        key_source="file",
        realm=Realm(RealmName.GOOGLE, origin=None),
        clock=lambda: NOW,
        entropy=os.urandom,
    )
    assert made is not None
    return made


def grant(name: str = "g") -> Grant:
    return Grant(
        "ada@example.com",
        id=name,
        sub="1",
        user=None,
        client_id="c",
        verified=True,
        asked=SEND | EVENTS,
        scopes=SEND | EVENTS,
        credentials=Credentials(None, refresh_token=Secret("1//0a"), expires_at=None, scopes=SEND | EVENTS),
        consented_at=NOW,
    )


def a_part(of: Grant, scopes: Scopes, token: str = "ya29.part") -> PartToken:
    return PartToken(
        of.id,
        scopes=scopes,
        access_token=Secret(token),
        expires_at=NOW + timedelta(hours=1),
        renewed_by=renewer(of),
    )


def leased(vault: Vault, of: Grant, scopes: Scopes) -> Lease:
    lease = vault.take_lease(vault.lease(part_key(of.id, scopes)))
    assert lease is not None
    return lease


def test_a_token_comes_back_as_it_was_kept_under_its_own_scopes(vault: Vault) -> None:
    kept = part_token.keep(vault.sealer, a_part(grant(), SEND), lease=leased(vault, grant(), SEND))

    assert part_token.find(vault.sealer, "g", SEND) == kept
    assert part_token.find(vault.sealer, "g", EVENTS) is None
    assert part_token.find(vault.sealer, "other", SEND) is None


def test_a_token_of_somebody_whose_lease_has_passed_on_is_not_kept(vault: Vault) -> None:
    slow = leased(vault, grant(), SEND)
    vault.release(slow)
    quick = leased(vault, grant(), SEND)
    kept = part_token.keep(vault.sealer, a_part(grant(), SEND, "ya29.quick"), lease=quick)

    with pytest.raises(GrantChanged):
        part_token.keep(vault.sealer, a_part(grant(), SEND, "ya29.slow"), lease=slow)

    assert part_token.find(vault.sealer, "g", SEND) == kept


@pytest.mark.parametrize(("theirs", "scopes"), [("other", SEND), ("g", EVENTS)], ids=["grant", "scopes"])
def test_a_row_put_in_the_place_of_another_does_not_open(vault: Vault, theirs: str, scopes: Scopes) -> None:
    other = grant(theirs)
    part_token.keep(vault.sealer, a_part(grant(), SEND), lease=leased(vault, grant(), SEND))
    part_token.keep(vault.sealer, a_part(other, scopes), lease=leased(vault, other, scopes))
    rows = vault.sealer.store.tokens
    stolen, place = rows.take(part_key(theirs, scopes)), part_key("g", SEND)
    rows.take(place)
    assert stolen is not None
    rows.put(replace(stolen, key=place), expect=0)

    with pytest.raises(VaultDamaged):
        part_token.find(vault.sealer, "g", SEND)


def test_a_token_is_good_until_its_last_minutes_and_works_until_its_end() -> None:
    part, last = a_part(grant(), SEND), NOW + timedelta(minutes=57)

    assert part.is_good(grant(), NOW) and not part.is_good(grant(), last)
    assert part.works(grant(), last) and not part.works(grant(), NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "newer",
    [
        replace(grant(), credentials=replace(grant().credentials, refresh_token=Secret("1//0b"))),
        replace(grant(), consented_at=NOW + timedelta(seconds=1)),
    ],
    ids=["refresh token", "consent"],
)
def test_a_token_ends_with_what_renewed_it(newer: Grant) -> None:
    assert not a_part(grant(), SEND).works(newer, NOW)


def test_dropping_the_tokens_of_one_grant_leaves_those_of_others(vault: Vault) -> None:
    for name in ("g", "g2", "h"):
        for scopes in (SEND, EVENTS, SEND | EVENTS):
            one = grant(name)
            part_token.keep(vault.sealer, a_part(one, scopes), lease=leased(vault, one, scopes))

    part_token.drop_all(vault.sealer.store, "g")

    assert {row.key.split(".")[0] for row in vault.sealer.store.tokens.find()} == {"g2", "h"}


def test_neither_the_row_nor_its_key_shows_a_token(vault: Vault) -> None:
    part_token.keep(vault.sealer, a_part(grant(), SEND), lease=leased(vault, grant(), SEND))
    (row,) = vault.sealer.store.tokens.find()

    assert b"ya29" not in row.sealed
    assert "1//0a" not in renewer(grant())
    assert (row.account, row.user, row.client) == ("", "", "")
