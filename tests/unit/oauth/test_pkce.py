"""PKCE: a verifier that only we know, and its challenge."""

from __future__ import annotations

from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from mailgrant.oauth.pkce import challenge, new_verifier
from mailgrant.secret import Secret


def test_the_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.binary(min_size=32, max_size=32))
def test_a_verifier_is_as_long_as_the_standard_wants_and_others_agree_on_its_challenge(drawn: bytes) -> None:
    verifier = new_verifier(lambda size: drawn[:size])

    assert len(verifier.reveal()) == 43
    assert set(verifier.reveal()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert challenge(verifier) == create_s256_code_challenge(verifier.reveal())
