"""ClientSecrets: Google's file is read, and every other file is refused by what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import MailgrantError, SettingsError
from mailgrant.oauth.client_secrets import ClientKind, ClientSecrets
from mailgrant.oauth.realm import Realm
from mailgrant.secret import Secret

GOOGLE = Realm.google()
SANDBOX = Realm.at("http://127.0.0.1:8025")
WHERE = "client_secret.json"

PART = {
    "client_id": "1234-lunch.apps.googleusercontent.com",
    "project_id": "lunch",
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
    "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
    "client_secret": "not-really-secret",
    "redirect_uris": ["http://localhost"],
}


def part(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**PART, **changes}.items() if value is not ...}


def read(value: object, realm: Realm = GOOGLE) -> ClientSecrets:
    return ClientSecrets.from_json(json.dumps(value), realm=realm, where=WHERE)


def client(kind: ClientKind, *redirect_uris: str) -> ClientSecrets:
    return ClientSecrets("id", client_secret=Secret("secret"), kind=kind, redirect_uris=redirect_uris)


@pytest.mark.parametrize("kind", ClientKind)
def test_googles_file_is_read(kind: ClientKind) -> None:
    secrets = read({kind.value: PART})

    assert secrets == ClientSecrets(
        PART["client_id"],  # type: ignore[arg-type]
        client_secret=Secret("not-really-secret"),
        kind=kind,
        redirect_uris=("http://localhost",),
        project_id="lunch",
    )


def test_a_file_may_start_with_a_byte_order_mark() -> None:
    text = b"\xef\xbb\xbf" + json.dumps({"web": PART}).encode()

    assert ClientSecrets.from_json(text, realm=GOOGLE, where=WHERE).kind is ClientKind.WEB


def test_only_the_id_and_the_secret_must_be_there() -> None:
    secrets = read({"installed": {"client_id": "id", "client_secret": "secret"}})

    assert secrets.redirect_uris == ()
    assert secrets.project_id is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"client_id=5", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1, 2]", "JSON, but not a client secrets file"),
        (b'"text"', "JSON, but not a client secrets file"),
        (b"{}", "no 'installed' or 'web' part"),
        (b'{"installed": 5}', "no 'installed' or 'web' part"),
        (b'{"installed": {}, "web": {}}', "two clients"),
        (b'{"client_id": "id", "client_secret": "secret"}', "not under 'installed' or 'web'"),
        (b'{"type": "service_account", "private_key": "k", "client_id": "5"}', "a service account's key"),
        (b'{"refresh_token": "r", "client_id": "id", "client_secret": "s"}', "a person's token"),
        (b'{"type": "authorized_user", "client_id": "id"}', "a person's token"),
        (b'{"installed": {"client_secret": "s"}}', "has no client_id"),
        (b'{"installed": {"client_id": "id"}}', "has no client_secret"),
        (b'{"installed": {"client_id": 5, "client_secret": "s"}}', "client_id is not usable"),
        (b'{"installed": {"client_id": "a\\nb", "client_secret": "s"}}', "client_id is not usable"),
        (b'{"web": {"client_id": "id", "client_secret": "s", "redirect_uris": "http://x"}}', "redirect_uris"),
        (b'{"web": {"client_id": "id", "client_secret": "s", "redirect_uris": [5]}}', "redirect_uris"),
        (b'{"web": {"client_id": "id", "client_secret": "s", "universe_domain": "evil.example"}}', "universe_domain"),
    ],
)
def test_a_wrong_file_is_refused_by_what_it_is_and_what_to_do(text: bytes, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ClientSecrets.from_json(text, realm=GOOGLE, where=WHERE)

    assert caught.value.message.startswith(WHERE)
    assert says in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["auth_uri", "token_uri", "auth_provider_x509_cert_url"])
@pytest.mark.parametrize("realm", [GOOGLE, SANDBOX], ids=["google", "sandbox"])
def test_a_foreign_address_in_a_file_refuses_it_by_name(realm: Realm, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read({"installed": part(**{name: "https://evil.example/token"})}, realm)

    assert name in caught.value.message
    assert "evil.example" in caught.value.message
    assert "not-really-secret" not in str(caught.value)


def test_a_sandboxs_file_without_a_sandbox_says_which_one_to_set() -> None:
    made = {"web": part(auth_uri="http://127.0.0.1:8025/o/oauth2/auth", token_uri="http://127.0.0.1:8025/token")}

    assert read(made, SANDBOX).kind is ClientKind.WEB
    with pytest.raises(SettingsError, match=r"MAILGRANT_GOOGLE=http://127\.0\.0\.1:8025"):
        read(made)


def test_no_address_of_a_file_is_kept() -> None:
    kept = read({"installed": PART}).to_json()

    assert "auth_uri" not in kept
    assert "token_uri" not in kept


@pytest.mark.parametrize("secrets", [read({"web": PART}), read({"installed": part(project_id=..., redirect_uris=...)})])
def test_what_is_written_for_the_vault_is_read_again(secrets: ClientSecrets) -> None:
    assert ClientSecrets.from_json(secrets.to_json(), realm=GOOGLE, where="the vault") == secrets


def test_the_secret_is_not_printed() -> None:
    assert "not-really-secret" not in repr(read({"web": PART}))


def test_a_client_without_id_or_secret_cannot_exist() -> None:
    with pytest.raises(ValueError, match="secret"):
        ClientSecrets("id", client_secret=Secret(""), kind=ClientKind.WEB)
    with pytest.raises(ValueError, match="id"):
        ClientSecrets("", client_secret=Secret("secret"), kind=ClientKind.WEB)


def test_the_answer_to_a_desktop_clients_link_ends_where_nobody_listens() -> None:
    assert client(ClientKind.INSTALLED, "http://localhost").pasted_redirect() == "http://127.0.0.1:1/"


def test_a_web_client_is_served_at_its_own_registered_loopback_address() -> None:
    web = client(ClientKind.WEB, "https://localhost:9000/oauth2callback", "http://localhost:8080/")

    assert web.loopback_redirect() == "http://localhost:8080/"
    assert web.pasted_redirect() == "http://localhost:8080/"


def test_a_web_client_with_https_addresses_only_is_answered_by_paste_back() -> None:
    web = client(ClientKind.WEB, "https://lunch.example/oauth2callback", "http://[")

    assert web.pasted_redirect() == "https://lunch.example/oauth2callback"
    with pytest.raises(SettingsError, match="Register http://127"):
        web.loopback_redirect()


def test_a_web_client_without_any_address_is_told_which_to_register() -> None:
    with pytest.raises(SettingsError, match="Register http://127"):
        client(ClientKind.WEB).pasted_redirect()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["web", *PART]), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.binary(max_size=80)
    | st.dictionaries(st.sampled_from(["web", "installed", "type"]), json_values).map(
        lambda value: json.dumps(value).encode()
    )
)
@example(b'{"web": {"client_id": "\\ud800", "client_secret": "s"}}')
def test_a_file_of_any_bytes_gives_a_client_or_an_error_of_ours(text: bytes) -> None:
    try:
        secrets = ClientSecrets.from_json(text, realm=GOOGLE, where=WHERE)
    except MailgrantError:
        return
    assert secrets.client_id
