"""ServiceAccountKey: a key file is read, nothing in it is followed, and its assertions are what Google wants."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import AdminRefused, ClientBroken, InvalidRequest, MailgrantError, NotFound, SettingsError
from mailgrant.http import Response
from mailgrant.oauth import calls
from mailgrant.oauth.answers import assertion_refusal
from mailgrant.oauth.realm import Realm
from mailgrant.oauth.scopes import Scope, Scopes
from mailgrant.oauth.service_account import ServiceAccountKey, assertion, delegation_line, is_service_account

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
ADA = "ada@example.com"
SEND = Scopes("gmail.send")


@cache
def pair() -> tuple[str, str]:
    """A private key as Google's console writes it, and the public one that belongs to it."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def elliptic_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def content(**changes: Any) -> dict[str, Any]:
    values = {
        "type": "service_account",
        "project_id": "lunch",
        "private_key_id": "key-1",
        "private_key": pair()[0],
        "client_email": "robot@lunch.iam.gserviceaccount.com",
        "client_id": "104857600000000000017",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/robot%40lunch",
        "universe_domain": "googleapis.com",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not ...}


def read(realm: Realm | None = None, **changes: Any) -> ServiceAccountKey:
    text = json.dumps(content(**changes))
    return ServiceAccountKey.from_json(text, realm=realm or Realm.google(), where="key.json")


@cache
def robot() -> ServiceAccountKey:
    """The whole key; looking at one takes a while, so that the tests share it."""
    return read()


def refusal(status: int, error: str, description: str) -> MailgrantError:
    body = json.dumps({"error": error, "error_description": description}).encode()
    return assertion_refusal(Response(status, body=body), robot(), subject=ADA, scopes=SEND)


def test_a_key_file_of_googles_is_read() -> None:
    key = read()

    assert (key.client_id, key.client_email) == ("104857600000000000017", "robot@lunch.iam.gserviceaccount.com")
    assert (key.private_key_id, key.project_id) == ("key-1", "lunch")
    assert is_service_account(json.dumps(content()))


def test_a_key_prints_no_secret() -> None:
    assert "PRIVATE KEY" not in repr(robot())


@pytest.mark.parametrize("name", ["client_id", "client_email", "private_key"])
def test_a_key_file_that_lacks_something_says_what(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"key\.json has no {name}"):
        read(**{name: ...})


@pytest.mark.parametrize("name", ["auth_uri", "token_uri", "auth_provider_x509_cert_url", "client_x509_cert_url"])
@pytest.mark.parametrize("address", ["https://evil.example/token", "http://127.0.0.1:8025/token", "", 5])
def test_an_address_that_is_not_googles_refuses_the_file(name: str, address: object) -> None:
    with pytest.raises(SettingsError, match=name):
        read(**{name: address})


def test_a_sandbox_reads_its_own_key_files() -> None:
    key = read(Realm.at("http://127.0.0.1:8025"), token_uri="http://127.0.0.1:8025/token")

    assert key.client_email.startswith("robot@")


def test_a_key_of_another_cloud_is_refused() -> None:
    with pytest.raises(SettingsError, match="universe_domain"):
        read(universe_domain="evil.example")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "empty"),
        (b"\x80\x04", "not JSON"),
        (b"[]", "not a service account"),
        (b'{"installed": {}}', "not a service account"),
        (json.dumps(content(client_id="robot@lunch")).encode(), "not the number"),
        (json.dumps(content(private_key="-----BEGIN PRIVATE KEY-----")).encode(), "not a whole key"),
        (json.dumps(content(private_key=elliptic_key())).encode(), "not an RSA key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_file_is_refused_by_what_it_is(text: bytes, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        ServiceAccountKey.from_json(text, realm=Realm.google(), where="key.json")

    assert "PRIVATE" not in str(caught.value)


@given(st.binary(max_size=60))
@example(b'{"type": "service_account", "client_id": "\\ud800"}')
def test_a_file_of_any_bytes_raises_nothing_but_our_own_errors(text: bytes) -> None:
    with pytest.raises(SettingsError):
        ServiceAccountKey.from_json(text, realm=Realm.google(), where="key.json")


def test_an_assertion_says_who_for_whom_for_what_and_is_good_for_an_hour() -> None:
    signed = assertion(robot(), subject=ADA, scopes=Scopes("gmail.send gmail.labels"), now=NOW)

    claims = jwt.decode(
        signed.reveal(),
        pair()[1],
        algorithms=["RS256"],
        audience="https://oauth2.googleapis.com/token",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert jwt.get_unverified_header(signed.reveal()) == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
    assert (claims["iss"], claims["sub"]) == ("robot@lunch.iam.gserviceaccount.com", ADA)
    assert set(claims["scope"].split()) == {Scope.GMAIL_SEND, Scope.GMAIL_LABELS}
    assert (claims["iat"], claims["exp"]) == (NOW.timestamp(), (NOW + timedelta(hours=1)).timestamp())


def test_the_line_for_the_admin_console_is_the_number_and_scopes_separated_by_commas() -> None:
    line = delegation_line("104857600000000000017", Scopes("gmail.send calendar"))

    assert line == f"104857600000000000017 {Scope.GMAIL_SEND},{Scope.CALENDAR}"


def test_an_exchange_sends_nothing_but_the_assertion() -> None:
    call = calls.exchange_assertion(robot(), subject=ADA, scopes=SEND, now=NOW)

    request = next(call)
    with pytest.raises(StopIteration) as end:
        call.send(Response(200, body=b'{"access_token": "access", "expires_in": 3599, "token_type": "Bearer"}'))

    assert request.url == "https://oauth2.googleapis.com/token"
    assert b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" in request.body
    assert (end.value.value.scopes, end.value.value.refresh_token) == (None, None)


@pytest.mark.parametrize(
    ("status", "error", "description"),
    [
        (400, "invalid_grant", "Invalid JWT Signature."),
        (400, "invalid_grant", "Invalid JWT: No valid verifier found for issuer."),
        (400, "invalid_grant", "Robot is disabled."),
        (401, "disabled_client", "The OAuth client was disabled."),
        (401, "deleted_client", "The OAuth client was deleted."),
    ],
)
def test_a_key_that_is_no_longer_good_is_a_broken_client(status: int, error: str, description: str) -> None:
    caught = refusal(status, error, description)

    assert isinstance(caught, ClientBroken)
    assert "robot@lunch" in caught.message
    assert "no grant was lost" in caught.hint


@pytest.mark.parametrize(
    ("status", "error", "description"),
    [
        (400, "invalid_grant", "Not a valid email."),
        (400, "invalid_grant", "Invalid email or User ID"),
        (400, "invalid_request", 'Invalid impersonation "sub" field.'),
    ],
)
def test_a_subject_that_google_does_not_know_is_named(status: int, error: str, description: str) -> None:
    caught = refusal(status, error, description)

    assert isinstance(caught, NotFound)
    assert ADA in caught.message


@pytest.mark.parametrize(
    ("status", "error", "description"),
    [
        (401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method."),
        (401, "access_denied", "Requested client not authorized."),
    ],
)
def test_what_the_organisation_has_not_allowed_carries_the_line_to_paste(
    status: int, error: str, description: str
) -> None:
    caught = refusal(status, error, description)

    assert isinstance(caught, AdminRefused)
    assert f"104857600000000000017 {Scope.GMAIL_SEND}" in caught.hint


def test_a_policy_of_the_organisation_names_its_setting() -> None:
    assert "API controls" in refusal(400, "admin_policy_enforced", "x").hint


def test_a_wrong_clock_of_ours_is_said() -> None:
    caught = refusal(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and so on.")

    assert isinstance(caught, InvalidRequest)
    assert "clock" in caught.hint


@given(st.integers(300, 599), st.binary(max_size=60) | st.sampled_from([b'{"error": "invalid_grant"}']))
def test_no_refusal_of_an_assertion_kills_a_grant(status: int, body: bytes) -> None:
    caught = assertion_refusal(Response(status, body=body), robot(), subject=ADA, scopes=SEND)

    assert type(caught).__name__ != "GrantRevoked"
