"""A grant is checked at birth, and shows no secret."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from mailgrant.oauth.credentials import Credentials
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.vault.grant import TRANSITIONS, Grant, GrantStatus

NOW = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)
ADA = Grant(
    "ada@example.com",
    id="one",
    sub="1084",
    user=None,
    client_id="17-a.apps.googleusercontent.com",
    verified=True,
    asked=Scopes("gmail.send gmail.readonly"),
    scopes=Scopes("gmail.send"),
    credentials=Credentials(
        Secret("ya29.ada"), refresh_token=Secret("1//0-ada"), expires_at=NOW, scopes=Scopes("gmail.send")
    ),
    consented_at=NOW,
)


def test_what_was_asked_and_not_granted_is_missing() -> None:
    assert ADA.missing == Scopes("gmail.readonly")


def test_a_grant_shows_whose_it_is_and_no_secret() -> None:
    shown = f"{ADA} {ADA!r}"

    assert "account='ada@example.com', status=ACTIVE" in shown
    assert "ya29" not in shown
    assert "1//0" not in shown


def test_an_unverified_grant_says_so_wherever_it_is_shown() -> None:
    assert "unverified" in str(dataclasses.replace(ADA, verified=False))
    assert "unverified" not in str(ADA)


@pytest.mark.parametrize(
    "wrong",
    [{"account": ""}, {"user": ""}, {"consented_at": datetime(2026, 1, 15)}, {"refreshed_at": datetime(2026, 1, 15)}],  # noqa: DTZ001
    ids=lambda change: next(iter(change)),
)
def test_a_grant_of_nobody_or_of_no_certain_time_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"empty|time zone"):
        dataclasses.replace(ADA, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", GrantStatus, ids=lambda status: status.name)
def test_every_status_has_its_moves_and_a_new_consent_mends_all(status: GrantStatus) -> None:
    assert status is GrantStatus.ACTIVE or GrantStatus.ACTIVE in TRANSITIONS[status]


def test_what_was_revoked_only_a_consent_brings_back() -> None:
    assert TRANSITIONS[GrantStatus.REVOKED] == {GrantStatus.ACTIVE}
