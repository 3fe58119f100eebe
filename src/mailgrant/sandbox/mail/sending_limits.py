"""
Sending limits: how much mail a person may send in a day, and to how many at once.

They stand outside the units of `quota.py`, count over the last 24 hours, and every way of sending shares
them (support.google.com/a/answer/166852, support.google.com/mail/answer/22839).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from mailgrant.sandbox.clock import Clock
from mailgrant.sandbox.frame.quota import Profile
from mailgrant.sandbox.mail import refusals
from mailgrant.sandbox.people import Person

DAY = timedelta(days=1)
# Google's pages disagree about how many recipients a mail from the API may have; the newer ones say this.
MOST_RECIPIENTS = 500


@dataclass(frozen=True, slots=True)
class Limit:
    """What one kind of account may send in 24 hours; None is as much as it likes."""

    mails: int
    recipients: int | None = field(kw_only=True, default=None)


PRIVATE = Limit(500)
ORGANISATION = Limit(2000, recipients=10_000)


class SendingLimits:
    """What everybody has sent in the last 24 hours of the sandbox's clock."""

    KEPT: ClassVar[tuple[str, ...]] = ("_sent",)

    def __init__(self, clock: Clock, profile: Profile) -> None:
        self._clock = clock
        self._on = profile is not Profile.OFF
        self._sent: dict[str, deque[tuple[timedelta, int]]] = {}

    def check(self, person: Person, recipients: int) -> None:
        """Raise the refusal of a mail that is too much: for one mail, or for the day."""
        if recipients > MOST_RECIPIENTS:
            raise refusals.invalid(f"Number of recipients cannot exceed {MOST_RECIPIENTS}")
        limit = ORGANISATION if person.workspace else PRIVATE
        sent = self._recent(person)
        total = sum(count for _, count in sent) + recipients
        too_many = limit.recipients is not None and total > limit.recipients
        if self._on and (len(sent) >= limit.mails or too_many):
            raise refusals.limit_reached(self._clock.now(), "Mail sending")

    def count(self, person: Person, recipients: int) -> None:
        """Note that a mail was sent to so many."""
        self._recent(person).append((self._clock.lived, recipients))

    def _recent(self, person: Person) -> deque[tuple[timedelta, int]]:
        sent = self._sent.setdefault(person.email, deque())
        while sent and self._clock.lived - sent[0][0] >= DAY:
            sent.popleft()
        return sent
