"""
Missing: what Google does not find, said by its name instead of "Requested entity was not found."

Read from the address that was asked, so that every call says it in the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

PRIMARY = "primary"
DELETED = "deleted"
CALENDARS = "`calendar.calendars()`, or `mailgrant calendar list`, shows those that the account has."
ELSEWHERE = "It was deleted for ever, or it is in another account."
# What Gmail keeps, by the word in its addresses: what people call it, and what may help.
MAIL = {
    "messages": ("message", ELSEWHERE),
    "threads": ("thread", ELSEWHERE),
    "drafts": ("draft", "It was sent or deleted. See gmail.drafts()."),
    "labels": ("label", "See gmail.labels(), or `mailgrant label list`."),
    "filters": ("filter", "See gmail.filters()."),
    "sendAs": ("address to send as", "See gmail.send_as()."),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """What there is not, as a sentence, and what may help."""

    message: str
    hint: str = ""


def missing(url: str, operation: str, status: int, reason: str) -> Missing | None:
    """Say what Google meant by a 404, or by the 410 of a deleted event; None where the address does not tell."""
    if not reason or not (status == HTTPStatus.NOT_FOUND or (status == HTTPStatus.GONE and reason == DELETED)):
        return None
    parts = urlsplit(url)
    segments = [unquote(each) for each in parts.path.split("/")]
    # The last word is a verb, not an id: `messages/send`, `events/quickAdd`.
    verb = operation.rpartition(".")[2]
    if operation.startswith("gmail.") and "users" in segments:
        return _mail(segments[segments.index("users") + 2 :], verb)
    if operation.startswith("calendar.events.") and "calendars" in segments:
        # `calendars/{calendar}/events/{event}`
        after = [*segments[segments.index("calendars") + 1 :], "", "", ""]
        destination = parse_qs(parts.query).get("destination", [None])[0]
        event_id = after[2] if after[2] != verb else ""
        return _event(after[0], event_id, destination, deleted=status == HTTPStatus.GONE) if after[0] else None
    return None


def _mail(segments: list[str], verb: str) -> Missing | None:
    kind, thing, *more = [*(segments[1:] if segments[:1] == ["settings"] else segments), "", ""]
    if kind not in MAIL or thing in {"", verb}:
        return None
    name, hint = MAIL[kind]
    part = ", or it has no such attachment" if "attachments" in more else ""
    return Missing(f"There is no {name} {thing!r}{part}.", hint)


def _event(calendar: str, event_id: str, destination: str | None, *, deleted: bool) -> Missing:
    hint = "" if deleted or (destination or calendar) == PRIMARY else CALENDARS
    if not event_id:
        return Missing(f"There is no calendar {calendar!r}, or it may not be seen.", hint)
    if deleted:
        return Missing(f"The event {event_id} was deleted from the calendar {calendar!r}.")
    there = f", or no calendar {destination!r} to move it to" if destination is not None else ""
    return Missing(f"There is no event {event_id!r} in the calendar {calendar!r}{there}.", hint)
