"""
Schedule: when the worker should look at a grant.

Grants in use are refreshed before their token ends, so that nobody waits for a refresh; grants that
nobody uses, before Google's six months without use are over. Each grant has its own moment within
the time allowed, so that they never come all at once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from mailgrant.oauth.credentials import STALE_BEFORE

from .grant import Grant, GrantStatus

# Somebody wanted a token this short a while ago: somebody will again.
IN_USE = timedelta(hours=1)
# Before the token is stale, and for how long the refreshes are spread.
AHEAD = timedelta(minutes=1)
SPREAD_IN_USE = timedelta(minutes=5)
# Six months without a refresh end a refresh token; well before, spread over a month.
IDLE = timedelta(days=120)
SPREAD_IDLE = timedelta(days=30)
# What an administrator refuses is tried again this often.
PAUSE = timedelta(minutes=15)


def next_look(grant: Grant, now: datetime) -> datetime | None:
    """Return when the worker should look at `grant`, None when only a person can help it."""
    if grant.status is GrantStatus.PAUSED:
        return now + PAUSE * (1 + share_of(grant.id))
    if grant.status is not GrantStatus.ACTIVE:
        return None
    expires_at = grant.credentials.expires_at
    if is_in_use(grant, now) and expires_at is not None:
        return expires_at - STALE_BEFORE - AHEAD - SPREAD_IN_USE * share_of(grant.id)
    return (grant.refreshed_at or grant.consented_at) + IDLE + SPREAD_IDLE * share_of(grant.id)


def is_in_use(grant: Grant, now: datetime) -> bool:
    """True when somebody wanted a token of this grant within the last hour."""
    return grant.used_at is not None and now - grant.used_at < IN_USE


def share_of(grant_id: str) -> float:
    """Return a number from 0 up to 1 that is always the same for a grant, and spread evenly over many."""
    return int.from_bytes(hashlib.sha256(grant_id.encode()).digest()[:4], "big") / 2**32
