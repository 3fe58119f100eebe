"""
Quota: what each call costs, and how much a person may spend in a minute.

Gmail counts units, Calendar requests. The profile `2026` is what projects made since May 2026 get,
`legacy` what older ones keep; `off` counts and refuses nothing.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from enum import Enum

from mailgrant.sandbox.clock import Clock
from mailgrant.sandbox.frame.discovery import CALENDAR, GMAIL, ApiMethod
from mailgrant.sandbox.frame.wire import ApiError

WINDOW = timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)
# Google publishes no number: 60 have been seen to fail, five to be safe.
TOGETHER = 10


class Profile(Enum):
    """Whose limits apply."""

    Y2026 = "2026"
    LEGACY = "legacy"
    OFF = "off"


# Units a minute for one person and project.
LIMITS = {
    (GMAIL, Profile.Y2026): 6_000,
    (GMAIL, Profile.LEGACY): 15_000,
    (CALENDAR, Profile.Y2026): 600,
    (CALENDAR, Profile.LEGACY): 600,
}
DEFAULT_UNITS = 1
# Method without its API's name, units in 2026; what is not listed costs one unit.
UNITS = {
    "messages.get": 20,
    "messages.attachments.get": 20,
    "messages.list": 5,
    "messages.modify": 5,
    "messages.trash": 20,
    "messages.untrash": 5,
    "messages.delete": 10,
    "messages.batchModify": 50,
    "messages.batchDelete": 50,
    "messages.insert": 25,
    "messages.import": 25,
    "messages.send": 100,
    "drafts.get": 20,
    "drafts.list": 5,
    "drafts.create": 10,
    "drafts.delete": 10,
    "drafts.update": 15,
    "drafts.send": 100,
    "threads.get": 40,
    "threads.list": 10,
    "threads.modify": 10,
    "threads.trash": 20,
    "threads.untrash": 10,
    "threads.delete": 20,
    "history.list": 2,
    "watch": 100,
    "stop": 50,
    "labels.create": 5,
    "labels.update": 5,
    "labels.patch": 5,
    "labels.delete": 5,
    "settings.filters.create": 5,
    "settings.filters.delete": 5,
    "settings.updateVacation": 5,
    "settings.updateImap": 5,
    "settings.updateAutoForwarding": 5,
    "settings.updatePop": 100,
    "settings.sendAs.create": 100,
    "settings.sendAs.update": 100,
    "settings.sendAs.verify": 100,
    "settings.sendAs.delete": 5,
    "settings.delegates.create": 100,
    "settings.delegates.delete": 5,
    "settings.forwardingAddresses.create": 100,
    "settings.forwardingAddresses.delete": 5,
}
LEGACY_UNITS = {
    "messages.get": 5,
    "messages.attachments.get": 5,
    "messages.trash": 5,
    "drafts.get": 5,
    "threads.get": 10,
    "threads.trash": 10,
}
CALENDAR_UNITS = {"calendar.events.patch": 3}


def units_of(method: ApiMethod, profile: Profile) -> int:
    """Return what one call of a method costs."""
    if method.api == CALENDAR:
        return CALENDAR_UNITS.get(method.id, DEFAULT_UNITS)
    name = method.id.removeprefix("gmail.users.")
    if profile is Profile.LEGACY and name in LEGACY_UNITS:
        return LEGACY_UNITS[name]
    return UNITS.get(name, DEFAULT_UNITS)


class Ledger:
    """
    What each person has spent, by project and API, in the last minute of the sandbox's clock.

    `together` is how many calls of Gmail one person may have under way at once.
    """

    def __init__(self, clock: Clock, profile: Profile, *, together: int = TOGETHER) -> None:
        if together < 1:
            raise ValueError(f"a person may have at least one call under way, not {together}")
        self._clock = clock
        self._profile = profile
        self._together = together
        self._units: dict[str, int] = {}
        self._spent: dict[tuple[str, str, str], _Window] = {}
        self._under_way: dict[str, int] = {}

    def enter(self, email: str) -> int:
        """Count a call that has come in, and return how many of this person's are under way with it."""
        self._under_way[email] = count = self._under_way.get(email, 0) + 1
        return count

    def leave(self, email: str) -> None:
        """Count a call that is done."""
        self._under_way[email] = max(self._under_way.get(email, 0) - 1, 0)

    def spend(self, method: ApiMethod, email: str, project: str, under_way: int = 1) -> int:
        """
        Return what a call costs and write it down; raises `ApiError` if it is more than is left.

        `under_way` is how many calls of the person's were when this one came, itself included.
        """
        if method.api == GMAIL and under_way > self._together and self._profile is not Profile.OFF:
            raise too_many_at_once(method.api)
        units = self._units.get(method.id)
        if units is None:
            units = self._units[method.id] = units_of(method, self._profile)
        window = self._spent.get((email, project, method.api))
        if window is None:
            window = self._spent[email, project, method.api] = _Window(LIMITS.get((method.api, self._profile)))
        if not window.take(units, self._clock.lived):
            raise too_many(method.api, project)
        return units

    def used(self) -> dict[tuple[str, str], int]:
        """Return what was spent in the last minute, by address and API."""
        totals: dict[tuple[str, str], int] = {}
        for (email, _, api), window in self._spent.items():
            totals[email, api] = totals.get((email, api), 0) + window.used(self._clock.lived)
        return totals


class _Window:
    """What was spent, at which times; what is older than a minute falls out. No `limit` takes everything."""

    __slots__ = ("_amounts", "_limit", "_total")

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        # Time and amount; what comes within a moment is one entry, so that a busy minute stays small.
        self._amounts: deque[tuple[timedelta, int]] = deque()
        self._total = 0

    def take(self, units: int, now: timedelta) -> bool:
        """Write units down, if they are left."""
        spent = self.used(now) + units
        if self._limit is not None and spent > self._limit:
            return False
        self._total = spent
        if self._amounts and now - self._amounts[-1][0] < MOMENT:
            first, amount = self._amounts[-1]
            self._amounts[-1] = first, amount + units
        else:
            self._amounts.append((now, units))
        return True

    def used(self, now: timedelta) -> int:
        while self._amounts and now - self._amounts[0][0] >= WINDOW:
            self._total -= self._amounts.popleft()[1]
        return self._total


def too_many(api: str, project: str) -> ApiError:
    """Return the refusal of a call above the rate, in the words of its API."""
    if api == CALENDAR:
        return ApiError(403, "userRateLimitExceeded", "User Rate Limit Exceeded", domain="usageLimits")
    message = (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
        f"'gmail.googleapis.com' for consumer 'project_number:{project}'."
    )
    return ApiError(403, "rateLimitExceeded", message, domain="usageLimits")


def too_many_at_once(api: str) -> ApiError:
    """Return the refusal of one call more than a person may have under way."""
    if api == CALENDAR:
        return overloaded(api)
    return ApiError(429, "rateLimitExceeded", "Too many concurrent requests for user")


def overloaded(api: str) -> ApiError:
    """Return the refusal of what Google has no room for at the moment."""
    if api == CALENDAR:
        return ApiError(429, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits")
    return ApiError(429, "rateLimitExceeded", "Resource has been exhausted (e.g. check quota).")


def usage_limits() -> ApiError:
    """Return the refusal of what looks like abuse of a calendar; it lasts for hours."""
    return ApiError(403, "quotaExceeded", "Calendar usage limits exceeded.", domain="usageLimits")
