# Written by scripts/unasync.py from src/mailgrant/_async/calendar.py.
# Do not edit: change that file and run `make sync`.
"""Calendar: the verbs of one account's calendars. Each is a docstring and a conversation."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailgrant.calendar import busy_calls, calls, writes
from mailgrant.calendar import series as series_calls
from mailgrant.calendar.attendee import Response
from mailgrant.calendar.event import Calendar, Event, made_of
from mailgrant.calendar.free_busy import Hours, Interval, as_hours, as_pair, as_people, checked_duration
from mailgrant.calendar.series import id_of
from mailgrant.calendar.watch import Watch, close_watch, open_watch
from mailgrant.changes import Changes
from mailgrant.errors import InvalidRequest

if TYPE_CHECKING:
    from .gmail import Run

PRIMARY = "primary"


class BlockingCalendar:
    """
    One account's calendars; `calendar=` names one by its id, the primary one unless told.

    Every verb raises ConsentNeeded, before anything is sent, when the scope it needs was not
    granted; `GoogleError` when Google refuses; `NoAnswer` when nothing could be asked; and, for what
    changes something, `OutcomeUnknown` when the answer was lost and reading back did not settle it.
    `InvalidRequest` says what is wrong with a time, a zone or a rule before anything is sent.
    """

    def __init__(self, run: Run, entropy: Callable[[int], bytes], clock: Callable[[], datetime]) -> None:
        self._run = run
        self._entropy = entropy
        self._clock = clock

    def upcoming(self, count: int = 10, *, calendar: str = PRIMARY) -> tuple[Event, ...]:
        """
        Return the next `count` events from now on, soonest first, series expanded.

        Raises NotFound when there is no such calendar (events.list, 1 request a page of 250;
        https://developers.google.com/workspace/calendar/api/v3/reference/events/list).
        """
        found: list[Event] = []
        if calls.checked_count(count):
            for event in self.events(self._clock(), calendar=calendar):
                found.append(event)
                if len(found) == count:
                    break
        return tuple(found)

    def events(
        self, start: datetime, end: datetime | None = None, *, query: str = "", calendar: str = PRIMARY
    ) -> Iterator[Event]:
        """
        Yield the events between two moments, soonest first, series expanded.

        An event counts when it ends after `start` and begins before `end`. Both are aware; a naive
        one, or an end before the start, raises InvalidRequest. Without an `end` Google decides how far a
        series without end goes (events.list, 1 request a page of 250;
        https://developers.google.com/workspace/calendar/api/v3/reference/events/list).
        """
        page_token: str | None = None
        while True:
            listing = calls.list_events(
                calendar, start=start, end=end, query=query or None, page_token=page_token, page_size=250
            )
            page = self._run(listing)
            for event in page.items:
                yield event
            page_token = page.next_page_token
            if page_token is None:
                return

    def instances(
        self,
        series: str | Event,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        deleted: bool = False,
        calendar: str = PRIMARY,
    ) -> Iterator[Event]:
        """
        Yield the occurrences of a series between two moments, as they are now.

        A series without end goes on as far as Google decides unless `end` is given; `deleted` ones come
        as cancelled. Raises NotFound when there is no such series (events.instances, 1 request a page of
        2,500; https://developers.google.com/workspace/calendar/api/v3/reference/events/instances).
        """
        page_token: str | None = None
        series_id = (series.recurring_event_id if isinstance(series, Event) else None) or id_of(series)
        while True:
            listing = calls.list_instances(
                series_id, calendar_id=calendar, start=start, end=end, deleted=deleted, page_token=page_token
            )
            page = self._run(listing)
            for event in page.items:
                yield event
            page_token = page.next_page_token
            if page_token is None:
                return

    def changes(self, since: str | None = None, *, calendar: str = PRIMARY) -> Changes[Event]:
        """
        Return what changed since a cursor, and the next cursor; without one, the whole calendar.

        The cursor is a plain text: store it when the changes are dealt with. When Google no longer takes
        it, the changes begin with a `Gap`, and what follows is the whole calendar: throw away what was
        kept. Series come as themselves and their exceptions, deleted events as cancelled. Raises
        InvalidRequest for another calendar's cursor, and GoogleError when Google gives no sync token
        (events.list, 1 request a page of 2,500;
        https://developers.google.com/workspace/calendar/api/guides/sync).
        """
        return self._run(calls.changes(since, calendar_id=calendar))

    def call(self, method: str, body: Mapping[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
        """
        Call any method of Calendar's discovery document, and return Google's JSON.

        `method` is its name there, `acl.list`; `parameters` are its own, `calendarId` is `primary` unless
        told. Scopes, pace and errors are as everywhere; what a lost answer to a write means is for you
        to find out. Raises InvalidRequest for a method or parameter that does not exist. Needs the
        `google` extra (https://developers.google.com/workspace/calendar/api/v3/reference).
        """
        from mailgrant.adapters import discovery

        return self._run(discovery.call("calendar", method, parameters, body))

    def watch(
        self, address: str, *, token: str | None = None, lasting: timedelta | None = None, calendar: str = PRIMARY
    ) -> Watch:
        """
        Let Google tell an https address whenever the calendar changes, for a week unless `lasting` says otherwise.

        A notification says only that something changed: ask `changes` then, and now and again without
        one, for some get lost. Google does not renew a channel: open another by `renew_at`, and `stop_watching`
        the old one. A lost answer raises OutcomeUnknown (events.watch, 1 request;
        https://developers.google.com/workspace/calendar/api/guides/push).
        """
        channel_id = new_event_id(self._entropy)
        call = open_watch(address, channel_id=channel_id, token=token, lasting=lasting, calendar_id=calendar)
        return self._run(call)

    def stop_watching(self, watch: Watch) -> None:
        """
        Close a channel that this account opened; NotFound when it has ended (channels.stop, 1 request).

        https://developers.google.com/workspace/calendar/api/v3/reference/channels/stop
        """
        self._run(close_watch(watch))

    def calendars(self) -> tuple[Calendar, ...]:
        """
        Return the calendars the account has on its list (calendarList.list, 1 request a page of 250).

        https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/list
        """
        return self._run(calls.calendars())

    def get(self, event: str | Event, *, calendar: str = PRIMARY) -> Event:
        """
        Return one event by its id, or one that was read as it is now; a deleted one comes as cancelled.

        Raises NotFound when there is none (events.get, 1 request;
        https://developers.google.com/workspace/calendar/api/v3/reference/events/get).
        """
        event_id = id_of(event)
        return self._run(calls.get_event(event_id, calendar_id=calendar))

    def add(
        self,
        event: Event | None = None,
        *,
        calendar: str = PRIMARY,
        send_updates: str | None = None,
        meet: bool = False,
        **fields: Any,
    ) -> Event:
        """
        Put an event in the calendar and return it as Google keeps it (events.insert, 1 request).

        The id is made here, so that the same insert cannot happen twice: a lost answer is settled by
        reading back. An event with an id of its own keeps it, and adding it again gives the one that is
        there; Conflict says that another has the id. `meet` asks for a Meet link. Nobody is mailed
        unless `send_updates="all"` or "externalOnly"
        (https://developers.google.com/workspace/calendar/api/v3/reference/events/insert).
        """
        event = as_event(event, fields)
        call = writes.add_event(
            event,
            event_id=event.id or new_event_id(self._entropy),
            calendar_id=calendar,
            send_updates=send_updates,
            meet=meet,
        )
        return self._run(call)

    def quick_add(self, text: str, *, calendar: str = PRIMARY, send_updates: str | None = None) -> Event:
        """
        Let Google make an event of a sentence: "Lunch with Grace tomorrow at noon".

        It takes no id of ours, so a lost answer raises OutcomeUnknown and nothing is said again; use
        `add` where that matters (events.quickAdd, 1 request;
        https://developers.google.com/workspace/calendar/api/v3/reference/events/quickAdd).
        """
        call = writes.quick_add(text, calendar_id=calendar, send_updates=send_updates)
        return self._run(call)

    def edit(
        self,
        event: Event | str,
        *,
        which: str = "this",
        calendar: str = PRIMARY,
        send_updates: str | None = None,
        meet: bool = False,
        **changes: Any,
    ) -> Event:
        """
        Change fields of an event: `edit(event, start=…, location=None)`; return it as it is then.

        A new start keeps the length unless `end` or `duration` says otherwise; None clears a field. Of a
        series, `which` says what changes: "this" occurrence, it and the "following" ones (a new series
        begins there; what was changed in single ones of them is gone), or "all". A start in UTC, or with
        an offset, leaves a series on the clock of its zone. Only what differs is written, and only if
        nobody was faster: raises ChangedMeanwhile when the event is no longer as it was read, NotFound
        when it was deleted. An edit that raised OutcomeUnknown or NoAnswer may be said again: it goes on
        where it stopped (events.patch, 3 requests of the quota; "following" also events.insert;
        https://developers.google.com/workspace/calendar/api/guides/recurringevents).
        """
        call = series_calls.edit(
            event, changes, which=which, calendar_id=calendar, send_updates=send_updates, meet=meet
        )
        return self._run(call)

    def move(self, event: Event | str, to: str, *, calendar: str = PRIMARY, send_updates: str | None = None) -> Event:
        """
        Move an event to another calendar, which becomes its organizer; a series goes whole.

        To another time it goes by `edit(event, start=…)`. A lost answer raises OutcomeUnknown, and
        PermissionDenied says that it is not the account's to move (events.move, 1 request;
        https://developers.google.com/workspace/calendar/api/v3/reference/events/move).
        """
        event_id = id_of(event)
        call = writes.move_event(event_id, to, calendar_id=calendar, send_updates=send_updates)
        return self._run(call)

    def respond(
        self,
        event: Event | str,
        response: str | Response,
        *,
        comment: str | None = None,
        which: str = "this",
        calendar: str = PRIMARY,
        send_updates: str | None = None,
    ) -> Event:
        """
        Answer an invitation: "accepted", "tentative" or "declined", for "this" occurrence or "all".

        Only the account's own entry is written. Raises InvalidRequest when the account is not invited
        (events.get and events.patch, 4 requests of the quota;
        https://developers.google.com/workspace/calendar/api/v3/reference/events/patch).
        """
        whole = series_calls.whole_of(event, which, calendar_id=calendar)
        event_id = self._run(whole)
        call = writes.respond_to(event_id, response, comment=comment, calendar_id=calendar, send_updates=send_updates)
        return self._run(call)

    def delete(
        self,
        event: str | Event,
        *,
        which: str = "this",
        calendar: str = PRIMARY,
        send_updates: str | None = None,
    ) -> None:
        """
        Delete an event; of a series "this" occurrence, it and the "following" ones, or "all" of them.

        A series by its own id goes whole. Raises NotFound when there is no such event (events.delete, 1
        request; "following" is an events.patch of the series, 3 and two reads;
        https://developers.google.com/workspace/calendar/api/v3/reference/events/delete).
        """
        call = series_calls.delete(event, which=which, calendar_id=calendar, send_updates=send_updates)
        self._run(call)

    def free_busy(
        self, people: str | Collection[str], start: datetime, end: datetime
    ) -> dict[str, tuple[Interval, ...]]:
        """
        Return when people, calendars or groups are busy between two moments, by what they were asked by.

        The times are in the zone of `start`; ten years at most. Raises NotFound naming those whose calendar
        cannot be seen: they are not taken for free (freebusy.query, 1 request for 50 people and 60 days;
        https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query).
        """
        return self._run(busy_calls.free_busy(as_people(people), Interval(start, end)))

    def first_free(
        self,
        people: str | Collection[str],
        duration: timedelta,
        between: tuple[datetime, datetime],
        *,
        hours: Hours = None,
    ) -> Interval | None:
        """
        Return the first time, so long, at which nobody of `people` is busy; None when there is none.

        `hours` keeps it to working hours, `WorkingHours(time(9), time(17), zone="Europe/London")`; of
        several, for people in several zones, it keeps to all, and answers in the zone of the first. The
        account itself is asked only when it is among the people. Of a long time only so much is asked about
        as it takes. Raises NotFound as `free_busy` does (freebusy.query, 1 request for 50 people and 60 days;
        https://developers.google.com/workspace/calendar/api/v3/reference/freebusy/query).
        """
        call = busy_calls.first_free(
            as_people(people), checked_duration(duration), Interval(*as_pair(between)), as_hours(hours)
        )
        return self._run(call)


def as_event(event: Event | None, fields: dict[str, Any]) -> Event:
    """Take the event, or make one of the fields; never both."""
    if event is None:
        return made_of(fields)
    if not isinstance(event, Event):
        raise InvalidRequest(
            f"event: {event!r} is not an Event.", hint='Pass an Event, or its fields: add(summary="Lunch", start=…).'
        )
    if fields:
        raise InvalidRequest("Pass an Event or its fields, not both.", hint="Make a new one with dataclasses.replace.")
    return event


def new_event_id(entropy: Callable[[int], bytes]) -> str:
    """Make an event id as Calendar allows: 26 characters of base32hex, a to v and 0 to 9."""
    return base64.b32hexencode(entropy(16)).decode().rstrip("=").lower()
