"""Foresight: a grant's end is known before Google says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import IDENTITY, Scopes
from mailgrant.secret import Secret
from mailgrant.vault.foresight import IDLE_LIFE, countdown, remedy
from mailgrant.vault.grant import Grant, GrantStatus

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
SEND = Scopes("gmail.send") | IDENTITY


def grant(*, scopes: Scopes = SEND, refresh_token: str | None = "1//0", **changes: Any) -> Grant:
    credentials = Credentials(
        None, refresh_token=Secret(refresh_token) if refresh_token else None, expires_at=None, scopes=scopes
    )
    values: dict[str, Any] = {
        "id": "grant",
        "sub": "1",
        "user": None,
        "client_id": "lunch",
        "verified": True,
        "asked": scopes,
        "scopes": scopes,
        "credentials": credentials,
        "consented_at": NOW,
        **changes,
    }
    return Grant("ada@example.com", **values)


def test_in_testing_a_grant_ends_seven_days_after_its_consent_however_often_it_is_used() -> None:
    end = countdown(grant(refreshed_at=NOW + timedelta(days=6)), testing=True)

    assert end is not None
    assert end.ends_at == NOW + timedelta(days=7)
    assert "Testing" in end.why
    assert "Publish" in end.remedy


def test_who_somebody_is_outlives_testing() -> None:
    end = countdown(grant(scopes=IDENTITY), testing=True)

    assert end is not None
    assert end.ends_at == NOW + IDLE_LIFE


def test_what_nobody_uses_ends_half_a_year_after_its_last_refresh() -> None:
    used = NOW + timedelta(days=100)

    end = countdown(grant(refreshed_at=used), testing=False)

    assert end is not None
    assert end.ends_at == used + IDLE_LIFE
    assert not end.is_soon(NOW)
    assert end.is_soon(end.ends_at - timedelta(days=29))


def test_an_end_that_its_owner_set_counts_when_it_is_the_first() -> None:
    end = countdown(grant(ends_at=NOW + timedelta(days=3)), testing=True)

    assert end is not None
    assert (end.ends_at, end.why) == (NOW + timedelta(days=3), "its owner set it an end")


@pytest.mark.parametrize("status", [GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED])
def test_what_has_ended_has_no_end_before_it(status: GrantStatus) -> None:
    assert countdown(grant(status=status), testing=True) is None


def test_a_service_accounts_grant_has_no_end() -> None:
    assert countdown(grant(refresh_token=None), testing=False) is None


def test_a_dead_grant_says_how_to_ask_again() -> None:
    assert "mailgrant login ada@example.com --scope gmail.send" in remedy(grant(status=GrantStatus.NEEDS_CONSENT))


def test_a_box_left_unticked_says_how_to_ask_for_the_rest() -> None:
    partly = grant(asked=SEND | Scopes("calendar"))

    assert "--scope calendar" in remedy(partly)
    assert "Admin console" in remedy(grant(asked=SEND | Scopes("calendar"), refresh_token=None))
    assert remedy(grant()) == ""
