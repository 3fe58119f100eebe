"""Reminder: when Calendar reminds the account of an event, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, TypeAlias

from mailgrant.errors import InvalidRequest

MOST = 5
MINUTE = timedelta(minutes=1)
EARLIEST = 40_320 * MINUTE


class By(Enum):
    """How a reminder reaches the account."""

    POPUP = "popup"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Reminder:
    """
    A reminder so long `before` the event begins, in whole minutes, four weeks at most; `by` popup or email.

    It is the account's own; the other guests have theirs.
    """

    before: timedelta
    _: KW_ONLY
    by: By | str = By.POPUP

    def __post_init__(self) -> None:
        _check_length(self.before)
        if self.before % MINUTE or not timedelta() <= self.before <= EARLIEST:
            raise InvalidRequest(f"reminders: {self.before} is not between no and {EARLIEST.days} days, in minutes.")
        if self.by not in {*By, *(each.value for each in By)}:
            raise InvalidRequest(f"reminders: {self.by!r} is neither popup nor email.")
        object.__setattr__(self, "by", By(self.by))


def _check_length(before: object) -> None:
    if not isinstance(before, timedelta):
        raise InvalidRequest(f"reminders: {before!r} is no length of time.", hint="Pass timedelta(minutes=10).")


Reminders: TypeAlias = timedelta | Reminder | Iterable[timedelta | Reminder] | None


def as_reminders(given: Reminders) -> tuple[Reminder, ...] | None:
    """Read what an event is given: None for the calendar's own reminders, nothing for none at all."""
    if given is None:
        return None
    if isinstance(given, (timedelta, Reminder, str)) or not isinstance(given, Iterable):
        given = (given,)
    reminders = tuple(each if isinstance(each, Reminder) else Reminder(each) for each in given)
    if len(reminders) > MOST:
        raise InvalidRequest(f"reminders: an event has {MOST} at most, not {len(reminders)}.")
    return reminders


def reminders_to_json(reminders: tuple[Reminder, ...] | None) -> dict[str, Any]:
    """Return Google's form of an event's reminders."""
    if reminders is None:
        return {"useDefault": True}
    overrides = [{"method": By(each.by).value, "minutes": each.before // MINUTE} for each in reminders]
    return {"useDefault": False, "overrides": overrides}


def reminders_from_json(value: object) -> tuple[Reminder, ...] | None:
    """Read an event's reminders; one of a kind that is not known here is left out."""
    if not isinstance(value, Mapping) or value.get("useDefault") is not False:
        return None
    overrides = value.get("overrides")
    found = (_read(each) for each in overrides) if isinstance(overrides, list) else ()
    return tuple(each for each in found if each is not None)


def _read(value: object) -> Reminder | None:
    if not isinstance(value, Mapping):
        return None
    try:
        return Reminder(timedelta(minutes=value["minutes"]), by=value["method"])
    except (KeyError, TypeError, OverflowError, InvalidRequest):
        return None
