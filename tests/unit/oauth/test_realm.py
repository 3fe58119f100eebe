"""Realm: Google and a sandbox never mix."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.errors import MailgrantError, SettingsError
from mailgrant.oauth.realm import (
    AUTH_URI,
    CERTS_URI,
    HOSTS,
    KNOWN_ADDRESSES,
    REVOKE_URI,
    TOKEN_URI,
    Realm,
    RealmName,
)

SANDBOX = Realm.at("http://127.0.0.1:8025")


@pytest.mark.parametrize(
    ("given_origin", "origin"),
    [
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
        ("http://127.0.0.1:8025/", "http://127.0.0.1:8025"),
        ("http://127.1.2.3:1", "http://127.1.2.3:1"),
        ("http://LOCALHOST:8025", "http://localhost:8025"),
        ("http://[::1]:8025", "http://[::1]:8025"),
        ("https://localhost", "https://localhost"),
    ],
)
def test_a_sandbox_on_this_machine_may_stand_in_for_google(given_origin: str, origin: str) -> None:
    realm = Realm.at(given_origin)

    assert realm.name is RealmName.SANDBOX
    assert realm.origin == origin


@pytest.mark.parametrize(
    "origin",
    [
        "http://sandbox.example:8025",
        "https://sandbox.example",
        "http://10.0.0.5:8025",
        "http://0.0.0.0:8025",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "https://oauth2.googleapis.com",
        "http://127.0.0.1@evil.example",
        "http://evil.example#@127.0.0.1",
        "http://127.0.0.1:8025/path",
        "http://127.0.0.1:8025?x=y",
        "http://127.0.0.1:99999",
        "http://127.0.0.1\\.evil.example",
        "http://127.0.0.1 .evil.example",
        "ftp://127.0.0.1",
        "127.0.0.1:8025",
        "http://",
        "http://[::1",
        "",
    ],
)
def test_google_may_be_played_by_this_machine_only(origin: str) -> None:
    with pytest.raises(SettingsError):
        Realm.at(origin)


def test_another_host_needs_both_https_and_an_entry_in_the_settings_file() -> None:
    allowed = ("https://sandbox.example/", "http://plain.example")

    assert Realm.at("https://sandbox.example", allowed=allowed).origin == "https://sandbox.example"
    with pytest.raises(SettingsError, match="allow_google"):
        Realm.at("https://sandbox.example")
    with pytest.raises(SettingsError):
        Realm.at("http://plain.example", allowed=allowed)
    with pytest.raises(SettingsError):
        Realm.at("https://sandbox.example:444", allowed=allowed)


def test_google_has_no_origin_and_a_sandbox_has_one() -> None:
    assert Realm.google() == Realm(RealmName.GOOGLE, origin=None)
    with pytest.raises(ValueError, match="origin"):
        Realm(RealmName.SANDBOX, origin=None)
    with pytest.raises(ValueError, match="origin"):
        Realm(RealmName.GOOGLE, origin="http://127.0.0.1:8025")


@pytest.mark.parametrize("url", [AUTH_URI, TOKEN_URI, REVOKE_URI, CERTS_URI])
def test_googles_addresses_stay_as_they_are_in_googles_realm(url: str) -> None:
    assert Realm.google().address(url) == url


def test_a_sandbox_is_sent_the_same_path_and_query() -> None:
    url = "https://gmail.googleapis.com/gmail/v1/users/me/messages?q=is%3Aunread&pageToken=5"

    assert SANDBOX.address(url) == "http://127.0.0.1:8025/gmail/v1/users/me/messages?q=is%3Aunread&pageToken=5"
    assert SANDBOX.address(TOKEN_URI) == "http://127.0.0.1:8025/token"


@pytest.mark.parametrize("realm", [Realm.google(), SANDBOX], ids=["google", "sandbox"])
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/token",
        "http://oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com:8443/token",
        "https://oauth2.googleapis.com@evil.example/token",
        "https://evil.example#oauth2.googleapis.com/token",
        "https://googleapis.com.evil.example/token",
        "https://storage.googleapis.com/evil-bucket/token",
        "https://oauth2.googleapis.com\\@evil.example/token",
        "https://OAUTH2.googleapis.com.\n/token",
        "//oauth2.googleapis.com/token",
        "",
    ],
)
def test_no_request_goes_to_a_host_that_is_not_googles(realm: Realm, url: str) -> None:
    with pytest.raises(SettingsError, match="not sent"):
        realm.address(url)


@given(st.text(max_size=60) | st.text(max_size=30).map(lambda tail: f"https://oauth2.googleapis.com{tail}"))
def test_an_address_of_any_shape_leads_to_the_sandbox_or_nowhere(url: str) -> None:
    try:
        led = SANDBOX.address(url)
    except MailgrantError:
        return
    assert led == "http://127.0.0.1:8025" or led.startswith(("http://127.0.0.1:8025/", "http://127.0.0.1:8025?"))


@pytest.mark.parametrize("realm", [Realm.google(), SANDBOX], ids=["google", "sandbox"])
@pytest.mark.parametrize("url", sorted(KNOWN_ADDRESSES))
def test_googles_known_addresses_in_a_file_are_accepted_in_both_realms(realm: Realm, url: str) -> None:
    realm.check_address(url, where="client_secret.json", field="token_uri")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8025/token", "http://localhost:9999/token", "http://[::1]:8/token"])
def test_a_file_may_name_this_machine_only_in_a_sandbox(url: str) -> None:
    SANDBOX.check_address(url, where="client_secret.json", field="token_uri")
    with pytest.raises(SettingsError) as caught:
        Realm.google().check_address(url, where="client_secret.json", field="token_uri")

    assert "client_secret.json was made by a sandbox" in caught.value.message
    assert f"MAILGRANT_GOOGLE={url.removesuffix('/token')}" in caught.value.hint


def test_a_file_may_name_the_sandbox_that_the_settings_allow() -> None:
    realm = Realm.at("https://sandbox.example", allowed=["https://sandbox.example"])

    realm.check_address("https://sandbox.example/token", where="c.json", field="token_uri")
    with pytest.raises(SettingsError):
        realm.check_address("https://other.example/token", where="c.json", field="token_uri")


@pytest.mark.parametrize("realm", [Realm.google(), SANDBOX], ids=["google", "sandbox"])
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/token",
        "https://oauth2.googleapis.com.evil.example/token",
        "https://oauth2.googleapis.com/token/../evil",
        "https://oauth2.googleapis.com/other",
        "http://oauth2.googleapis.com/token",
        "http://127.0.0.1@evil.example/token",
        "not an address",
        "",
    ],
)
def test_any_other_address_refuses_the_file_by_name_and_field(realm: Realm, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        realm.check_address(url, where="client_secret.json", field="token_uri")

    assert "client_secret.json" in caught.value.message
    assert "token_uri" in caught.value.message


def test_every_address_we_use_is_on_a_host_we_may_name() -> None:
    used = (AUTH_URI, TOKEN_URI, REVOKE_URI, CERTS_URI)

    assert {url.split("/")[2] for url in used} <= HOSTS
