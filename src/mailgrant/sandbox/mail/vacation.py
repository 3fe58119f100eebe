"""
Vacation: whom the responder answers, and with what (users.settings.updateVacation).

It answers people, not machines: no lists, no bulk mail, nothing that answered by itself (RFC 3834 §2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from mailgrant.gmail.address import Address
from mailgrant.sandbox.mail import addresses, refusals
from mailgrant.sandbox.mail.aliases import sanitized
from mailgrant.sandbox.mail.mime import Headers, all_headers, first_header
from mailgrant.sandbox.mail.plaintext import from_html

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person

TEXTS = ("responseSubject", "responseBodyPlainText", "responseBodyHtml")
TIMES = ("startTime", "endTime")
FLAGS = ("enableAutoReply", "restrictToContacts", "restrictToDomain")
MACHINES = ("mailer-daemon", "postmaster", "noreply", "no-reply", "do-not-reply", "donotreply")
LIST_HEADERS = ("list-id", "list-unsubscribe", "list-post")
BULK = frozenset({"bulk", "list", "junk"})


def checked(fields: Mapping[str, Any], *, workspace: bool) -> dict[str, Any]:
    """Return a VacationSettings resource as it is kept; raises the refusal of one that cannot be."""
    settings: dict[str, Any] = {name: fields.get(name, False) for name in FLAGS}
    settings |= {name: fields[name] for name in (*TEXTS, *TIMES) if fields.get(name)}
    if "responseBodyHtml" in settings:
        settings["responseBodyHtml"] = sanitized(settings["responseBodyHtml"])
    if settings["enableAutoReply"] and not any(name in settings for name in TEXTS):
        raise refusals.precondition("Response subject or response body must be nonempty")
    start, end = (int(settings.get(name, 0)) for name in TIMES)
    if start < 0 or end < 0 or (start and end and start >= end):
        raise refusals.invalid("Start time must precede end time")
    if settings["restrictToDomain"] and not workspace:
        raise refusals.precondition("Restricting to the domain needs an organisation")
    return settings


def wants_answer(person: Person, headers: Headers, sender: str, *, now: datetime, known: Callable[[str], bool]) -> bool:
    """Say whether the responder answers a mail; `known` says who is a contact."""
    settings = person.settings.vacation
    if not settings["enableAutoReply"] or not _in_time(settings, now):
        return False
    if not sender or sender == person.email.casefold() or _is_machine(headers, sender):
        return False
    if person.email.casefold() not in _addressed(headers):
        return False
    domain = person.email.casefold().partition("@")[2]
    if settings["restrictToDomain"] and sender.partition("@")[2] != domain:
        return False
    return not settings["restrictToContacts"] or known(sender)


def answer(person: Person, headers: Headers, sender: str, *, message_id: str, now: datetime) -> bytes:
    """Return the answer, ready to leave."""
    from email import policy
    from email.message import EmailMessage

    settings, alias = person.settings.vacation, person.settings.aliases.default
    mail = EmailMessage(policy.SMTP)
    mail["From"] = person.settings.aliases.header(alias)
    mail["To"] = Address(sender).header()
    mail["Subject"] = _subject(settings, headers)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}>"
    for original in all_headers(headers, "message-id")[:1]:
        reference = " ".join(original.split())
        mail["In-Reply-To"], mail["References"] = reference, reference
    mail["Precedence"] = "bulk"
    mail["X-Autoreply"] = "yes"
    mail["Auto-Submitted"] = "auto-replied"
    html = settings.get("responseBodyHtml")
    mail.set_content(from_html(html).strip() if html else settings.get("responseBodyPlainText", ""))
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def _subject(settings: Mapping[str, Any], headers: Headers) -> str:
    asked = f"Re: {first_header(headers, 'subject')}"
    return " ".join(f"{settings.get('responseSubject', '')} {asked}".split())


def _in_time(settings: Mapping[str, Any], now: datetime) -> bool:
    moment = int((now - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    start, end = int(settings.get("startTime", 0)), int(settings.get("endTime", 0))
    return start <= moment and (not end or moment < end)


def _is_machine(headers: Headers, sender: str) -> bool:
    if sender.partition("@")[0] in MACHINES or any(all_headers(headers, name) for name in LIST_HEADERS):
        return True
    submitted = first_header(headers, "auto-submitted").strip().lower() or "no"
    return submitted != "no" or first_header(headers, "precedence").strip().lower() in BULK


def _addressed(headers: Headers) -> set[str]:
    return set(addresses.received(value for name in ("to", "cc") for value in all_headers(headers, name)))
