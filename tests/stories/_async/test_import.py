"""Taking over what other tools left on disk, in all their forms and in every wrong one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, Scope
from mailgrant.errors import AdminRefused, GrantRevoked, SettingsError
from mailgrant.sandbox import Sandbox

from ..conftest import write_json
from ..people import Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
GRACE = "grace@example.com"
WHO = "openid https://www.googleapis.com/auth/userinfo.email"
BACK = "http://127.0.0.1:1/"


def token_of(sandbox: Sandbox, scopes: str = f"{Scope.GMAIL_READONLY} {WHO}", account: str = ADA) -> dict[str, Any]:
    return dict(sandbox.authorize(account, scopes=scopes))


def as_node_writes(token: dict[str, Any]) -> dict[str, Any]:
    return {
        "access_token": "long gone",
        "refresh_token": token["refresh_token"],
        "scope": str(Scope.GMAIL_READONLY),
        "token_type": "Bearer",
        "expiry_date": 1,
    }


def as_gcloud_writes(token: dict[str, Any]) -> dict[str, Any]:
    kept = ("client_id", "client_secret", "refresh_token")
    return {name: token[name] for name in kept} | {"type": "authorized_user", "account": "", "quota_project_id": "x"}


def as_oauth2client_writes(token: dict[str, Any]) -> dict[str, Any]:
    return as_gcloud_writes(token) | {
        "type": None,
        "_module": "oauth2client.client",
        "_class": "OAuth2Credentials",
        "token_uri": "https://accounts.google.com/o/oauth2/token",
        "revoke_uri": "https://oauth2.googleapis.com/revoke",
        "scopes": [str(Scope.GMAIL_READONLY)],
        "token_response": {"scope": str(Scope.GMAIL_READONLY)},
    }


@pytest.mark.parametrize("write", [dict, as_node_writes, as_gcloud_writes, as_oauth2client_writes])
async def test_every_tools_file_becomes_a_grant_that_works(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, write: Any
) -> None:
    file = write_json(tmp_path / "token.json", write(token_of(sandbox)))

    async with AsyncMailgrant(**office) as mailgrant:
        grant = await mailgrant.import_grant(file)
        profile = await mailgrant.account(ADA).gmail.profile()

    assert (grant.account, grant.verified) == (ADA, True)
    assert Scope.GMAIL_READONLY in grant.scopes
    assert profile.email == ADA
    assert [entry.method for entry in sandbox.requests].count("oauth2.token") == 1


async def test_a_file_without_a_client_needs_one_in_the_vault(sandbox: Sandbox, tmp_path: Path) -> None:
    file = write_json(tmp_path / "token.json", as_node_writes(token_of(sandbox)))

    async with AsyncMailgrant(vault=":memory:", google=sandbox.url) as mailgrant:
        with pytest.raises(SettingsError, match="No OAuth client"):
            await mailgrant.import_grant(file)


async def test_several_clients_want_the_one_that_is_meant(
    sandbox: Sandbox, office: dict[str, Any], web_client_file: Path, tmp_path: Path
) -> None:
    token = token_of(sandbox)
    file = write_json(tmp_path / "token.json", as_node_writes(token))

    async with AsyncMailgrant(vault=":memory:", google=sandbox.url) as mailgrant:
        desktop = await mailgrant.add_client(office["client_secrets"])
        web = await mailgrant.add_client(web_client_file)
        with pytest.raises(SettingsError, match="Several OAuth clients"):
            await mailgrant.import_grant(file)
        with pytest.raises(AdminRefused, match="not this OAuth client's"):
            await mailgrant.import_grant(
                file, client_id=({desktop.client_id, web.client_id} - {token["client_id"]}).pop()
            )
        grant = await mailgrant.import_grant(file, client_id=token["client_id"])

    assert grant.client_id == token["client_id"]


async def test_another_client_than_the_files_is_refused(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    file = write_json(tmp_path / "token.json", token_of(sandbox))

    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match="belongs to the OAuth client"):
            await mailgrant.import_grant(file, client_id="another")

    assert "oauth2.token" not in [entry.method for entry in sandbox.requests]


async def test_somebody_elses_token_is_refused(sandbox: Sandbox, office: dict[str, Any], tmp_path: Path) -> None:
    file = write_json(tmp_path / "token.json", token_of(sandbox))

    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match=f"belongs to {ADA}, not to {GRACE}"):
            await mailgrant.import_grant(file, account=GRACE)
        kept = await mailgrant.grants()

    assert kept == ()


async def test_importing_again_is_as_good_as_once(sandbox: Sandbox, office: dict[str, Any], tmp_path: Path) -> None:
    file = write_json(tmp_path / "token.json", token_of(sandbox))

    async with AsyncMailgrant(**office) as mailgrant:
        first = await mailgrant.import_grant(file)
        second = await mailgrant.import_grant(file)
        kept = await mailgrant.grants()

    assert (first.id, len(kept)) == (second.id, 1)


async def test_an_old_file_does_not_narrow_the_vaults_own_grant(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, person: Person
) -> None:
    file = write_json(tmp_path / "token.json", token_of(sandbox))

    async with AsyncMailgrant(**office) as mailgrant:
        consent = await mailgrant.consents.begin(ADA, "gmail.readonly calendar", redirect_uri=BACK)
        before = await mailgrant.consents.complete(person.agree(consent.url))
        with pytest.raises(SettingsError, match="allows more"):
            await mailgrant.import_grant(file)
        after = await mailgrant.account(ADA).grant()

    assert after == before


async def test_a_dead_token_is_not_imported(sandbox: Sandbox, office: dict[str, Any], tmp_path: Path) -> None:
    file = write_json(tmp_path / "token.json", token_of(sandbox) | {"refresh_token": "1//0dead"})

    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(GrantRevoked, match="cannot be imported"):
            await mailgrant.import_grant(file)
        kept = await mailgrant.grants()

    assert kept == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b'{"refresh_token": "1//0', "not JSON"),
        (bytes(range(256)), "not JSON"),
        (b" " * (1 << 21), "too large"),
        (b"\x80\x04\x95", "pickle"),
        (b'{"installed": {}}', "client secrets"),
        (b'{"type": "service_account"}', "service account"),
        (None, "folder"),
    ],
    ids=["empty", "truncated", "binary", "huge", "pickle", "client", "key", "folder"],
)
async def test_a_wrong_file_says_what_it_is_and_makes_nothing(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "token.json"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)

    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match=says):
            await mailgrant.import_grant(file)
        kept = (await mailgrant.grants(), await mailgrant.clients())

    assert kept == ((), ())
    assert sandbox.requests == []


async def test_a_pipe_is_not_waited_for(office: dict[str, Any], tmp_path: Path) -> None:
    pipe = tmp_path / "token.json"
    os.mkfifo(pipe)

    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match="not a file"):
            await mailgrant.import_grant(pipe)


async def test_a_file_that_others_may_read_is_said_to_be_one(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_json(tmp_path / "token.json", token_of(sandbox))
    file.chmod(0o640)

    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.import_grant(file)

    said = capsys.readouterr().err
    assert "others on this machine may read" in said
    assert json.loads(file.read_text())["refresh_token"] not in said


async def test_a_token_that_says_nobodys_name_needs_one(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    token = token_of(sandbox, scopes=str(Scope.GMAIL_SEND)) | {"account": ""}
    file = write_json(tmp_path / "token.json", token)

    async with AsyncMailgrant(**office) as mailgrant:
        with pytest.raises(SettingsError, match="whose grant"):
            await mailgrant.import_grant(file)
        grant = await mailgrant.import_grant(file, account=ADA)

    assert (grant.account, grant.verified) == (ADA, False)


@pytest.mark.parametrize("named_first", [False, True])
async def test_what_is_known_by_the_address_alone_and_by_name_is_one_grant(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path, named_first: bool
) -> None:
    alone = write_json(tmp_path / "alone.json", token_of(sandbox, str(Scope.GMAIL_READONLY)))
    named = write_json(tmp_path / "named.json", token_of(sandbox, f"{Scope.GMAIL_READONLY} {WHO}"))
    more = write_json(tmp_path / "more.json", token_of(sandbox, f"{Scope.GMAIL_READONLY} {WHO} {Scope.GMAIL_LABELS}"))

    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.import_grant(alone)
        await mailgrant.import_grant(named)
        if named_first:
            with pytest.raises(SettingsError, match="allows more"):
                await mailgrant.import_grant(alone)
        await mailgrant.import_grant(more)
        (grant,) = await mailgrant.grants()
        await mailgrant.forget(ADA)
        left = await mailgrant.grants()

    assert grant.sub is not None
    assert grant.scopes.covers(Scope.GMAIL_LABELS)
    assert left == ()


async def test_a_file_that_does_not_prove_whose_it_is_does_not_replace_one_with_a_name(
    sandbox: Sandbox, office: dict[str, Any], tmp_path: Path
) -> None:
    named = write_json(tmp_path / "named.json", token_of(sandbox, f"{Scope.GMAIL_SEND} {WHO}"))
    unproved = write_json(tmp_path / "unproved.json", token_of(sandbox, str(Scope.GMAIL_SEND), account=GRACE))

    async with AsyncMailgrant(**office) as mailgrant:
        before = await mailgrant.import_grant(named)
        await mailgrant.revoke(ADA)
        with pytest.raises(SettingsError, match="proves whose it is"):
            await mailgrant.import_grant(unproved, account=ADA)
        (after,) = await mailgrant.grants()

    assert after.credentials == before.credentials
