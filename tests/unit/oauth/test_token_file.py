"""TokenFile: what other tools wrote is taken over, and nothing in it chooses where tokens go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import MailgrantError, SettingsError
from mailgrant.oauth.realm import Realm
from mailgrant.oauth.scopes import Scope, Scopes
from mailgrant.oauth.token_file import TokenFile, authorized_user
from mailgrant.secret import Secret

ADA = "ada@example.com"
TOKEN = {
    "type": "authorized_user",
    "client_id": "1234-lunch",
    "client_secret": "not-really-secret",
    "refresh_token": "refresh-for-ada",
    "scopes": [str(Scope.GMAIL_SEND)],
    "universe_domain": "googleapis.com",
}


def from_text(text: str | bytes) -> TokenFile:
    return TokenFile.from_json(text, realm=Realm.google(), where="token.json")


def read(**changes: Any) -> TokenFile:
    values = {name: value for name, value in {**TOKEN, **changes}.items() if value is not ...}
    return from_text(json.dumps(values))


def test_what_google_auth_writes_is_read() -> None:
    written = Credentials(  # type: ignore[no-untyped-call]
        token="access",
        refresh_token="refresh-for-ada",
        token_uri="https://oauth2.googleapis.com/token",
        client_id="1234-lunch",
        client_secret="not-really-secret",
        scopes=[str(Scope.GMAIL_SEND)],
    ).to_json()

    held = from_text(written)

    assert held.client_id == "1234-lunch"
    assert held.client_secret == Secret("not-really-secret")
    assert held.refresh_token == Secret("refresh-for-ada")
    assert held.scopes == Scopes("gmail.send")


@pytest.mark.parametrize("name", ["token_uri", "revoke_uri", "token_info_uri"])
@pytest.mark.parametrize("address", ["https://evil.example/token", "http://127.0.0.1:8025/token", 5])
def test_a_file_whose_addresses_lead_elsewhere_is_refused(name: str, address: object) -> None:
    with pytest.raises(SettingsError, match=name):
        read(**{name: address})


def test_gclouds_default_credentials_are_read_with_their_address() -> None:
    held = read(account=ADA, quota_project_id="lunch", scopes=...)

    assert (held.account, held.scopes) == (ADA, Scopes())


def test_googles_web_sample_keeps_what_was_granted() -> None:
    assert read(scopes=..., granted_scopes=[str(Scope.GMAIL_LABELS)]).scopes == Scopes("gmail.labels")


@pytest.mark.parametrize("scope", [str(Scope.GMAIL_SEND), [str(Scope.GMAIL_SEND)]])
def test_nodes_programs_keep_the_client_elsewhere(scope: object) -> None:
    written = {
        "access_token": "access",
        "refresh_token": "refresh-for-ada",
        "scope": scope,
        "token_type": "Bearer",
        "expiry_date": 1793700000000,
    }

    held = from_text(json.dumps(written))

    assert (held.client_id, held.client_secret, held.scopes) == (None, None, Scopes("gmail.send"))


STORED = {
    "_class": "OAuth2Credentials",
    "_module": "oauth2client.client",
    "access_token": "access",
    "client_id": "1234-lunch",
    "client_secret": "not-really-secret",
    "refresh_token": "refresh-for-ada",
    "revoke_uri": "https://accounts.google.com/o/oauth2/revoke",
    "scopes": [str(Scope.GMAIL_SEND), str(Scope.CALENDAR)],
    "token_expiry": "2026-11-03T09:00:00Z",
    "token_info_uri": "https://www.googleapis.com/oauth2/v3/tokeninfo",
    "token_response": {"access_token": "access", "scope": str(Scope.GMAIL_SEND)},
    "token_uri": "https://accounts.google.com/o/oauth2/token",
}


@pytest.mark.parametrize("written", [STORED, {"data": [{"credential": STORED, "key": {}}], "file_version": 1}])
def test_a_store_of_oauth2client_is_read_by_what_google_answered_last(written: object) -> None:
    held = from_text(json.dumps(written))

    assert (held.client_id, held.refresh_token) == ("1234-lunch", Secret("refresh-for-ada"))
    assert held.scopes == Scopes("gmail.send")


def test_what_is_written_for_googles_libraries_is_read_by_them_and_by_us() -> None:
    text = authorized_user(
        client_id="1234-lunch",
        client_secret=Secret("not-really-secret"),
        refresh_token=Secret("refresh-for-ada"),
        scopes=Scopes("gmail.send"),
    )

    theirs = Credentials.from_authorized_user_info(json.loads(text))  # type: ignore[no-untyped-call]

    assert (theirs.refresh_token, theirs.client_id) == ("refresh-for-ada", "1234-lunch")
    assert from_text(text) == read()


@pytest.mark.parametrize("scopes", [[str(Scope.GMAIL_SEND)], str(Scope.GMAIL_SEND)])
def test_scopes_are_a_list_or_text(scopes: object) -> None:
    assert read(scopes=scopes).scopes == Scopes("gmail.send")


@pytest.mark.parametrize("scopes", [..., None, []])
def test_a_file_may_know_nothing_of_its_scopes(scopes: object) -> None:
    assert read(scopes=scopes).scopes == Scopes()


@pytest.mark.parametrize("name", ["refresh_token", "client_id", "client_secret"])
@pytest.mark.parametrize("value", [..., None, "", 5, "two\nlines"])
def test_a_file_that_cannot_be_refreshed_says_what_it_lacks(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"no .*{name}"):
        read(**{name: value})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\x80\x04\x95", "pickle"),
        (b"\xac\xed\x00\x05sr", "Java"),
        (b"", "empty"),
        (b"\xef\xbb\xbf ", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a token.json"),
        (b'{"installed": {}}', "client secrets"),
        (b'{"type": "service_account"}', "service account"),
        (b'{"type": "external_account"}', "federation"),
        (b'{"data": []}', "several people"),
        (b'{"data": [{"credential": 5}]}', "several people"),
        (json.dumps({**TOKEN, "universe_domain": "evil.example"}).encode(), "universe_domain"),
        (json.dumps({**TOKEN, "scopes": {"a": 1}}).encode(), "not a list of scopes"),
        (json.dumps({**TOKEN, "scopes": [5]}).encode(), "not a list of scopes"),
    ],
)
def test_another_file_is_refused_by_what_it_is(text: bytes, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        from_text(text)

    assert "token.json" in caught.value.message
    assert "refresh-for-ada" not in str(caught.value)


def test_a_pickle_says_the_two_lines_that_write_it_as_json() -> None:
    with pytest.raises(SettingsError) as caught:
        from_text(b"\x80\x04\x95")

    lines = [line.strip() for line in caught.value.hint.splitlines()[1:]]
    assert len(lines) == 2
    compile("\n".join(lines), "hint", "exec")


def test_a_token_file_prints_no_secret() -> None:
    assert "refresh-for-ada" not in repr(read())
    assert "not-really-secret" not in repr(read())


@given(st.binary(max_size=60))
@example(b'{"refresh_token": "\\ud800", "client_id": "c", "client_secret": "s"}')
def test_a_file_of_any_bytes_raises_nothing_but_our_own_errors(text: bytes) -> None:
    with pytest.raises(MailgrantError):
        from_text(text)
