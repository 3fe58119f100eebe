"""Who a token belongs to: tokeninfo, userinfo and the metadata, in all their shapes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailgrant.sandbox import Sandbox

from .caller import Caller, body, error

SEND = "https://www.googleapis.com/auth/gmail.send"


def test_the_older_tokeninfo_has_numbers_and_issued_to(world: Sandbox, caller: Caller) -> None:
    caller.sign_in("openid", "email", SEND)

    info = body(caller.get(f"/oauth2/v1/tokeninfo?access_token={caller.token}"))

    assert info["issued_to"] == info["audience"] == caller.client.id
    assert info["user_id"] == world.account("ada@example.com").sub
    assert (info["expires_in"], info["verified_email"], info["access_type"]) == (3599, True, "offline")


@pytest.mark.parametrize("path", ["/tokeninfo", "/oauth2/v3/tokeninfo"])
def test_the_newer_tokeninfo_has_text_and_azp(caller: Caller, path: str) -> None:
    caller.sign_in("openid", "email", SEND)

    info = body(caller.get(f"{path}?access_token={caller.token}"))

    assert info["azp"] == info["aud"] == caller.client.id
    assert (info["expires_in"], info["email_verified"]) == ("3599", "true")
    assert info["scope"].endswith(" openid")


def test_tokeninfo_takes_a_bearer_header_in_an_empty_post(caller: Caller) -> None:
    caller.sign_in(SEND)

    info = body(caller.form("/tokeninfo", {}))

    assert info["scope"] == SEND
    assert "email" not in info
    assert "sub" not in info


def test_tokeninfo_reads_an_id_token_and_gives_everything_as_text(caller: Caller) -> None:
    id_token = body(caller.redeem(caller.code("openid", "email")))["id_token"]

    info = body(caller.get(f"/tokeninfo?id_token={id_token}"))

    assert (info["email_verified"], info["alg"]) == ("true", "RS256")
    assert info["exp"].isdigit()
    assert error(caller.get(f"/tokeninfo?id_token={id_token[:-4]}AAAA"))[1] == "invalid_token"


def test_a_dead_token_has_no_info(world: Sandbox, caller: Caller) -> None:
    caller.sign_in(SEND)
    world.clock.advance(timedelta(hours=2))

    assert error(caller.get(f"/tokeninfo?access_token={caller.token}")) == (400, "invalid_token", "Invalid Value")


@pytest.mark.parametrize("path", ["/oauth2/v1/userinfo", "/oauth2/v2/userinfo", "/userinfo/v2/me"])
def test_the_older_userinfo_has_id_and_verified_email(world: Sandbox, caller: Caller, path: str) -> None:
    info = body(caller.sign_in("email", "profile").get(path))

    assert info["id"] == world.account("ada@example.com").sub
    assert (info["verified_email"], info["given_name"]) == (True, "Ada")
    assert "sub" not in info


@pytest.mark.parametrize("path", ["/v1/userinfo", "/oauth2/v3/userinfo"])
def test_the_newer_userinfo_has_sub_and_only_what_was_granted(caller: Caller, path: str) -> None:
    info = body(caller.sign_in("openid", "email").get(path))

    assert set(info) == {"sub", "email", "email_verified"}


def test_userinfo_refuses_a_token_without_identity_as_if_there_were_none(caller: Caller) -> None:
    refused = caller.sign_in(SEND).get("/oauth2/v2/userinfo")

    assert refused.status == 401
    assert body(refused)["error"]["message"].startswith("Request is missing required authentication credential.")


def test_the_metadata_leads_back_to_a_sandbox_on_loopback_and_to_google_elsewhere(caller: Caller) -> None:
    here = body(caller.get("/.well-known/openid-configuration", host="127.0.0.1:8025"))
    led = body(caller.get("/.well-known/openid-configuration", host="accounts.google.com"))

    assert here["issuer"] == led["issuer"] == "https://accounts.google.com"
    assert here["token_endpoint"] == "http://127.0.0.1:8025/token"
    assert here["jwks_uri"] == "http://127.0.0.1:8025/oauth2/v3/certs"
    assert led["token_endpoint"] == "https://oauth2.googleapis.com/token"


def test_a_persons_sub_is_the_same_in_every_sandbox() -> None:
    assert Sandbox().account("ada@example.com").sub == Sandbox().account("ada@example.com").sub
