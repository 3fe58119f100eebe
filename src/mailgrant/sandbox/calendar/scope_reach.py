"""
Scope reach: which calendars a token may touch whose scopes are about some calendars only.

`calendar.events.owned` opens the calendars a person owns, `calendar.app.created` those the application
made, `calendar.events.public.readonly` public ones, and `calendar.events.freebusy` shows of any when it is
taken. One scope that is about all calendars lifts all that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailgrant.sandbox.diary.sharing import Role
from mailgrant.sandbox.frame.errors import insufficient_scopes

if TYPE_CHECKING:
    from mailgrant.sandbox.diary.calendar import Calendar
    from mailgrant.sandbox.frame.wire import ApiCall

PREFIX = "https://www.googleapis.com/auth/calendar."


def reach(call: ApiCall, calendar: Calendar, role: Role) -> Role:
    """Return how much of `role` a token's scopes leave; raises `ApiError` where that is nothing."""
    held = call.scopes & call.method.scopes
    if not held <= NARROW.keys():
        return role
    left = max((NARROW[scope](call, calendar, role) for scope in held), default=role)
    if left is Role.NONE:
        raise insufficient_scopes(call.method)
    return left


def _owned(_: ApiCall, __: Calendar, role: Role) -> Role:
    return role if role is Role.OWNER else Role.NONE


def _made_here(call: ApiCall, calendar: Calendar, role: Role) -> Role:
    return role if calendar.made_by == call.project else Role.NONE


def _public(_: ApiCall, calendar: Calendar, role: Role) -> Role:
    everybodys = max((rule.role for rule in calendar.rules.values() if rule.scope_type == "default"), default=Role.NONE)
    return min(role, everybodys)


def _when_taken(_: ApiCall, __: Calendar, role: Role) -> Role:
    return min(role, Role.FREE_BUSY_READER)


NARROW: dict[str, Callable[[ApiCall, Calendar, Role], Role]] = {
    f"{PREFIX}events.owned": _owned,
    f"{PREFIX}events.owned.readonly": _owned,
    f"{PREFIX}app.created": _made_here,
    f"{PREFIX}events.public.readonly": _public,
    f"{PREFIX}events.freebusy": _when_taken,
}
