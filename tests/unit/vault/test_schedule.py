"""When the worker looks at a grant: soon enough, and never at all of them at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailgrant.oauth.credentials import STALE_BEFORE, Credentials
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret
from mailgrant.vault.client import Trouble
from mailgrant.vault.grant import Grant, GrantStatus
from mailgrant.vault.schedule import (
    AGAIN,
    IDLE,
    SPREAD_IDLE,
    SPREAD_IN_USE,
    may_be_tried,
    next_look,
    next_probe,
    share_of,
    wants_note,
)

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
EXPIRY = NOW + timedelta(hours=1)


def grant(name: str = "g") -> Grant:
    return Grant(
        "ada@example.com",
        id=name,
        sub="1",
        user=None,
        client_id="c",
        verified=True,
        asked=Scopes("gmail.send"),
        scopes=Scopes("gmail.send"),
        credentials=Credentials(
            Secret("ya29.a"), refresh_token=Secret("1//0a"), expires_at=EXPIRY, scopes=Scopes("gmail.send")
        ),
        consented_at=NOW,
    )


def test_a_grant_in_use_is_looked_at_before_its_token_is_stale() -> None:
    look = next_look(replace(grant(), used_at=NOW), NOW)

    assert look is not None
    assert EXPIRY - STALE_BEFORE - SPREAD_IN_USE - timedelta(minutes=1) <= look < EXPIRY - STALE_BEFORE


def test_a_grant_that_nobody_uses_is_looked_at_well_before_six_months() -> None:
    looks = [next_look(grant(str(number)), NOW) for number in range(50)]

    assert all(look is not None and NOW + IDLE <= look <= NOW + IDLE + SPREAD_IDLE for look in looks)
    assert timedelta(days=170) > IDLE + SPREAD_IDLE


@pytest.mark.parametrize("status", [GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED])
def test_a_grant_that_only_a_person_can_help_is_never_looked_at(status: GrantStatus) -> None:
    assert next_look(replace(grant(), status=status, used_at=NOW), NOW) is None


def test_a_paused_grant_is_tried_again_within_the_half_hour() -> None:
    look = next_look(replace(grant(), status=GrantStatus.PAUSED), NOW)

    assert look is not None
    assert NOW < look <= NOW + timedelta(minutes=30)


def test_what_is_overdue_while_it_is_written_is_looked_at_again_in_some_minutes() -> None:
    late = EXPIRY + timedelta(minutes=5)
    looks = [next_look(replace(grant(str(number)), used_at=late), late) for number in range(50)]

    assert all(look is not None and late + AGAIN <= look <= late + 2 * AGAIN for look in looks)


def test_use_is_noted_when_it_is_half_an_hour_old() -> None:
    assert wants_note(grant(), NOW)
    assert not wants_note(replace(grant(), used_at=NOW), NOW + timedelta(minutes=29))
    assert wants_note(replace(grant(), used_at=NOW), NOW + timedelta(minutes=30))


def test_a_paused_grant_is_not_tried_twice_within_a_minute() -> None:
    paused = replace(grant(), status=GrantStatus.PAUSED, tried_at=NOW)

    assert not may_be_tried(paused, NOW + timedelta(seconds=59))
    assert may_be_tried(paused, NOW + timedelta(minutes=1))
    assert may_be_tried(replace(paused, status=GrantStatus.ACTIVE), NOW)


@pytest.mark.parametrize(("lasted", "pause"), [(0, 30), (30, 30), (60, 60), (200, 200), (300, 300), (86_400, 300)])
def test_a_client_in_trouble_is_probed_ever_less_often_but_every_five_minutes(lasted: int, pause: int) -> None:
    trouble = Trouble("no", since=NOW, tried_at=NOW + timedelta(seconds=lasted))

    assert next_probe(trouble) - trouble.tried_at == timedelta(seconds=pause)


def test_many_grants_are_spread_evenly() -> None:
    shares = [share_of(str(number)) for number in range(1000)]

    tenths = [sum(number / 10 <= share < (number + 1) / 10 for share in shares) for number in range(10)]
    assert all(70 < count < 130 for count in tenths)
