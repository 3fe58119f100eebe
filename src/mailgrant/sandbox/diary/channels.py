"""
Channels: who is told, and how, when one of Calendar's lists has changed.

Nobody reports changes here. After each request the channels look whether what they watch is still at
the state they last saw, so that a change is noticed whoever made it and through whatever door.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from mailgrant.sandbox.courier import Courier, Parcel
from mailgrant.sandbox.diary.diary import find_calendar
from mailgrant.sandbox.diary.sharing import Role

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

BASE = "https://www.googleapis.com/calendar/v3"
USER_AGENT = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"


class Collection(Enum):
    """A list that can be watched; the value is its path, with the calendar's id where it is of one."""

    ACL = "calendars/{}/acl"
    CALENDAR_LIST = "users/me/calendarList"
    EVENTS = "calendars/{}/events"
    SETTINGS = "users/me/settings"


class State(Enum):
    """What a notification says of the list."""

    SYNC = "sync"
    EXISTS = "exists"
    GONE = "not_exists"


@dataclass(frozen=True, slots=True)
class Watched:
    """One list of one person's; `calendar_id` is empty where it is of no calendar."""

    collection: Collection
    owner: str = field(kw_only=True)
    calendar_id: str = field(kw_only=True, default="")

    @property
    def uri(self) -> str:
        """The list's address."""
        return f"{BASE}/{self.collection.value.format(quote(self.calendar_id, safe='@'))}?alt=json"

    @property
    def id(self) -> str:
        """The opaque id that all channels to this list share."""
        return blake2b(f"{self.owner} {self.uri}".encode(), digest_size=10).hexdigest()


@dataclass(slots=True)
class Channel:
    """One webhook and what it is told of; `seen` is the state of the list at the last notification."""

    id: str
    watched: Watched = field(kw_only=True)
    address: str = field(kw_only=True)
    token: str = field(kw_only=True, default="", repr=False)
    expires: datetime = field(kw_only=True)
    seen: Hashable = field(kw_only=True, default=None)
    number: int = field(kw_only=True, default=0)

    def as_json(self) -> dict[str, Any]:
        """Return Google's Channel."""
        token = {"token": self.token} if self.token else {}
        return {
            "kind": "api#channel",
            "id": self.id,
            "resourceId": self.watched.id,
            "resourceUri": self.watched.uri,
            **token,
            "expiration": str(int(self.expires.timestamp() * 1000)),
        }

    def parcel(self, state: State) -> Parcel:
        """Return the next notification: everything is in its headers."""
        self.number += 1
        headers = [
            ("Content-Type", "application/json; charset=UTF-8"),
            ("User-Agent", USER_AGENT),
            ("X-Goog-Channel-ID", self.id),
            ("X-Goog-Channel-Expiration", format_datetime(self.expires, usegmt=True)),
            ("X-Goog-Resource-ID", self.watched.id),
            ("X-Goog-Resource-URI", self.watched.uri),
            ("X-Goog-Resource-State", state.value),
            ("X-Goog-Message-Number", str(self.number)),
        ]
        if self.token:
            headers.append(("X-Goog-Channel-Token", self.token))
        return Parcel(self.address, headers=headers)


class Channels:
    """The channels of one sandbox."""

    KEPT: ClassVar[tuple[str, ...]] = ("_open",)

    def __init__(self, world: Sandbox) -> None:
        self.courier = Courier()
        self._world = world
        self._open: dict[str, Channel] = {}

    def find(self, channel_id: str) -> Channel | None:
        """Return a channel that is open."""
        self._expire()
        return self._open.get(channel_id)

    def open(self, channel: Channel) -> None:
        """Open a channel, and tell its webhook so."""
        channel.seen = self._state(channel.watched)
        self._open[channel.id] = channel
        self.courier.take(channel.parcel(State.SYNC))

    def close(self, channel: Channel) -> None:
        """Close a channel without a word."""
        del self._open[channel.id]

    def look(self) -> None:
        """Tell every channel whose list is not what it was."""
        if not self._open:
            return
        self._expire()
        for channel in list(self._open.values()):
            state = self._state(channel.watched)
            if state == channel.seen:
                continue
            channel.seen = state
            self.courier.take(channel.parcel(State.GONE if state is None else State.EXISTS))
            if state is None:
                self.close(channel)

    def _expire(self) -> None:
        now = self._world.clock.now()
        self._open = {name: channel for name, channel in self._open.items() if channel.expires > now}

    def _state(self, watched: Watched) -> Hashable:
        """Return what changes when the list does, None if the person has it no more."""
        person = self._world.people.find(watched.owner)
        if person is None:
            return None
        if watched.collection is Collection.SETTINGS:
            return (*sorted(person.diary.settings.items()), person.diary.primary.zone)
        if watched.collection is Collection.CALENDAR_LIST:
            return person.diary.change
        return self._state_of_calendar(watched, person)

    def _state_of_calendar(self, watched: Watched, person: Person) -> Hashable:
        calendar = find_calendar(self._world.people, watched.calendar_id)
        needed = Role.OWNER if watched.collection is Collection.ACL else Role.FREE_BUSY_READER
        if calendar is None or calendar.role_of(person.email) < needed:
            return None
        # Sharing counts as a change of the events too: it voids their sync tokens.
        return calendar.sharing_change if watched.collection is Collection.ACL else calendar.change
