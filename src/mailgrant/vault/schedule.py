"""
Schedule: when the worker should look at a grant, and when what Google refuses is tried again.

Grants in use are refreshed before their token ends, so that nobody waits for a refresh; grants that
nobody uses, before Google's six months without use are over. Each grant has its own moment within
the time allowed, so that they never come all at once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from mailgrant.oauth.credentials import STALE_BEFORE

from .client import Trouble
from .grant import Grant, GrantStatus

# Somebody wanted a token this short a while ago: somebody will again.
IN_USE = timedelta(hours=1)
# Before the token is stale, and for how long the refreshes are spread.
AHEAD = timedelta(minutes=1)
SPREAD_IN_USE = timedelta(minutes=5)
# Six months without a refresh end a refresh token; well before, spread over a month.
IDLE = timedelta(days=120)
SPREAD_IDLE = timedelta(days=30)
# What an administrator refuses is tried again this often by the worker, and by those who ask.
PAUSE = timedelta(minutes=15)
PAUSE_FOR_ASKERS = timedelta(minutes=1)
# A look that changed nothing is not repeated before this, and for how long the repetitions are spread.
AGAIN = timedelta(minutes=5)
# A client that Google does not accept is tried again after as long as it has been in trouble, within these.
SHORTEST_PROBE, LONGEST_PROBE = timedelta(seconds=30), timedelta(minutes=5)
# `used_at` is written no more often than this.
NOTE_USE = timedelta(minutes=30)


def next_look(grant: Grant, now: datetime) -> datetime | None:
    """
    Return when the worker should look at `grant`, None when only a person can help it.

    Never a moment that has passed: what is overdue while it is written was looked at just now.
    """
    share = share_of(grant.id)
    if grant.status is GrantStatus.PAUSED:
        return now + PAUSE * (1 + share)
    if grant.status is not GrantStatus.ACTIVE:
        return None
    look = _wanted_look(grant, now, share)
    return look if look > now else now + AGAIN * (1 + share)


def _wanted_look(grant: Grant, now: datetime, share: float) -> datetime:
    expires_at = grant.credentials.expires_at
    if is_in_use(grant, now) and expires_at is not None:
        return expires_at - STALE_BEFORE - AHEAD - SPREAD_IN_USE * share
    return (grant.refreshed_at or grant.consented_at) + IDLE + SPREAD_IDLE * share


def is_in_use(grant: Grant, now: datetime) -> bool:
    """True when somebody wanted a token of this grant within the last hour."""
    return grant.used_at is not None and now - grant.used_at < IN_USE


def wants_note(grant: Grant, now: datetime) -> bool:
    """True when it is time to write down again that this grant is in use."""
    return grant.used_at is None or now - grant.used_at >= NOTE_USE


def may_be_tried(grant: Grant, now: datetime) -> bool:
    """True unless `grant` is paused and Google refused it a moment ago."""
    if grant.status is not GrantStatus.PAUSED or grant.tried_at is None:
        return True
    return now - grant.tried_at >= PAUSE_FOR_ASKERS


def next_probe(trouble: Trouble) -> datetime:
    """Return when somebody may try a client in trouble again: ever later, but at least every five minutes."""
    lasted = trouble.tried_at - trouble.since
    return trouble.tried_at + min(max(lasted, SHORTEST_PROBE), LONGEST_PROBE)


def share_of(grant_id: str) -> float:
    """Return a number from 0 up to 1 that is always the same for a grant, and spread evenly over many."""
    return int.from_bytes(hashlib.sha256(grant_id.encode()).digest()[:4], "big") / 2**32
