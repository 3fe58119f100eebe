"""Who signed in: an id_token is believed only if Google signed it, for us, not long ago."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from hypothesis import example, given
from hypothesis import strategies as st

from mailgrant.errors import ConsentError
from mailgrant.oauth.id_token import Identity, same_person, verify
from mailgrant.secret import Secret

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
CLIENT = "1234-lunch.apps.googleusercontent.com"
CLAIMS = {
    "iss": "https://accounts.google.com",
    "azp": CLIENT,
    "aud": CLIENT,
    "sub": "110169484474386276334",
    "email": "ada@example.com",
    "email_verified": True,
    "hd": "example.com",
    "name": "Ada Lovelace",
    "iat": int(NOON.timestamp()),
    "exp": int(NOON.timestamp()) + 3600,
}


@cache
def private_key(name: str) -> RSAPrivateKey:
    assert name
    return generate_private_key(public_exponent=65537, key_size=2048)


def jwk(name: str) -> dict[str, Any]:
    return {**jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True), "kid": name}


def keys() -> dict[str, Any]:
    return {"keys": [jwk("old"), {**jwk("google"), "alg": "RS256", "use": "sig"}]}


def signed(*, by: str = "google", kid: str | None = "google", **changes: Any) -> Secret:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    headers = {} if kid is None else {"kid": kid}
    return Secret(jwt.encode(claims, private_key(by), algorithm="RS256", headers=headers))


def check(token: Secret, *, now: datetime = NOON, **changes: Any) -> Identity:
    return verify(token, **{"keys": keys(), "client_id": CLIENT, "now": now, **changes})


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_of_googles_says_who_signed_in() -> None:
    assert check(signed()) == Identity(
        "110169484474386276334",
        email="ada@example.com",
        email_verified=True,
        hosted_domain="example.com",
        name="Ada Lovelace",
    )


def test_a_private_account_has_no_organisation_and_may_have_no_name() -> None:
    identity = check(signed(hd=..., name=...))

    assert (identity.hosted_domain, identity.name) == (None, None)


def test_both_names_of_the_issuer_are_googles() -> None:
    assert check(signed(iss="accounts.google.com")).email == "ada@example.com"


def test_who_it_was_made_for_need_not_be_said_twice() -> None:
    assert check(signed(azp=...)).sub == CLAIMS["sub"]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": ...},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"aud": ...},
        {"azp": "another-client"},
        {"exp": ...},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": ...},
        {"iat": "now"},
        {"iat": 1e308},
    ],
    ids=str,
)
def test_a_token_that_is_not_ours_or_has_no_time_is_not_believed(changes: dict[str, Any]) -> None:
    with pytest.raises(ConsentError, match="not believed"):
        check(signed(**changes))


@pytest.mark.parametrize("changes", [{"sub": ...}, {"sub": ""}, {"sub": 5}, {"email": ...}, {"email": "ada"}], ids=str)
def test_a_token_that_names_nobody_is_no_answer(changes: dict[str, Any]) -> None:
    with pytest.raises(ConsentError, match=r"did not say who|not believed"):
        check(signed(**changes))


@pytest.mark.parametrize("verified", [False, "false", None, ..., 1.5])
def test_an_address_that_google_does_not_vouch_for_is_nobodys(verified: object) -> None:
    with pytest.raises(ConsentError, match="does not vouch"):
        check(signed(email_verified=verified))


def test_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    end = NOON + timedelta(hours=1)

    check(signed(), now=end + timedelta(minutes=4))
    check(signed(), now=NOON - timedelta(minutes=4))
    with pytest.raises(ConsentError, match="run out"):
        check(signed(), now=end + timedelta(minutes=5))
    with pytest.raises(ConsentError, match="from the future"):
        check(signed(), now=NOON - timedelta(minutes=5, seconds=1))
    with pytest.raises(ConsentError, match="run out"):
        check(signed(), now=end, leeway=timedelta(0))


def test_a_signature_of_somebody_elses_is_not_believed() -> None:
    with pytest.raises(ConsentError, match="does not verify"):
        check(signed(by="mallory"))


@pytest.mark.parametrize("kid", ["mallory", None])
def test_a_key_that_google_does_not_list_signs_nothing(kid: str | None) -> None:
    with pytest.raises(ConsentError, match="does not verify"):
        check(signed(by="mallory", kid=kid))


def test_a_token_without_a_signature_is_not_believed() -> None:
    unsigned = f"{encoded({'alg': 'none', 'kid': 'google'})}.{encoded(CLAIMS)}."

    with pytest.raises(ConsentError, match="does not verify"):
        check(Secret(unsigned))


def test_the_public_key_is_not_taken_for_a_shared_secret() -> None:
    import hashlib
    import hmac

    body = f"{encoded({'alg': 'HS256', 'kid': 'google'})}.{encoded(CLAIMS)}"
    mac = hmac.new(jwk("google")["n"].encode(), body.encode(), hashlib.sha256).digest()
    forged = f"{body}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    symmetric = {"keys": [{"kty": "oct", "k": jwk("google")["n"], "kid": "google"}]}

    for listed in (keys(), symmetric):
        with pytest.raises(ConsentError, match="does not verify"):
            check(Secret(forged), keys=listed)


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, tail = signed().reveal().split(".")

    with pytest.raises(ConsentError, match="does not verify"):
        check(Secret(f"{head}.{encoded({**CLAIMS, 'email': 'mallory@example.com'})}.{tail}"))


@pytest.mark.parametrize("listed", [{}, {"keys": None}, {"keys": 5}, {"keys": ["x"]}, {"keys": [{"kid": "google"}]}])
def test_keys_of_any_shape_verify_nothing(listed: dict[str, Any]) -> None:
    with pytest.raises(ConsentError, match="does not verify"):
        check(signed(), keys=listed)


@given(st.text(max_size=60))
@example("..")
@example("\ud800.x.y")
@example(f"{encoded({'alg': 'RS256', 'kid': 'google'})}.{encoded([])}.AAAA")
@example(f"{encoded([])}.{encoded({})}.AAAA")
def test_a_token_of_any_text_is_not_believed(text: str) -> None:
    with pytest.raises(ConsentError):
        check(Secret(text))


def test_no_error_repeats_the_token() -> None:
    token = signed(by="mallory")

    with pytest.raises(ConsentError) as caught:
        check(token)

    assert token.reveal()[:20] not in str(caught.value)
    assert caught.value.__cause__ is None


def person(email: str) -> Identity:
    return Identity("1", email=email, email_verified=True)


@pytest.mark.parametrize(
    ("expected", "signed_in"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada.lovelace@gmail.com", "adalovelace@gmail.com"),
        ("Ada.Love.Lace@googlemail.com", "adalovelace@gmail.com"),
    ],
)
def test_the_same_person_may_be_written_in_several_ways(expected: str, signed_in: str) -> None:
    assert same_person(expected, person(signed_in))


@pytest.mark.parametrize(
    ("expected", "signed_in"),
    [
        ("ada@example.com", "bob@example.com"),
        ("ada@example.com", "ada@example.org"),
        ("ada.l@example.com", "adal@example.com"),
        ("ada@gmail.com", "ada@gmail.com.evil.example"),
        ("ada+lunch@gmail.com", "ada@gmail.com"),
        ("ada@gmail.com", "ada@example.com"),
    ],
)
def test_another_person_is_another_person(expected: str, signed_in: str) -> None:
    assert not same_person(expected, person(signed_in))
