"""The settings of a mailbox as values: holiday answer, filters, addresses to send as, forwarding."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from mailgrant.errors import InvalidRequest

from .address import Address
from .header_text import refuse_unprintable
from .payload import EPOCH, number_of, object_of, text_of
from .query_text import checked

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Vacation:
    """
    The answer that Gmail gives by itself while somebody is away.

    It goes out from `start` until `end`, at once and for ever where these are None, and once in four
    days to the same person. `contacts_only` and `domain_only` narrow down who gets it.
    """

    text: str | None = field(default=None, repr=False)
    _: KW_ONLY
    subject: str = ""
    html: str | None = field(default=None, repr=False)
    start: datetime | None = None
    end: datetime | None = None
    contacts_only: bool = False
    domain_only: bool = False
    enabled: bool = True

    def __post_init__(self) -> None:
        refuse_unprintable(self.subject, what="The subject")
        if self.enabled and not (self.text or self.html or self.subject):
            raise InvalidRequest("vacation: there is nothing to answer.", hint="Fill in text or html.")
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and moment.tzinfo is None:
                raise InvalidRequest(f"vacation: {name} has no time zone.", hint="Say which: tzinfo=…")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise InvalidRequest("vacation: it ends before it begins.")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Vacation | None:
        """Read Google's VacationSettings; None when nothing was ever written there."""
        text, html = text_of(value, "responseBodyPlainText") or None, text_of(value, "responseBodyHtml") or None
        subject = " ".join(text_of(value, "responseSubject").split())
        if not (text or html or subject):
            return None
        start, end = _moment(value, "startTime"), _moment(value, "endTime")
        return cls(
            text,
            subject=subject,
            html=html,
            start=start,
            end=end if start is None or end is None or end > start else None,
            contacts_only=value.get("restrictToContacts") is True,
            domain_only=value.get("restrictToDomain") is True,
            enabled=value.get("enableAutoReply") is True,
        )

    def to_json(self) -> dict[str, Any]:
        """Write Google's VacationSettings."""
        value = {
            "enableAutoReply": self.enabled,
            "responseSubject": self.subject,
            "responseBodyPlainText": self.text,
            "responseBodyHtml": self.html,
            "restrictToContacts": self.contacts_only,
            "restrictToDomain": self.domain_only,
            "startTime": _milliseconds(self.start),
            "endTime": _milliseconds(self.end),
        }
        return {name: found for name, found in value.items() if found is not None}


class SizeIs(Enum):
    """On which side of a filter's size a mail is."""

    LARGER = "larger"
    SMALLER = "smaller"


@dataclass(frozen=True, slots=True)
class Filter:
    """
    What Gmail does with mail that arrives: for which, and what.

    `query` is what a person would type into Gmail. `add` and `remove` are labels by name or id as
    they are given, by id as they are read; `forward` needs an address that was confirmed. A filter
    cannot be changed: make another one and delete this.
    """

    query: str = ""
    _: KW_ONLY
    from_: str = ""
    to: str = ""
    subject: str = ""
    without: str = ""
    has_attachment: bool = False
    size: int | None = None
    size_is: SizeIs = SizeIs.LARGER
    add: AbstractSet[str] = frozenset()
    remove: AbstractSet[str] = frozenset()
    forward: str | None = None
    id: str | None = None

    def __post_init__(self) -> None:
        for name in ("add", "remove"):
            if isinstance(getattr(self, name), str):
                label = getattr(self, name)
                raise InvalidRequest(f"filter: {name} is a set of labels: {{{label!r}}}, not {label!r}.")
        object.__setattr__(self, "query", str(self.query))
        object.__setattr__(self, "add", frozenset(self.add))
        object.__setattr__(self, "remove", frozenset(self.remove))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Filter:
        """Read Google's Filter resource."""
        wanted, action = object_of(value, "criteria"), object_of(value, "action")
        smaller = wanted.get("sizeComparison") == SizeIs.SMALLER.value
        return cls(
            text_of(wanted, "query"),
            from_=text_of(wanted, "from"),
            to=text_of(wanted, "to"),
            subject=text_of(wanted, "subject"),
            without=text_of(wanted, "negatedQuery"),
            has_attachment=wanted.get("hasAttachment") is True,
            size=number_of(wanted, "size"),
            size_is=SizeIs.SMALLER if smaller else SizeIs.LARGER,
            add=_labels(action, "addLabelIds"),
            remove=_labels(action, "removeLabelIds"),
            forward=text_of(action, "forward") or None,
            id=text_of(value, "id") or None,
        )

    def to_json(self) -> dict[str, Any]:
        """Write Google's Filter resource; raises InvalidRequest when it is for no mail, does nothing, or has a slip."""
        checked(self.query)
        checked(self.without)
        criteria: dict[str, Any] = {
            "from": self.from_,
            "to": self.to,
            "subject": self.subject,
            "query": self.query,
            "negatedQuery": self.without,
            "hasAttachment": self.has_attachment,
            "size": self.size,
            "sizeComparison": self.size_is.value if self.size is not None else None,
        }
        action: dict[str, Any] = {
            "addLabelIds": sorted(self.add),
            "removeLabelIds": sorted(self.remove),
            "forward": self.forward,
        }
        value = {"criteria": _present(criteria), "action": _present(action)}
        if not value["criteria"] or not value["action"]:
            raise InvalidRequest("filter: say for which mail it is, and what to do with that mail.")
        return value


@dataclass(frozen=True, slots=True)
class SendAs:
    """
    An address that the account may send as.

    `signature` is HTML. One that is not `verified` cannot be used yet: its owner has to follow the
    link that Gmail sent there.
    """

    email: str
    _: KW_ONLY
    name: str = ""
    reply_to: str | None = None
    signature: str = field(default="", repr=False)
    primary: bool = False
    default: bool = False
    verified: bool = True

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SendAs:
        """Read Google's SendAs resource."""
        primary = value.get("isPrimary") is True
        return cls(
            text_of(value, "sendAsEmail"),
            name=text_of(value, "displayName"),
            reply_to=text_of(value, "replyToAddress") or None,
            signature=text_of(value, "signature"),
            primary=primary,
            default=value.get("isDefault") is True,
            verified=primary or text_of(value, "verificationStatus") == "accepted",
        )

    def to_json(self) -> dict[str, Any]:
        """Write the fields of Google's SendAs resource that a person chooses."""
        return {
            "sendAsEmail": self.email,
            "displayName": refuse_unprintable(self.name, what="The name of an alias"),
            "replyToAddress": "" if self.reply_to is None else Address.parse(self.reply_to, field="reply_to").email,
            "signature": self.signature,
        }


class Disposition(Enum):
    """What happens in the mailbox to mail that was forwarded."""

    KEEP = "leaveInInbox"
    ARCHIVE = "archive"
    TRASH = "trash"
    MARK_READ = "markRead"


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where all mail that arrives is passed on to, and what happens to it here."""

    to: str
    _: KW_ONLY
    disposition: Disposition = Disposition.KEEP

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Forwarding | None:
        """Read Google's AutoForwarding; None when it is off."""
        if value.get("enabled") is not True:
            return None
        known = {each.value: each for each in Disposition}
        disposition = known.get(text_of(value, "disposition"), Disposition.KEEP)
        return cls(text_of(value, "emailAddress"), disposition=disposition)

    def to_json(self) -> dict[str, Any]:
        """Write Google's AutoForwarding."""
        email = Address.parse(self.to, field="to").email
        return {"enabled": True, "emailAddress": email, "disposition": self.disposition.value}


def _present(value: dict[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in value.items() if found}


def _labels(value: Mapping[str, Any], name: str) -> frozenset[str]:
    found = value.get(name)
    return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()


def _moment(value: Mapping[str, Any], name: str) -> datetime | None:
    milliseconds = number_of(value, name)
    try:
        return None if not milliseconds else (EPOCH + milliseconds * MILLISECOND).astimezone(UTC)
    except OverflowError:
        return None


def _milliseconds(moment: datetime | None) -> str | None:
    return None if moment is None else str((moment - EPOCH) // MILLISECOND)
