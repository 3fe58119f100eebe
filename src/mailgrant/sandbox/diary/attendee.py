"""
Attendees: the guests of a meeting, as clients write them and as they are kept.

What is kept is Google's EventAttendee without what depends on who looks (`self`, `organizer`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mailgrant.sandbox.diary import refusals

ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+\.?[^\s@<>,;:\"()\[\]\\]*")
RESPONSES = frozenset({"needsAction", "declined", "tentative", "accepted"})
# What guests say for themselves, and the organizer does not decide.
OWN = ("responseStatus", "comment", "additionalGuests")


def read_attendees(given: Mapping[str, Any], before: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Read an event's `attendees`.

    With `attendeesOmitted` the entries given are changes to the list there is, which is how a guest
    answers without knowing the others.
    """
    old = {folded(entry): dict(entry) for entry in before}
    read: dict[str, dict[str, Any]] = dict(old) if given.get("attendeesOmitted") else {}
    for entry in given.get("attendees") or ():
        attendee = _read_attendee(entry or {}, old)
        read[folded(attendee)] = attendee
    return list(read.values())


def folded(entry: Mapping[str, Any]) -> str:
    """Return what tells one attendee from another: the address, in one case."""
    return str(entry.get("email", "")).casefold()


def entry_of(attendees: Iterable[Mapping[str, Any]], email: str) -> Mapping[str, Any] | None:
    """Return the entry of one person, None if they are not invited."""
    return next((entry for entry in attendees if folded(entry) == email.casefold()), None)


def answered(attendees: Iterable[Mapping[str, Any]], email: str, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the attendees with one person's own words (`OWN`) taken from `answer`."""
    words = {name: answer[name] for name in OWN if name in answer}
    return [
        {name: value for name, value in entry.items() if name not in OWN} | words
        if folded(entry) == email.casefold()
        else dict(entry)
        for entry in attendees
    ]


def _read_attendee(entry: Mapping[str, Any], old: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    email = str(entry.get("email") or "").strip()
    if not ADDRESS.fullmatch(email):
        raise refusals.invalid("Invalid attendee email.")
    known = old.get(email.casefold(), {})
    # An answer that the writer does not mention is not taken back.
    status = entry.get("responseStatus") or known.get("responseStatus", "needsAction")
    if status not in RESPONSES:
        raise refusals.invalid("Invalid response status.")
    if (entry.get("additionalGuests") or 0) < 0:
        raise refusals.invalid("Invalid number of additional guests.")
    kept = {name: entry[name] for name in ("displayName", "optional", "comment", "additionalGuests") if entry.get(name)}
    # Whether it is a room is settled when it is invited.
    if (known or entry).get("resource"):
        kept["resource"] = True
    return {"email": email, **kept, "responseStatus": status}
