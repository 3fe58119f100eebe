"""The vault keeps what it is given, and notices everybody who meddles with it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.errors import (
    ConsentExpired,
    DamagedGrantWarning,
    GrantChanged,
    GrantNotFound,
    SettingsError,
    VaultDamaged,
    VaultLocked,
)
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.consent import Consent, begin
from mailgrant.oauth.credentials import Credentials, TokenAnswer
from mailgrant.oauth.realm import Realm
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.storage.memory import MemoryStore
from mailgrant.vault.audit import Deed
from mailgrant.vault.grant import Grant, GrantStatus, grant_id
from mailgrant.vault.header import Header
from mailgrant.vault.lease import Lease
from mailgrant.vault.sealer import Sealer
from mailgrant.vault.sealing import KEY_ID_BYTES, Key, Keyring
from mailgrant.vault.store import Row
from mailgrant.vault.vault import Vault
from mailgrant.worker.changes import Changes

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
SANDBOX = Realm.at("http://127.0.0.1:8025")
RING = Keyring((Key.of(bytes(range(32))),))
CLIENT = ClientSecrets("17-a.apps.googleusercontent.com", client_secret=Secret("GOCSPX-a"), kind=ClientKind.INSTALLED)
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def vault(store: MemoryStore, clock: Clock) -> Vault:
    made = Vault.create(
        store, vault_id="v1", keyring=RING, key_source="memory", realm=SANDBOX, clock=clock, entropy=os.urandom
    )
    assert made is not None
    return made


def a_grant(account: str = "ada@example.com", *, user: str | None = None, refresh_token: str = "1//0-old") -> Grant:
    sub = f"sub of {account}"
    return Grant(
        account,
        id=grant_id(client_id=CLIENT.client_id, sub=sub, account=account, user=user),
        sub=sub,
        user=user,
        client_id=CLIENT.client_id,
        verified=True,
        asked=Scopes("gmail.send gmail.readonly"),
        scopes=Scopes("gmail.send"),
        credentials=Credentials(
            Secret("ya29.old"), refresh_token=Secret(refresh_token), expires_at=NOW + HOUR, scopes=Scopes("gmail.send")
        ),
        consented_at=NOW,
    )


def a_consent(clock: Clock) -> Consent:
    return begin(
        CLIENT,
        account="ada@example.com",
        user=None,
        scopes=Scopes("gmail.send"),
        redirect_uri="http://127.0.0.1:1/",
        identity=True,
        widens=None,
        realm=SANDBOX,
        now=clock.now,
        entropy=os.urandom,
    )


def answer(access_token: str, refresh_token: str | None = None) -> TokenAnswer:
    return TokenAnswer(
        Secret(access_token), expires_in=HOUR, refresh_token=Secret(refresh_token) if refresh_token else None
    )


def test_a_grant_comes_back_as_it_was_kept(vault: Vault) -> None:
    kept = vault.keep(a_grant(user="17"))

    assert vault.grant(kept.id) == kept
    assert vault.find(account="ADA@example.com") == vault.find(user="17") == vault.grants() == (kept,)
    assert kept.missing == Scopes("gmail.readonly")


def test_a_grant_is_unique_by_client_person_and_user(vault: Vault) -> None:
    vault.keep(a_grant())
    vault.keep(a_grant(user="17"))
    vault.keep(a_grant(user="18"))

    with pytest.raises(GrantChanged):
        vault.keep(a_grant(user="17"))
    assert len(vault.grants()) == 3


def test_a_grant_without_a_sub_is_told_apart_by_its_address() -> None:
    ids = {grant_id(client_id="c", sub=None, account=name, user=None) for name in ("a@x.org", "A@X.ORG", "b@x.org")}

    assert len(ids) == 2
    assert grant_id(client_id="c", sub="a@x.org", account="", user=None) not in ids


def test_nothing_in_the_store_shows_a_token(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    vault.keep(a_grant())
    vault.add_client(CLIENT)
    consent = a_consent(clock)
    vault.remember(consent)

    stored = b"".join(row.sealed for rows in (store.grants, store.clients, store.consents) for row in rows.find())

    for secret in ("1//0-old", "ya29.old", "GOCSPX-a", consent.state.reveal(), consent.code_verifier.reveal()):
        assert secret.encode() not in stored
    assert "1//0-old" not in repr(vault.grants())


@pytest.mark.parametrize(
    "meddle",
    [
        lambda ada, grace: dataclasses.replace(ada, sealed=grace.sealed),
        lambda ada, grace: dataclasses.replace(ada, version=ada.version + 1),
        lambda ada, grace: dataclasses.replace(ada, account="eve@example.com"),
        lambda ada, grace: dataclasses.replace(ada, user="17"),
        lambda ada, grace: dataclasses.replace(ada, client="another"),
        lambda ada, grace: dataclasses.replace(ada, sealed=ada.sealed[:40] + grace.sealed[40:]),
    ],
    ids=["swap", "version", "account", "user", "client", "splice"],
)
def test_a_row_that_was_swapped_spliced_or_relabelled_does_not_open(
    vault: Vault, store: MemoryStore, meddle: Callable[[Row, Row], Row]
) -> None:
    vault.keep(a_grant())
    vault.keep(a_grant("grace@example.com"))
    ada, grace = store.grants.find()

    store.grants._rows[ada.key] = meddle(ada, grace)

    with pytest.raises(VaultDamaged):
        vault.grant(ada.key)


def test_a_row_copied_under_another_key_does_not_open(vault: Vault, store: MemoryStore) -> None:
    kept = vault.keep(a_grant())
    (row,) = store.grants.find()
    store.grants._rows["copy"] = dataclasses.replace(row, key="copy")

    with pytest.raises(VaultDamaged):
        vault.grant("copy")
    assert vault.grant(kept.id) == kept


def test_a_row_of_another_table_does_not_open_here(vault: Vault, store: MemoryStore) -> None:
    vault.add_client(CLIENT)
    (row,) = store.clients.find()
    store.grants._rows[row.key] = row

    with pytest.raises(VaultDamaged):
        vault.grant(row.key)


def open_again(store: MemoryStore, clock: Clock, *, ring: Keyring = RING, realm: Realm = SANDBOX) -> Vault:
    header = Header.from_bytes(store.read_header() or b"", "here")
    return Vault.open(store, header=header, keyring=ring, realm=realm, place="here", clock=clock, entropy=os.urandom)


def test_the_wrong_key_is_locked_and_never_an_empty_vault(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    vault.keep(a_grant())

    with pytest.raises(VaultLocked):
        open_again(store, clock, ring=Keyring((Key.of(b"x" * 32),)))
    assert len(open_again(store, clock).grants()) == 1


def test_a_vault_of_one_realm_does_not_open_in_the_other(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    with pytest.raises(SettingsError, match="belongs to a sandbox") as caught:
        open_again(store, clock, realm=Realm.google())

    assert "MAILGRANT_GOOGLE" in caught.value.hint


def test_a_header_relabelled_to_the_other_realm_does_not_open(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    store._header = (store.read_header() or b"").replace(b"sandbox", b"google")

    with pytest.raises(VaultDamaged, match="header"):
        open_again(store, clock, realm=Realm.google())


def test_a_header_of_a_newer_format_is_refused(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    store._header = (store.read_header() or b"").replace(b'"format": 1', b'"format": 2')

    with pytest.raises(SettingsError, match="newer"):
        open_again(store, clock)


def test_a_second_vault_is_not_made_over_the_first(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    again = Vault.create(
        store, vault_id="v2", keyring=RING, key_source="memory", realm=SANDBOX, clock=clock, entropy=os.urandom
    )

    assert again is None
    assert open_again(store, clock).id == "v1"


def test_a_pending_consent_is_taken_once(vault: Vault, clock: Clock) -> None:
    consent = a_consent(clock)
    vault.remember(consent)

    assert vault.take_consent(consent.id) == consent
    with pytest.raises(ConsentExpired):
        vault.take_consent(consent.id)


def test_a_consent_lives_ten_minutes(vault: Vault, clock: Clock) -> None:
    consent = a_consent(clock)
    vault.remember(consent)
    clock.now += timedelta(minutes=10, seconds=1)

    assert vault.pending_consents() == ()
    with pytest.raises(ConsentExpired, match="too late"):
        vault.take_consent(consent.id)


def test_old_questions_are_swept_out(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    vault.remember(a_consent(clock))
    clock.now += timedelta(minutes=11)
    fresh = a_consent(clock)

    vault.remember(fresh)

    assert [row.key for row in store.consents.find()] == [fresh.id]


def test_a_client_is_replaced_by_one_with_the_same_id(vault: Vault) -> None:
    vault.add_client(CLIENT)
    vault.add_client(dataclasses.replace(CLIENT, client_secret=Secret("GOCSPX-b")))

    assert vault.clients() == (vault.client(CLIENT.client_id),)
    assert vault.client(CLIENT.client_id).client_secret == Secret("GOCSPX-b")
    with pytest.raises(SettingsError, match="not in the vault"):
        vault.client("another")


def leased(vault: Vault, grant: Grant) -> Lease:
    lease = vault.take_lease(vault.lease(grant.id))
    assert lease is not None
    return lease


def test_a_refresh_is_kept_under_its_lease(vault: Vault, clock: Clock) -> None:
    kept = vault.keep(a_grant())
    clock.now += HOUR

    after = vault.keep_refreshed(leased(vault, kept), used=Secret("1//0-old"), answer=answer("ya29.new"))

    assert after.credentials.access_token == Secret("ya29.new")
    assert after.credentials.refresh_token == Secret("1//0-old")
    assert (after.credentials.expires_at, after.refreshed_at) == (clock.now + HOUR, clock.now)
    assert vault.grant(kept.id) == after


def test_a_late_refresh_does_not_overwrite_a_newer_grant(vault: Vault) -> None:
    kept = vault.keep(a_grant())
    late = leased(vault, kept)
    consented = dataclasses.replace(
        kept, credentials=dataclasses.replace(kept.credentials, refresh_token=Secret("1//0-new"))
    )
    newer = vault.keep(consented)

    after = vault.keep_refreshed(late, used=Secret("1//0-old"), answer=answer("ya29.late", "1//0-late"))

    assert after == vault.grant(kept.id) == newer


def test_a_late_answer_is_dropped_when_the_lease_has_passed_on(vault: Vault) -> None:
    kept = vault.keep(a_grant())
    late = leased(vault, kept)
    now_held = vault.take_lease(late)
    assert now_held is not None
    newer = vault.keep_refreshed(now_held, used=Secret("1//0-old"), answer=answer("ya29.new"))

    after = vault.keep_refreshed(late, used=Secret("1//0-old"), answer=answer("ya29.late"))

    assert after == newer


def test_a_late_answer_that_replaced_the_refresh_token_saves_that_token_alone(vault: Vault) -> None:
    kept = vault.keep(a_grant())
    late = leased(vault, kept)
    assert vault.take_lease(late) is not None

    after = vault.keep_refreshed(late, used=Secret("1//0-old"), answer=answer("ya29.late", "1//0-rotated"))

    assert after.credentials.refresh_token == Secret("1//0-rotated")
    assert after.credentials.access_token == Secret("ya29.old")


def test_a_mark_is_compared_and_set(vault: Vault) -> None:
    kept = vault.keep(a_grant())
    marked = vault.mark(kept, GrantStatus.NEEDS_CONSENT, "revoked at Google")

    assert not marked.is_active
    with pytest.raises(GrantChanged):
        vault.mark(kept, GrantStatus.REVOKED, "late")
    assert vault.grant(kept.id).reason == "revoked at Google"


def test_a_grant_that_was_changed_meanwhile_is_not_dropped(vault: Vault) -> None:
    kept = vault.keep(a_grant())
    newer = vault.keep(kept)

    with pytest.raises(GrantChanged):
        vault.drop(kept)
    vault.drop(newer)
    with pytest.raises(GrantNotFound):
        vault.grant(kept.id)


def meddle_before_put(store: MemoryStore, monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> None:
    """Let somebody else write between a vault's look and its write, once for each step."""
    waiting, put = list(steps), store.grants.put

    def put_too_late(row: Row, *, expect: int, lease: Lease | None = None, generation: int | None = None) -> None:
        if waiting:
            waiting.pop(0)()
        put(row, expect=expect, lease=lease)

    monkeypatch.setattr(store.grants, "put", put_too_late)


def test_a_refresh_on_time_is_kept_even_if_the_grant_was_written_meanwhile(
    vault: Vault, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = vault.keep(a_grant())
    held = leased(vault, kept)
    wider = Scopes("gmail.send gmail.readonly calendar.events")
    meddle_before_put(store, monkeypatch, lambda: vault.keep(dataclasses.replace(kept, asked=wider)))

    after = vault.keep_refreshed(held, used=Secret("1//0-old"), answer=answer("ya29.new"))

    assert after == vault.grant(kept.id)
    assert (after.credentials.access_token, after.asked) == (Secret("ya29.new"), wider)


def test_a_consent_between_look_and_write_wins_over_the_refresh(
    vault: Vault, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = vault.keep(a_grant())
    held = leased(vault, kept)
    consented = dataclasses.replace(a_grant(refresh_token="1//0-new"), version=kept.version)
    meddle_before_put(store, monkeypatch, lambda: vault.keep(consented))

    after = vault.keep_refreshed(held, used=Secret("1//0-old"), answer=answer("ya29.late", "1//0-late"))

    assert after.credentials == consented.credentials


def test_a_lease_lost_between_look_and_write_makes_the_answer_late(
    vault: Vault, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = vault.keep(a_grant())
    held = leased(vault, kept)
    meddle_before_put(store, monkeypatch, lambda: vault.take_lease(held))

    after = vault.keep_refreshed(held, used=Secret("1//0-old"), answer=answer("ya29.late", "1//0-rotated"))

    assert after.credentials.access_token == Secret("ya29.old")
    assert after.credentials.refresh_token == Secret("1//0-rotated")


def test_a_late_refresh_token_is_kept_even_if_the_grant_was_written_meanwhile(
    vault: Vault, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = vault.keep(a_grant())
    late = leased(vault, kept)
    vault.take_lease(late)
    meddle_before_put(store, monkeypatch, lambda: vault.keep(dataclasses.replace(kept, reason="seen")))

    after = vault.keep_refreshed(late, used=Secret("1//0-old"), answer=answer("ya29.late", "1//0-rotated"))

    assert (after.credentials.refresh_token, after.reason) == (Secret("1//0-rotated"), "seen")


def test_a_refresh_does_not_bring_back_what_was_revoked_meanwhile(vault: Vault) -> None:
    kept = vault.keep(a_grant())
    held = leased(vault, kept)
    revoked = vault.mark(kept, GrantStatus.REVOKED, "forgotten")

    assert vault.keep_refreshed(held, used=Secret("1//0-old"), answer=answer("ya29.new")) == revoked


def test_a_refusal_that_comes_late_does_not_bring_back_what_was_revoked(vault: Vault) -> None:
    revoked = vault.mark(vault.keep(a_grant()), GrantStatus.REVOKED, "forgotten")

    assert vault.mark(revoked, GrantStatus.NEEDS_CONSENT, "invalid_grant") == revoked
    assert vault.grant(revoked.id) == revoked


def test_a_refresh_of_a_forgotten_grant_leaves_nothing_behind(vault: Vault, store: MemoryStore) -> None:
    kept = vault.keep(a_grant())
    held = leased(vault, kept)
    vault.drop(kept)

    with pytest.raises(GrantNotFound):
        vault.keep_refreshed(held, used=Secret("1//0-old"), answer=answer("ya29.new"))
    (tombstone,) = store.grants.find()
    assert (tombstone.key, tombstone.version, tombstone.account, tombstone.client) == (
        kept.id,
        kept.version + 1,
        "",
        "",
    )
    assert vault.grants() == ()


def test_a_forgotten_grant_leaves_its_version_behind_so_that_older_rows_are_older(
    vault: Vault, store: MemoryStore
) -> None:
    kept = vault.keep(a_grant())
    vault.drop(kept)

    with pytest.raises(GrantChanged):
        vault.keep(a_grant())
    again = vault.keep(dataclasses.replace(a_grant(), version=vault.version_of(kept.id)))

    assert again.version == kept.version + 2
    assert vault.find(account="ada@example.com") == (again,)


def test_a_tombstone_with_a_name_on_it_is_found_out(vault: Vault, store: MemoryStore) -> None:
    kept = vault.keep(a_grant())
    vault.drop(kept)
    row = store.grants.get(kept.id)
    assert row is not None
    store.grants._rows[kept.id] = dataclasses.replace(row, account="ada@example.com")

    with pytest.raises(VaultDamaged):
        vault.grants()


def test_a_damaged_question_does_not_stand_in_the_way_of_the_next(
    vault: Vault, store: MemoryStore, clock: Clock
) -> None:
    damaged = a_consent(clock)
    vault.remember(damaged)
    store.consents._rows[damaged.id] = Row(damaged.id, version=1, sealed=b"mangled")
    clock.now += timedelta(minutes=2)
    fresh = a_consent(clock)

    vault.remember(fresh)

    assert vault.pending_consents() == (fresh,)


def test_questions_sealed_with_a_key_that_is_not_here_are_not_swept_out(
    vault: Vault, store: MemoryStore, clock: Clock
) -> None:
    theirs = a_consent(clock)
    vault.remember(theirs)
    clock.now += timedelta(minutes=2)
    ring = Keyring((Key.of(b"n" * 32),))
    header = Header.from_bytes(store.read_header() or b"", "here").sealed_by(ring, os.urandom)
    other = Vault(Sealer(store, header=header, keyring=ring, find_keys=lambda _: ring, entropy=os.urandom), clock=clock)

    with pytest.raises(VaultLocked):
        other.remember(a_consent(clock))

    assert vault.take_consent(theirs.id) == theirs


def test_an_empty_user_finds_nobody_elses_grant(vault: Vault) -> None:
    vault.keep(a_grant())

    with pytest.raises(SettingsError, match="user is empty"):
        vault.find(user="")


def damage(store: MemoryStore, grant: Grant, **columns: object) -> None:
    """Write a grant's row behind the vault's back."""
    columns = columns or {"sealed": b"mangled"}
    store.grants._rows[grant.id] = dataclasses.replace(store.grants._rows[grant.id], **columns)  # type: ignore[arg-type]


def test_one_persons_damaged_grant_stands_in_nobody_elses_way(vault: Vault, store: MemoryStore) -> None:
    kept = vault.keep(a_grant())
    grace = vault.keep(a_grant("grace@example.com"))
    damage(store, grace)

    with pytest.warns(DamagedGrantWarning, match=r"grace@example\.com is damaged.*vault check") as warned:
        held = vault.grants()

    assert held == vault.find(account="ADA@example.com") == (kept,)
    assert len(warned) == 1


def test_a_damaged_grant_is_never_taken_for_none(vault: Vault, store: MemoryStore) -> None:
    vault.keep(a_grant())
    grace = vault.keep(a_grant("grace@example.com"))
    damage(store, grace)

    with pytest.raises(VaultDamaged, match=r"grace@example\.com") as caught:
        vault.find(account="grace@example.com")
    assert "--discard" in caught.value.hint
    assert "Name an account" not in caught.value.hint


@pytest.mark.parametrize("columns", [{}, {"account": ""}, {"account": "ada@example.com"}, {"account": "\x1b[2J"}])
def test_a_damaged_grant_never_makes_another_the_only_one(
    vault: Vault, store: MemoryStore, columns: dict[str, object]
) -> None:
    vault.keep(a_grant())
    damage(store, vault.keep(a_grant("grace@example.com")), **columns)

    with pytest.raises(VaultDamaged) as caught:
        vault.find()
    assert "Name an account" in caught.value.hint
    assert caught.value.message.isprintable()


def test_a_vault_of_damaged_grants_is_no_empty_one(vault: Vault, store: MemoryStore) -> None:
    damage(store, vault.keep(a_grant()))

    with pytest.raises(VaultDamaged, match=r"ada@example\.com"):
        vault.grants()


def strange(row: Row, key_id: bytes) -> bytes:
    """What a row holds, naming another key."""
    return row.sealed[:4] + key_id + row.sealed[4 + KEY_ID_BYTES :]


def test_one_row_that_names_an_unknown_key_is_damaged(vault: Vault, store: MemoryStore, clock: Clock) -> None:
    ada, grace = vault.keep(a_grant()), vault.keep(a_grant("grace@example.com"))
    damage(store, grace, sealed=strange(store.grants._rows[grace.id], bytes(KEY_ID_BYTES)), due=0)
    clock.now += timedelta(days=400)

    with pytest.warns(DamagedGrantWarning, match=r"grace@example\.com cannot be read"):
        assert vault.grants() == (ada,)
    assert vault.due(limit=9) == tuple(vault.readable_grants()) == (ada,)
    with pytest.raises(VaultLocked, match=r"grace@example\.com"):
        vault.find(account="grace@example.com")


def test_rows_that_name_one_unknown_key_lack_it_and_are_not_passed_over(
    vault: Vault, store: MemoryStore, clock: Clock
) -> None:
    vault.keep(a_grant())
    for account in ("grace@example.com", "alan@example.com"):
        one = vault.keep(a_grant(account))
        damage(store, one, sealed=strange(store.grants._rows[one.id], bytes(KEY_ID_BYTES)), due=0)

    for look in (vault.grants, lambda: vault.due(limit=9), lambda: list(vault.readable_grants())):
        with pytest.raises(VaultLocked, match="another key"):
            look()


def test_a_damaged_grant_is_not_overwritten_by_a_new_one(vault: Vault, store: MemoryStore) -> None:
    ada = vault.keep(a_grant())
    damage(store, ada)

    with pytest.raises(GrantChanged):
        vault.keep(a_grant())
    assert store.grants._rows[ada.id].sealed == b"mangled"


def test_a_damaged_grant_hides_no_change_of_another(vault: Vault, store: MemoryStore) -> None:
    ada, grace = vault.keep(a_grant()), vault.keep(a_grant("grace@example.com"))
    changes = Changes(vault)
    damage(store, ada)
    vault.mark(grace, GrantStatus.REVOKED, "by her")
    for grant in (ada, grace):
        vault.audit.note(Deed.REVOKED, account=grant.account)

    assert [(change.account, change.status) for change in changes.look()] == [("grace@example.com", "revoked")]
