"""A service account acts for people whose administrator has allowed it, and for nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, ConsentNeeded, Scope, Scopes
from mailgrant.errors import AdminRefused, ClientBroken, MissingScopesWarning, NotFound, SettingsError
from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.oauth.service_accounts import DEFAULT_CLIENT_ID, AccountState
from mailgrant.vault.audit import Deed

from ..conftest import write_json

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"


@pytest.fixture
def key_file(sandbox: Sandbox, tmp_path: Path) -> Path:
    """The key of the sandbox's own service account, as the console hands it out."""
    return write_json(tmp_path / "key.json", sandbox.service_account())


@pytest.fixture
def office(sandbox: Sandbox) -> dict[str, Any]:
    return {"vault": ":memory:", "google": sandbox.url}


async def test_nobody_is_asked_and_the_verbs_work(sandbox: Sandbox, office: dict[str, Any], key_file: Path) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        key = await mailgrant.add_client(key_file)
        grant = await mailgrant.delegate(ADA, "gmail.send", "gmail.readonly", client_id=key.client_id)
        await mailgrant.account(ADA).gmail.send(to=GRACE, subject="From a robot", text="Yes.")

    assert (key.kind, key.client_id) == ("service account", DEFAULT_CLIENT_ID)
    assert (grant.account, grant.verified, grant.missing) == (ADA, True, Scopes())
    assert sandbox.account(GRACE).inbox[0].subject == "From a robot"
    assert "oauth2.auth" not in [entry.method for entry in sandbox.requests]


async def test_every_use_of_the_key_is_in_the_audit(sandbox: Sandbox, office: dict[str, Any], key_file: Path) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        await mailgrant.add_client(key_file)
        await mailgrant.delegate(ADA, "gmail.send", "gmail.readonly", client_id=DEFAULT_CLIENT_ID)
        sandbox.clock.advance(timedelta(hours=2))
        await mailgrant.account(ADA).gmail.profile()
        entries = [entry for entry in await mailgrant.vault.audit(ADA) if entry.deed is Deed.KEY_USED]

    exchanges = [entry for entry in sandbox.requests if entry.method == "oauth2.token"]
    assert len(entries) == len(exchanges) == 4
    assert {(entry.account, entry.client_id) for entry in entries} == {(ADA, DEFAULT_CLIENT_ID)}


async def test_an_address_in_a_key_file_is_never_followed(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    nobody = "http://127.0.0.1:9/token"
    file = write_json(tmp_path / "elsewhere.json", sandbox.service_account() | {"token_uri": nobody})

    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(file)
        grant = await mailgrant.delegate(ADA, "gmail.send", client_id=DEFAULT_CLIENT_ID)

    assert grant.account == ADA


async def test_what_is_not_allowed_is_named_with_the_line_to_paste(
    sandbox: Sandbox, office: dict[str, Any], key_file: Path
) -> None:
    sandbox.service_accounts.default.delegated = frozenset({str(Scope.GMAIL_SEND)})

    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        with pytest.warns(MissingScopesWarning) as warned:
            grant = await mailgrant.delegate(ADA, "gmail.send", "calendar", client_id=DEFAULT_CLIENT_ID)
        await mailgrant.account(ADA).gmail.send(to=GRACE, subject="Works", text="Yes.")

    assert (grant.scopes, grant.missing) == (Scopes("gmail.send"), Scopes("calendar"))
    assert f"{DEFAULT_CLIENT_ID} {Scope.GMAIL_SEND},{Scope.CALENDAR}" in str(warned[0].message)


async def test_when_nothing_is_allowed_nothing_is_kept(
    sandbox: Sandbox, office: dict[str, Any], key_file: Path
) -> None:
    sandbox.service_accounts.default.delegated = None

    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        with pytest.raises(AdminRefused) as caught:
            await mailgrant.delegate(ADA, "gmail.send", client_id=DEFAULT_CLIENT_ID)
        kept = await mailgrant.grants()

    assert f"{DEFAULT_CLIENT_ID} {Scope.GMAIL_SEND}" in caught.value.hint
    assert kept == ()


async def test_a_scope_that_is_not_on_the_list_is_refused_before_google_is_asked(
    sandbox: Sandbox, office: dict[str, Any], key_file: Path
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        await mailgrant.delegate(ADA, "gmail.modify", client_id=DEFAULT_CLIENT_ID)
        before = len(sandbox.requests)
        with pytest.raises(ConsentNeeded):
            await mailgrant.account(ADA).token(scopes="calendar.readonly")

    assert len(sandbox.requests) == before


async def test_a_verb_that_needs_more_says_how_the_service_account_gets_it(
    office: dict[str, Any], key_file: Path
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        await mailgrant.delegate(ADA, "gmail.send", client_id=DEFAULT_CLIENT_ID)
        with pytest.raises(ConsentNeeded) as caught:
            await mailgrant.account(ADA).calendar.upcoming()

    assert f"grant ask {ADA} --client {DEFAULT_CLIENT_ID} --scope" in caught.value.hint


async def test_a_service_account_is_not_taken_for_a_client_that_asks(office: dict[str, Any], key_file: Path) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        with pytest.raises(SettingsError, match=f"only service accounts: {DEFAULT_CLIENT_ID}"):
            await mailgrant.consents.begin(ADA, "gmail.send")


async def test_asking_for_more_adds_to_the_list(office: dict[str, Any], key_file: Path) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        await mailgrant.delegate(ADA, "gmail.send", client_id=DEFAULT_CLIENT_ID)
        wider = await mailgrant.delegate(ADA, "calendar", client_id=DEFAULT_CLIENT_ID)
        kept = await mailgrant.grants()

    assert wider.scopes == Scopes("gmail.send calendar")
    assert len(kept) == 1


async def test_sharing_settings_are_for_service_accounts_only(
    office: dict[str, Any], key_file: Path, client_file: Path
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        desktop = await mailgrant.add_client(client_file)
        with pytest.raises(SettingsError, match=r"gmail\.settings\.sharing"):
            await mailgrant.consents.begin(ADA, "gmail.settings.sharing", client_id=desktop.client_id)
        grant = await mailgrant.delegate(ADA, "gmail.settings.sharing", client_id=DEFAULT_CLIENT_ID)

    assert Scope.GMAIL_SETTINGS_SHARING in grant.scopes


async def test_a_subject_that_google_does_not_know_is_named(office: dict[str, Any], key_file: Path) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        with pytest.raises(NotFound, match=r"nobody@example\.com"):
            await mailgrant.delegate("nobody@example.com", "gmail.send", client_id=DEFAULT_CLIENT_ID)


async def test_a_disabled_account_is_a_broken_client(sandbox: Sandbox, office: dict[str, Any], key_file: Path) -> None:
    sandbox.service_accounts.default.state = AccountState.DISABLED

    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        with pytest.raises(ClientBroken, match="Robot is disabled"):
            await mailgrant.delegate(ADA, "gmail.send", client_id=DEFAULT_CLIENT_ID)


async def test_a_key_that_others_may_read_is_refused(sandbox: Sandbox, office: dict[str, Any], key_file: Path) -> None:
    key_file.chmod(0o644)

    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match="others on this machine may read"):
            await mailgrant.add_client(key_file)
        kept = await mailgrant.clients()

    assert kept == ()


async def test_an_oauth_client_does_not_delegate_and_a_service_account_does_not_ask(
    office: dict[str, Any], key_file: Path, client_file: Path
) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.add_client(key_file)
        desktop = await mailgrant.add_client(client_file)
        with pytest.raises(SettingsError, match="it asks people"):
            await mailgrant.delegate(ADA, "gmail.send", client_id=desktop.client_id)
        with pytest.raises(SettingsError, match="asks nobody"):
            await mailgrant.consents.begin(ADA, "gmail.send", client_id=DEFAULT_CLIENT_ID)


async def test_a_token_that_ran_out_is_renewed_by_another_assertion(
    sandbox: Sandbox, office: dict[str, Any], key_file: Path
) -> None:
    async with AsyncMailgrant(**office, clock=sandbox.clock) as mailgrant:
        await mailgrant.add_client(key_file)
        await mailgrant.delegate(ADA, "gmail.readonly", client_id=DEFAULT_CLIENT_ID)
        sandbox.clock.advance(timedelta(hours=2))
        profile = await mailgrant.account(ADA).gmail.profile()

    assert profile.email == ADA
