"""Attendee: a person invited to an event, and what they answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, TypeAlias

from mailgrant.errors import InvalidRequest
from mailgrant.gmail.address import Address

from .fields import choice_of, one_line, text_of


class Response(Enum):
    """What an invited person has answered."""

    NEEDS_ACTION = "needsAction"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Attendee:
    """A person invited to an event, or its organizer."""

    email: str
    _: KW_ONLY
    name: str | None = None
    response: Response = Response.NEEDS_ACTION
    optional: bool = False
    organizer: bool = False
    resource: bool = False
    comment: str | None = None
    guests: int = 0

    def __post_init__(self) -> None:
        address = Address(self.email, name=self.name)
        object.__setattr__(self, "email", address.email)
        object.__setattr__(self, "name", address.name)

    @classmethod
    def from_json(cls, value: object) -> Attendee | None:
        """Read a person of an event; None when Google does not name an address."""
        if not isinstance(value, Mapping):
            return None
        found = Address.parse_received(text_of(value, "email"))
        if len(found) != 1:
            return None
        guests = value.get("additionalGuests")
        return cls(
            found[0].email,
            name=one_line(text_of(value, "displayName")),
            response=choice_of(Response, value.get("responseStatus"), Response.NEEDS_ACTION),
            optional=value.get("optional") is True,
            organizer=value.get("organizer") is True,
            resource=value.get("resource") is True,
            comment=text_of(value, "comment") or None,
            guests=guests if isinstance(guests, int) and guests > 0 else 0,
        )

    def to_json(self) -> dict[str, Any]:
        """Return Google's form of the person, without what is as usual."""
        present = {
            "email": self.email,
            "displayName": self.name,
            "responseStatus": None if self.response is Response.NEEDS_ACTION else self.response.value,
            "optional": self.optional or None,
            "resource": self.resource or None,
            "comment": self.comment,
            "additionalGuests": self.guests or None,
        }
        return {name: value for name, value in present.items() if value is not None}


Attendees: TypeAlias = str | Address | Attendee | Iterable[str | Address | Attendee]


def as_attendees(given: Attendees) -> tuple[Attendee, ...]:
    """Read who is invited: addresses as people type them, or persons; raises InvalidRequest for anything else."""
    if isinstance(given, Attendee):
        return (given,)
    if isinstance(given, (str, Address)):
        found = Address.parse_list(given, field="attendees")
        return tuple(Attendee(each.email, name=each.name) for each in found)
    if not isinstance(given, Iterable):
        raise InvalidRequest(f"attendees: {given!r} is not a mail address.")
    return tuple(found for each in given for found in as_attendees(each))


def answered(given: Attendees, before: tuple[Attendee, ...]) -> tuple[Attendee, ...]:
    """Return who is invited now; who is named by an address alone and was invited before keeps what they answered."""
    known = {each.email.casefold(): each for each in before}
    each_given = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    return tuple(
        found if isinstance(each, Attendee) else known.get(found.email.casefold(), found)
        for each in each_given
        for found in as_attendees(each)
    )
