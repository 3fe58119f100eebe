"""AuthorizedUser: a token.json is taken over, and nothing in it chooses where tokens go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import MailgrantError, SettingsError
from mailgrant.oauth.authorized_user import AuthorizedUser
from mailgrant.oauth.scopes import Scope, Scopes
from mailgrant.secret import Secret

TOKEN = {
    "type": "authorized_user",
    "client_id": "1234-lunch",
    "client_secret": "not-really-secret",
    "refresh_token": "refresh-for-ada",
    "scopes": [str(Scope.GMAIL_SEND)],
    "universe_domain": "googleapis.com",
}


def read(**changes: Any) -> AuthorizedUser:
    values = {name: value for name, value in {**TOKEN, **changes}.items() if value is not ...}
    return AuthorizedUser.from_json(json.dumps(values), where="token.json")


def test_what_google_auth_writes_is_read() -> None:
    written = Credentials(  # type: ignore[no-untyped-call]
        token="access",
        refresh_token="refresh-for-ada",
        token_uri="https://evil.example/token",
        client_id="1234-lunch",
        client_secret="not-really-secret",
        scopes=[str(Scope.GMAIL_SEND)],
    ).to_json()

    held = AuthorizedUser.from_json(written, where="token.json")

    assert held.client_id == "1234-lunch"
    assert held.client_secret == Secret("not-really-secret")
    assert held.refresh_token == Secret("refresh-for-ada")
    assert held.scopes == Scopes("gmail.send")


def test_an_address_in_the_file_is_not_even_kept() -> None:
    assert read(token_uri="https://evil.example/token") == read(token_uri=...)


@pytest.mark.parametrize("scopes", [[str(Scope.GMAIL_SEND)], str(Scope.GMAIL_SEND)])
def test_scopes_are_a_list_or_text(scopes: object) -> None:
    assert read(scopes=scopes).scopes == Scopes("gmail.send")


@pytest.mark.parametrize("scopes", [..., None, []])
def test_a_file_may_know_nothing_of_its_scopes(scopes: object) -> None:
    assert read(scopes=scopes).scopes == Scopes()


@pytest.mark.parametrize("name", ["refresh_token", "client_id", "client_secret"])
@pytest.mark.parametrize("value", [..., None, "", 5, "two\nlines"])
def test_a_file_that_cannot_be_refreshed_says_what_it_lacks(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"no {name}"):
        read(**{name: value})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\x80\x04\x95", "pickle"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a token.json"),
        (b'{"installed": {}}', "client secrets"),
        (b'{"type": "service_account"}', "service account"),
        (json.dumps({**TOKEN, "universe_domain": "evil.example"}).encode(), "another cloud"),
        (json.dumps({**TOKEN, "scopes": {"a": 1}}).encode(), "not a list of scopes"),
        (json.dumps({**TOKEN, "scopes": [5]}).encode(), "not a list of scopes"),
    ],
)
def test_another_file_is_refused_by_what_it_is(text: bytes, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        AuthorizedUser.from_json(text, where="token.json")

    assert "token.json" in caught.value.message
    assert "refresh-for-ada" not in str(caught.value)


def test_a_token_file_prints_no_secret() -> None:
    assert "refresh-for-ada" not in repr(read())
    assert "not-really-secret" not in repr(read())


@given(st.binary(max_size=60))
@example(b'{"refresh_token": "\\ud800", "client_id": "c", "client_secret": "s"}')
def test_a_file_of_any_bytes_raises_nothing_but_our_own_errors(text: bytes) -> None:
    with pytest.raises(MailgrantError):
        AuthorizedUser.from_json(text, where="token.json")
