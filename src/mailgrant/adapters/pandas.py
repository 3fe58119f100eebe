"""
Messages and events as pandas tables, one row each (the `pandas` extra).

Whatever is read can be given: a search as it comes, a list of it, the events of a calendar. Of the
async twin, collect first: `messages_frame([each async for each in ada.gmail.search("in:inbox")])`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from mailgrant.errors import InvalidRequest, MissingExtra

if TYPE_CHECKING:
    import pandas

    from mailgrant.calendar.event import Event
    from mailgrant.gmail.address import Address
    from mailgrant.gmail.message import Message

T = TypeVar("T")

# The columns and their types, in order; each is there even when there is no row.
MESSAGES = {
    "id": "object",
    "thread_id": "object",
    "date": "datetime64[us, UTC]",
    "from_name": "object",
    "from_email": "object",
    "to": "object",
    "cc": "object",
    "subject": "object",
    "text": "object",
    "snippet": "object",
    "labels": "object",
    "unread": "bool",
    "attachments": "int64",
    "size": "Int64",
}
EVENTS = {
    "id": "object",
    "summary": "object",
    "start": "datetime64[us, UTC]",
    "end": "datetime64[us, UTC]",
    "all_day": "bool",
    "location": "object",
    "description": "object",
    "organizer": "object",
    "attendees": "object",
    "status": "object",
    "busy": "bool",
    "recurring_event_id": "object",
}


def messages_frame(messages: Iterable[Message]) -> pandas.DataFrame:
    """
    Return one row for each message.

    `date` is when Gmail took it in, in UTC; `from_name` and `from_email` are its sender; `to` and `cc`
    are tuples of addresses and `labels` a sorted tuple of label ids; `attachments` says how many
    there are, `size` is Gmail's estimate in bytes, missing where Gmail gives none. Bodies are kept
    in `text`: drop that column where memory is short. Raises InvalidRequest for what is no message, and
    MissingExtra without pandas.
    """
    from mailgrant.gmail.message import Message

    rows = (_message(each) for each in _all_of(Message, messages))
    return _frame(rows, MESSAGES, "messages_frame")


def events_frame(events: Iterable[Event]) -> pandas.DataFrame:
    """
    Return one row for each event.

    `start` and `end` are in UTC; for a day's event (`all_day`) they are midnight UTC of its days, the
    end exclusive. `attendees` is a tuple of addresses, `organizer` an address, `status` a word, `busy`
    whether it takes time; what an event does not have is None. Raises InvalidRequest for what is no
    event, and MissingExtra without pandas.
    """
    from mailgrant.calendar.event import Event

    rows = (_event(each) for each in _all_of(Event, events))
    return _frame(rows, EVENTS, "events_frame")


def _all_of(kind: type[T], given: Iterable[T]) -> Iterator[T]:
    for each in given:
        if not isinstance(each, kind):
            raise InvalidRequest(
                f"A row is one {kind.__name__}, not one {type(each).__name__}.",
                hint="Of conversations: messages_frame(each for thread in threads for each in thread.messages).",
            )
        yield each


def _frame(rows: Iterable[tuple[Any, ...]], columns: Mapping[str, str], who: str) -> pandas.DataFrame:
    try:
        import pandas
    except ImportError as error:
        raise MissingExtra("pandas", who) from error
    found = list(zip(*rows, strict=True)) or [()] * len(columns)
    table = {
        name: pandas.Series(values, dtype=kind) for (name, kind), values in zip(columns.items(), found, strict=True)
    }
    return pandas.DataFrame(table)


def _message(message: Message) -> tuple[Any, ...]:
    sender = message.from_
    return (
        message.id,
        message.thread_id,
        message.date,
        sender.name if sender else None,
        sender.email if sender else None,
        _emails(message.to),
        _emails(message.cc),
        message.subject,
        message.text,
        message.snippet,
        tuple(sorted(message.label_ids)),
        message.unread,
        len(message.attachments),
        message.size,
    )


def _event(event: Event) -> tuple[Any, ...]:
    return (
        event.id,
        event.summary,
        _moment(event.start),
        _moment(event.end),
        event.start is not None and not isinstance(event.start, datetime),
        event.location,
        event.description,
        event.organizer.email if event.organizer else None,
        tuple(each.email for each in event.attendees),
        event.status.value,
        event.busy,
        event.recurring_event_id,
    )


def _emails(addresses: Iterable[Address]) -> tuple[str, ...]:
    return tuple(each.email for each in addresses)


def _moment(moment: datetime | date | None) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment if moment is None else moment.astimezone(UTC)
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
