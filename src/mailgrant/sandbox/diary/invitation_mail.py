"""
Invitation mails: what guests get when a write says `sendUpdates=all`.

The meeting itself travels between diaries by `invitation.py`, whether anybody is written to or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from enum import Enum
from typing import TYPE_CHECKING, Any

from mailgrant.sandbox.diary.attendee import entry_of, folded
from mailgrant.sandbox.diary.calendar import Calendar
from mailgrant.sandbox.diary.event import Occurrence
from mailgrant.sandbox.diary.invitation import guests, is_organizer
from mailgrant.sandbox.diary.moment import Moment

if TYPE_CHECKING:
    from email.message import EmailMessage

    from mailgrant.sandbox.frame.wire import ApiCall

PRODUCT = "-//Google Inc//Google Calendar 70.9054//EN"
LINE_BYTES = 75
PARTSTATS = {"needsAction": "NEEDS-ACTION", "accepted": "ACCEPTED", "declined": "DECLINED", "tentative": "TENTATIVE"}


class Purpose(Enum):
    """Why a mail is sent; the value is how its subject begins."""

    INVITE = "Invitation"
    CHANGE = "Updated invitation"
    CANCEL = "Canceled event"
    ACCEPT = "Accepted"
    DECLINE = "Declined"
    MAYBE = "Tentatively accepted"

    @property
    def method(self) -> str:
        """The iCalendar method (RFC 5546)."""
        if self in ANSWERS.values():
            return "REPLY"
        return "CANCEL" if self is Purpose.CANCEL else "REQUEST"


# What a guest's answer is told as; one who takes it back is not mailed.
ANSWERS = {"accepted": Purpose.ACCEPT, "declined": Purpose.DECLINE, "tentative": Purpose.MAYBE}


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail about a meeting, to its guests or from the one among them who `answers`."""

    found: Occurrence
    purpose: Purpose = field(kw_only=True)
    zone: str = field(kw_only=True)
    answers: str | None = field(kw_only=True, default=None)

    def write(self, call: ApiCall, recipient: str) -> bytes:
        """Return the mail: a sentence, the meeting for programs, and the same as a file."""
        from email import policy
        from email.message import EmailMessage
        from email.utils import format_datetime, formataddr

        # Long enough that a usual subject stays on one line, as Google's do.
        mail = EmailMessage(policy.SMTP.clone(max_line_length=200))
        title = " ".join(str(self.found.fields.get("summary") or "(No title)").split())
        mail["From"] = formataddr((call.person.name, call.person.email))
        mail["To"] = recipient
        mail["Subject"] = f"{self.purpose.value}: {title} @ {self._when()} ({self.answers or recipient})"
        mail["Date"] = format_datetime(call.now)
        mail["Message-ID"] = f"<calendar-{call.world.ids.text('invitation', 32)}@google.com>"
        mail.set_content(f"{title}\n\nWhen: {self._when()}\nOrganizer: {self.found.event.organizer['email']}\n")
        self._attach(mail, "\r\n".join([*self._lines(), ""]))
        return mail.as_bytes()

    def _attach(self, mail: EmailMessage, text: str) -> None:
        method = {"method": self.purpose.method}
        mail.add_alternative(text, subtype="calendar", params=method)
        mail.add_attachment(text.encode(), maintype="application", subtype="ics", filename="invite.ics")

    def _when(self) -> str:
        start = self.found.start.wall(self.zone)
        place = self.found.start.zone or self.zone
        return f"{start:%a %b} {start.day}, {start.year}" + (
            "" if self.found.start.all_day else f" {start:%H:%M} ({place})"
        )

    def _lines(self) -> Iterator[str]:
        yield from ("BEGIN:VCALENDAR", f"PRODID:{PRODUCT}", "VERSION:2.0", "CALSCALE:GREGORIAN")
        yield from (f"METHOD:{self.purpose.method}", "BEGIN:VEVENT")
        for line in self._event():
            yield from _folded(line)
        yield from ("END:VEVENT", "END:VCALENDAR")

    def _event(self) -> Iterator[str]:
        found, event = self.found, self.found.event
        yield f"DTSTART{_time(found.start, zoned=found.series is not None)}"
        yield f"DTEND{_time(found.end, zoned=found.series is not None)}"
        yield from found.series.lines if found.series is not None else ()
        if found.slot is not None:
            yield f"RECURRENCE-ID{_time(found.slot)}"
        yield f"DTSTAMP:{found.updated.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        yield f"ORGANIZER:mailto:{event.organizer['email']}"
        yield f"UID:{event.uid}"
        named = found.fields.get("attendees", ())
        yield from (_guest(entry) for entry in named if self.answers in {None, folded(entry)})
        yield f"SEQUENCE:{found.sequence}"
        if self.answers is None:
            yield f"STATUS:{'CANCELLED' if self.purpose is Purpose.CANCEL else found.status.upper()}"
        for name in ("summary", "description", "location"):
            yield f"{name.upper()}:{_escaped(str(found.fields.get(name) or ''))}"


def notify(call: ApiCall, calendar: Calendar, found: Occurrence, before: Mapping[str, Any]) -> None:
    """Write to the others as the call asks; `before` are the event's fields as they were, empty for a new one."""
    if not is_organizer(calendar, found):
        _answer(call, calendar, found, before)
        return
    for guest in sorted(guests(before) | guests(found.fields)):
        if not _is_told(call, guest):
            continue
        letter = Letter(found, purpose=_purpose(found, before, guest), zone=calendar.zone)
        call.world.post.dispatch(call.person, letter.write(call, guest), (guest,), method=call.method.id)


def _answer(call: ApiCall, calendar: Calendar, found: Occurrence, before: Mapping[str, Any]) -> None:
    """Write a guest's answer to the organizer, if it is a new one (RFC 5546 §3.2.3)."""
    own, was = (entry_of(fields.get("attendees", ()), calendar.id) for fields in (found.fields, before))
    organizer = found.event.organizer["email"]
    said = (own or {}).get("responseStatus", "needsAction")
    if said == (was or {}).get("responseStatus", "needsAction") or said not in ANSWERS or not _is_told(call, organizer):
        return
    letter = Letter(found, purpose=ANSWERS[said], zone=calendar.zone, answers=calendar.id.casefold())
    call.world.post.dispatch(call.person, letter.write(call, organizer), (organizer,), method=call.method.id)


def _is_told(call: ApiCall, guest: str) -> bool:
    """Say whether somebody is written to; `externalOnly` means people without a calendar here."""
    chosen = call.params.get("sendUpdates") or ("all" if call.params.get("sendNotifications") else "none")
    if guest == call.person.email.casefold() or chosen == "none" or "@" not in guest:
        return False
    return chosen == "all" or call.world.people.find(guest) is None


def _purpose(found: Occurrence, before: Mapping[str, Any], guest: str) -> Purpose:
    if found.cancelled or guest not in guests(found.fields):
        return Purpose.CANCEL
    return Purpose.CHANGE if guest in guests(before) else Purpose.INVITE


def _time(moment: Moment, *, zoned: bool = False) -> str:
    """Return a time with its parameters; only a series has to say in which zone it repeats."""
    if moment.day is not None:
        return f";VALUE=DATE:{moment.stamp}"
    if zoned and moment.zone not in {None, "UTC"}:
        return f";TZID={moment.zone}:{moment.wall('UTC'):%Y%m%dT%H%M%S}"
    return f":{moment.stamp}"


def _guest(entry: Mapping[str, Any]) -> str:
    role = "OPT-PARTICIPANT" if entry.get("optional") else "REQ-PARTICIPANT"
    answer = PARTSTATS.get(entry.get("responseStatus", ""), "NEEDS-ACTION")
    return f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE={role};PARTSTAT={answer};RSVP=TRUE:mailto:{folded(entry)}"


def _escaped(text: str) -> str:
    """Escape a text (RFC 5545, 3.3.11)."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _folded(line: str) -> Iterator[str]:
    """Yield a line in pieces of at most 75 bytes, all but the first begun by a space (RFC 5545, 3.1)."""
    piece, size = "", 0
    for letter in line:
        length = len(letter.encode())
        if size + length > LINE_BYTES:
            yield piece
            piece, size = " ", 1
        piece, size = piece + letter, size + length
    yield piece
