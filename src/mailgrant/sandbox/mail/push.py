"""
Push: who is told, through a Pub/Sub topic, that a mailbox has changed (users.watch).

A topic is a name and the webhook that its subscription pushes to; the control API makes one. As with
Calendar's channels nobody reports changes: after each request the watches look for themselves.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from mailgrant.sandbox.clock import stamped
from mailgrant.sandbox.courier import Courier, Parcel, is_here
from mailgrant.sandbox.mail.history import Record

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

LIFE = timedelta(days=7)
# What comes faster than this is dropped, not kept for later.
RATE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """
    A Pub/Sub topic; `push` is where its messages go, None if nobody listens.

    `publisher` says whether Gmail's service account may publish to it.
    """

    name: str
    push: str | None = field(kw_only=True, default=None)
    publisher: bool = field(kw_only=True, default=True)

    def __post_init__(self) -> None:
        parts = self.name.split("/")
        if len(parts) != 4 or not all(parts) or (parts[0], parts[2]) != ("projects", "topics"):
            raise ValueError(f"{self.name!r} is not a topic; one is called projects/<project>/topics/<name>")
        if self.push is not None and not (self.push.startswith(("http://", "https://")) and is_here(self.push)):
            raise ValueError(f"{self.push!r} is not a webhook on this machine, such as http://127.0.0.1:5000/push")

    @property
    def subscription(self) -> str:
        """The name of the subscription that pushes."""
        return self.name.replace("/topics/", "/subscriptions/")

    def parcel(self, content: object, *, message_id: str, now: datetime) -> Parcel | None:
        """Return one message as Pub/Sub pushes it, None if nobody listens."""
        if self.push is None:
            return None
        published = stamped(now)
        message = {
            "data": b64encode(json.dumps(content, separators=(",", ":")).encode()).decode(),
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": published,
            "publish_time": published,
        }
        body = json.dumps({"message": message, "subscription": self.subscription}).encode()
        headers = [("Content-Type", "application/json"), ("User-Agent", "APIs-Google"), ("From", "noreply@google.com")]
        return Parcel(self.push, headers=headers, body=body)


@dataclass(slots=True)
class Watch:
    """One project's watch on one mailbox; `seen` is the history id it last looked at."""

    topic: Topic
    label_ids: frozenset[str] = field(kw_only=True)
    excluding: bool = field(kw_only=True)
    expires: datetime = field(kw_only=True)
    seen: int = field(kw_only=True)

    def wants(self, records: Iterable[Record]) -> bool:
        """Say whether something happened that this watch is about."""
        return any(self._concerns(record) for record in records)

    def _concerns(self, record: Record) -> bool:
        if not self.label_ids:
            return True
        touched = any(record.concerns(label_id) for label_id in self.label_ids)
        return touched is not self.excluding


class Push:
    """The topics and watches of one sandbox."""

    KEPT: ClassVar[tuple[str, ...]] = ("_topics", "_watches")

    def __init__(self, world: Sandbox) -> None:
        self.courier = Courier()
        self._world = world
        self._topics: dict[str, Topic] = {}
        self._watches: dict[tuple[str, str], Watch] = {}
        self._last: dict[str, timedelta] = {}

    def add_topic(self, topic: Topic) -> None:
        """Make a topic, or change the one of that name; those who watch with it go on with the new one."""
        self._topics[topic.name] = topic
        for watch in self._watches.values():
            if watch.topic.name == topic.name:
                watch.topic = topic

    def topic(self, name: str) -> Topic | None:
        """Return the topic of that name, None if there is none."""
        return self._topics.get(name)

    def find(self, person: Person, project: str) -> Watch | None:
        """Return a project's watch on a mailbox, None if there is none any more."""
        watch = self._watches.get((person.email, project))
        return watch if watch is not None and watch.expires > self._world.clock.now() else None

    def start(self, person: Person, project: str, watch: Watch) -> None:
        """Watch a mailbox from now on, in place of what was; a message goes out at once."""
        self._watches[person.email, project] = watch
        self._publish(person, watch)

    def stop(self, person: Person, project: str) -> None:
        """Watch a mailbox no more."""
        self._watches.pop((person.email, project), None)

    def look(self) -> None:
        """Tell every watch whose mailbox is not what it was."""
        if not self._watches:
            return
        now = self._world.clock.now()
        for (email, _), watch in self._watches.items():
            person = self._world.people.find(email)
            if person is None or watch.expires <= now or watch.seen == person.mailbox.history.current:
                continue
            records = person.mailbox.history.since(watch.seen, now)
            watch.seen = person.mailbox.history.current
            if (records is None or watch.wants(records)) and self._is_time(email):
                self._publish(person, watch)

    def _is_time(self, email: str) -> bool:
        lived, last = self._world.clock.lived, self._last.get(email)
        if last is not None and lived - last < RATE:
            return False
        self._last[email] = lived
        return True

    def _publish(self, person: Person, watch: Watch) -> None:
        content = {"emailAddress": person.email, "historyId": person.mailbox.history.current}
        message_id = self._world.ids.decimal("push", 16)
        parcel = watch.topic.parcel(content, message_id=message_id, now=self._world.clock.now())
        if parcel is not None:
            self.courier.take(parcel)
