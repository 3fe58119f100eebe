"""The grant that follows from an answer: what lasts, what is new, and what an answer must not take away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailgrant.errors import ConsentError
from mailgrant.oauth.consent import Consent, begin
from mailgrant.oauth.credentials import TokenAnswer
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.vault.grant import Grant, GrantStatus
from mailgrant.vault.redeemed import answered, is_narrower

from .keeping import ADA, CLIENT, NOW, SANDBOX, a_grant

HOUR = timedelta(hours=1)
READONLY = "gmail.readonly"


def asking(scopes: str) -> Consent:
    return begin(
        CLIENT,
        account=ADA,
        user=None,
        scopes=Scopes(scopes),
        redirect_uri="http://127.0.0.1:8080/",
        identity=True,
        widens=None,
        realm=SANDBOX,
        now=NOW,
        entropy=bytes,
    )


def saying(
    scopes: str | None, *, refresh_token: str | None = "1//0-new", lasting: timedelta | None = None
) -> TokenAnswer:
    return TokenAnswer(
        Secret("ya29.new"),
        expires_in=HOUR,
        scopes=None if scopes is None else Scopes(scopes),
        refresh_token=None if refresh_token is None else Secret(refresh_token),
        refresh_token_expires_in=lasting,
    )


def made(consent: Consent, answer: TokenAnswer, before: Grant | None = None) -> Grant:
    return answered(consent, answer, before, account=ADA, sub="1084", key="one", now=NOW)


def test_what_google_says_was_granted_is_kept_beside_what_was_asked() -> None:
    grant = made(asking(f"gmail.send {READONLY}"), saying("gmail.send"))

    assert (grant.scopes, grant.missing.api) == (Scopes("gmail.send"), Scopes(READONLY))
    assert grant.is_active
    assert grant.ends_at is None


def test_what_google_does_not_repeat_is_what_was_asked() -> None:
    assert made(asking(READONLY), saying(None)).scopes.api == Scopes(READONLY)


def test_a_person_may_set_a_grant_an_end() -> None:
    assert made(asking(READONLY), saying(READONLY, lasting=timedelta(days=7))).ends_at == NOW + timedelta(days=7)


def test_an_answer_without_a_refresh_token_changes_nothing_that_lasts() -> None:
    before = a_grant()

    after = made(asking(READONLY), saying(READONLY, refresh_token=None), before)

    assert (after.credentials, after.scopes) == (before.credentials, before.scopes)
    assert after.asked.api == Scopes(f"gmail.send {READONLY}")


def test_without_a_refresh_token_and_a_grant_there_is_nothing_to_keep() -> None:
    with pytest.raises(ConsentError, match="no refresh token"):
        made(asking(READONLY), saying(READONLY, refresh_token=None))


@pytest.mark.parametrize(
    ("asked", "granted", "narrower"),
    [
        pytest.param(READONLY, READONLY, True, id="what was held is left out"),
        pytest.param(READONLY, f"{READONLY} gmail.send", False, id="what was held is folded in"),
        pytest.param(f"{READONLY} gmail.send", READONLY, False, id="the person was asked again, and said no"),
    ],
)
def test_a_token_that_leaves_out_what_nobody_asked_again_is_narrower(asked: str, granted: str, narrower: bool) -> None:
    assert is_narrower(asking(asked), saying(granted), a_grant()) is narrower


def test_nothing_is_narrower_than_a_grant_that_is_dead() -> None:
    dead = replace(a_grant(), status=GrantStatus.REVOKED)

    assert not is_narrower(asking(READONLY), saying(READONLY), dead)
