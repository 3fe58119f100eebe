"""
Mailbox: one person's mail, as Gmail keeps it.

Bytes are kept exactly as they came and read when somebody asks. Every change is written into the
history, and every message knows the last change that concerned it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar

from mailgrant.sandbox.clock import Clock
from mailgrant.sandbox.ids import Ids
from mailgrant.sandbox.mail import bits, query_text
from mailgrant.sandbox.mail.content import Content, raw_of
from mailgrant.sandbox.mail.drafts import Drafts
from mailgrant.sandbox.mail.history import History, Kind
from mailgrant.sandbox.mail.index import Index
from mailgrant.sandbox.mail.labels import LabelBook
from mailgrant.sandbox.mail.mime import Headers, read_headers
from mailgrant.sandbox.mail.query import reaches_spam_and_trash
from mailgrant.sandbox.mail.render import Rendered, render
from mailgrant.sandbox.mail.render_cache import RenderCache
from mailgrant.sandbox.mail.search import Search
from mailgrant.sandbox.mail.threads import Thread, bare_subject, own_message_id, references
from mailgrant.sandbox.past import Changes

ARRIVED = ("INBOX", "UNREAD")
SET_ASIDE = ("SPAM", "TRASH")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class StoredMessage:
    """A message in a mailbox. `internal_date` is in milliseconds; `message_id` the header's, without brackets."""

    id: str
    thread_id: str = field(kw_only=True)
    content: Content = field(kw_only=True, repr=False)
    labels: tuple[str, ...] = field(kw_only=True)
    internal_date: int = field(kw_only=True)
    message_id: str = field(kw_only=True)
    ordinal: int = field(kw_only=True)
    history_id: int = field(kw_only=True, default=0)

    @property
    def raw(self) -> bytes:
        """The mail as it came."""
        return raw_of(self.content)

    @property
    def size(self) -> int:
        """How many bytes the mail has."""
        return len(self.content)


class Mailbox:
    """The mail of `owner`."""

    # The messages themselves are kept one by one.
    KEPT: ClassVar[tuple[str, ...]] = ("labels", "drafts", "history", "ordinals")

    def __init__(self, owner: str, clock: Clock, ids: Ids) -> None:
        self.owner = owner
        self.clock = clock
        self.ids = ids
        self.labels = LabelBook(ids)
        self.history = History()
        self.index = Index()
        self.drafts = Drafts()
        self._messages: dict[str, StoredMessage] = {}
        self._by_ordinal: list[StoredMessage | None] = []
        self._threads: dict[str, Thread] = {}
        self._cache = RenderCache()
        self._thread_counts: dict[str, tuple[int, int, int]] = {}
        self._changes: Changes[tuple[str, StoredMessage | None]] = Changes()
        # The ordinals of what changed since it was last put on record; None while nobody keeps one.
        self.unsaved: set[int] | None = None

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def thread_count(self) -> int:
        """How many conversations there are."""
        return len(self._threads)

    def deliver(self, raw: bytes, *, labels: Iterable[str] = ARRIVED, at: datetime | None = None) -> StoredMessage:
        """Put a mail in as it is; labels go by id or name, and an unknown one is made."""
        label_ids = tuple(dict.fromkeys(self.labels.id_for(label) for label in labels))
        return self.add(raw, labels=label_ids, at=at or self.clock.now())

    def add(self, raw: bytes, *, labels: tuple[str, ...], at: datetime, thread_id: str | None = None) -> StoredMessage:
        """Store a message; it joins a thread where `threads.py` says so, else it begins one."""
        headers, _ = read_headers(raw)
        thread = self.matching_thread(headers, thread_id)
        return self.store(raw, headers, labels=labels, at=at, thread=thread)

    def store(
        self,
        raw: bytes,
        headers: Headers,
        *,
        labels: tuple[str, ...],
        at: datetime,
        thread: Thread | None,
    ) -> StoredMessage:
        """Store a message in a thread, or as the first of a new one."""
        raw, message_id, date = bytes(raw), own_message_id(headers), milliseconds(at)
        ordinal = self.index.add(raw, labels=labels, internal_date=date, message_id=message_id)
        new_id = self.ids.hex16("message")
        thread = thread or Thread(new_id, subject=bare_subject(headers))
        message = StoredMessage(
            new_id,
            thread_id=thread.id,
            content=raw,
            labels=labels,
            internal_date=date,
            message_id=message_id,
            ordinal=ordinal,
        )
        thread.ordinals.append(ordinal)
        self._threads[thread.id] = thread
        self._messages[new_id] = message
        self._by_ordinal.append(message)
        self._changes.note((new_id, None))
        self._write(Kind.MESSAGE_ADDED, message)
        return message

    def get(self, message_id: str) -> StoredMessage | None:
        """Return the message of an id, None if there is none."""
        return self._messages.get(message_id)

    def at(self, ordinal: int) -> StoredMessage | None:
        """Return the message of an ordinal, None if it is gone."""
        return self._by_ordinal[ordinal]

    @property
    def ordinals(self) -> int:
        """How many ordinals were ever given; they are never given again."""
        return len(self._by_ordinal)

    @ordinals.setter
    def ordinals(self, count: int) -> None:
        self._by_ordinal.extend([None] * (count - len(self._by_ordinal)))
        self.index.reserve(count)

    def take_back(self, kept: Iterable[tuple[StoredMessage, str]]) -> None:
        """Fill an empty mailbox with messages as they were, each with the subject of its thread."""
        for message, subject in kept:
            self._messages[message.id] = self._by_ordinal[message.ordinal] = message
            thread = self._threads.get(message.thread_id)
            if thread is None:
                thread = self._threads[message.thread_id] = Thread(message.thread_id, subject=subject)
            thread.ordinals.append(message.ordinal)
            self.index.take_back(
                message.ordinal,
                message.content,
                labels=message.labels,
                internal_date=message.internal_date,
                message_id=message.message_id,
            )
        self.index.settle()

    def put_away(self, message: StoredMessage, content: Content) -> None:
        """Let a message's bytes lie elsewhere from now on."""
        message.content = content
        self.index.put_away(message.ordinal, content)

    def thread(self, thread_id: str) -> Thread | None:
        """Return the thread of an id, None if there is none."""
        return self._threads.get(thread_id)

    def messages_of(self, thread: Thread) -> list[StoredMessage]:
        """Return a thread's messages, oldest first."""
        found = (self._by_ordinal[ordinal] for ordinal in thread.ordinals)
        return sorted((message for message in found if message), key=lambda message: message.internal_date)

    def matching_thread(self, headers: Headers, thread_id: str | None = None) -> Thread | None:
        """Return the thread a message belongs to: the one asked for if it fits, None for a new one."""
        subject = bare_subject(headers)
        for reference in references(headers):
            ordinal = self.index.first_with_message_id(reference)
            message = None if ordinal is None else self._by_ordinal[ordinal]
            thread = self._threads[message.thread_id] if message else None
            if thread and thread.subject == subject and thread_id in (None, thread.id):
                return thread
        return None

    def relabel(self, message: StoredMessage, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Put labels on a message and take others off; what changes nothing leaves no trace."""
        added = tuple(label for label in dict.fromkeys(add) if label not in message.labels)
        removed = tuple(label for label in message.labels if label in set(remove) - set(add))
        if not added and not removed:
            return
        self._changes.note((message.id, replace(message)))
        labels = tuple(label for label in message.labels if label not in removed) + added
        self.index.relabel(message.ordinal, message.labels, labels)
        message.labels = labels
        if added:
            self._write(Kind.LABEL_ADDED, message, added)
        if removed:
            self._write(Kind.LABEL_REMOVED, message, removed)

    def delete(self, message: StoredMessage) -> None:
        """Remove a message for ever."""
        self._changes.note((message.id, replace(message, content=message.raw)))
        self.index.remove(message.ordinal, labels=message.labels, message_id=message.message_id)
        self._by_ordinal[message.ordinal] = None
        del self._messages[message.id]
        thread = self._threads[message.thread_id]
        thread.ordinals.remove(message.ordinal)
        if not thread.ordinals:
            del self._threads[thread.id]
        self._cache.drop(message.id)
        self.drafts.drop(message.id)
        self._write(Kind.MESSAGE_DELETED, message)

    def as_it_was(self, moment: float) -> Mailbox:
        """Return the mailbox of a moment of the monotonic clock, to be read only."""
        was = copy(self)
        was.index, was.history = self.index.copy(), self.history.as_it_was(moment)
        was.drafts = self.drafts.as_they_were(moment)
        was._messages, was._by_ordinal = dict(self._messages), list(self._by_ordinal)
        was._threads = {known.id: replace(known, ordinals=list(known.ordinals)) for known in self._threads.values()}
        was._cache, was._thread_counts = RenderCache(), {}
        for message_id, before in self._changes.since(moment):
            was._put_back(message_id, before)
        return was

    def _put_back(self, message_id: str, before: StoredMessage | None) -> None:
        """Make one message what it was, or was not, in a copy of the mailbox."""
        now = self._messages.pop(message_id, None)
        if now is not None:
            self.index.withdraw(now.ordinal, labels=now.labels, message_id=now.message_id)
            self._by_ordinal[now.ordinal] = None
            self._threads[now.thread_id].ordinals.remove(now.ordinal)
            if not self._threads[now.thread_id].ordinals:
                del self._threads[now.thread_id]
        if before is not None:
            self.index.restore(before.ordinal, before.content, labels=before.labels, message_id=before.message_id)
            self._messages[message_id] = self._by_ordinal[before.ordinal] = replace(before)
            subject = bare_subject(read_headers(before.raw)[0])
            thread = self._threads.setdefault(before.thread_id, Thread(before.thread_id, subject=subject))
            insort(thread.ordinals, before.ordinal)

    def forget_label(self, label_id: str) -> None:
        """Take a deleted label off every message."""
        for ordinal in bits.descending(self.index.labelled(label_id)):
            message = self._by_ordinal[ordinal]
            if message is not None:
                self.relabel(message, remove=[label_id])

    def find(self, text: str = "", *, label_ids: Iterable[str] = (), everywhere: bool = False) -> int:
        """
        Return the messages a search means, as a set for `newest_first`.

        Spam and trash are left out unless `everywhere`, a label asked for, or the search itself says otherwise.
        """
        node = query_text.parse(text)
        within = self.index.alive
        for label_id in label_ids:
            within &= self.index.labelled(label_id)
        if not everywhere and not reaches_spam_and_trash(node) and not set(SET_ASIDE) & set(label_ids):
            within &= ~(self.index.labelled("SPAM") | self.index.labelled("TRASH"))
        search = Search(
            self.index,
            owner=self.owner,
            now=self.clock.now(),
            labels_named=self.labels.named,
            user_labels=self.labels.user_ids,
        )
        return search.find(node, within)

    def search(self, text: str = "") -> list[StoredMessage]:
        """Return all messages a search in Gmail finds, newest first."""
        return list(self.newest_first(self.find(text)))

    def newest_first(self, found: int, below: int | None = None) -> Iterator[StoredMessage]:
        """Yield the messages of a set from the newest on, or from the one under a page's key."""
        for ordinal in self.index.newest_first(found, below):
            message = self._by_ordinal[ordinal]
            if message is not None:
                yield message

    def rendered(self, message: StoredMessage) -> Rendered:
        """Return a message's unchanging JSON."""
        found = self._cache.get(message.id)
        if found is None:
            content = message.content
            found = render(content) if isinstance(content, bytes) else content.rendered()
            self._cache.offer(message.id, found)
        return found

    def counts(self, label_id: str) -> dict[str, int]:
        """Return how many messages and threads have a label, and how many of those are unread."""
        labelled = self.index.labelled(label_id)
        unread = labelled & self.index.labelled("UNREAD")
        known = self._thread_counts.get(label_id)
        if known is None or known[0] != self.history.current:
            known = (self.history.current, self._threads_among(labelled), self._threads_among(unread))
            self._thread_counts[label_id] = known
        return {
            "messagesTotal": labelled.bit_count(),
            "messagesUnread": unread.bit_count(),
            "threadsTotal": known[1],
            "threadsUnread": known[2],
        }

    def _threads_among(self, found: int) -> int:
        messages = (self._by_ordinal[ordinal] for ordinal in bits.descending(found))
        return len({message.thread_id for message in messages if message})

    def _write(self, kind: Kind, message: StoredMessage, changed: tuple[str, ...] = ()) -> None:
        message.history_id = self.history.write(
            kind,
            message_id=message.id,
            thread_id=message.thread_id,
            labels=message.labels,
            changed=changed,
            at=self.clock.now(),
        )
        if self.unsaved is not None:
            self.unsaved.add(message.ordinal)


def milliseconds(moment: datetime) -> int:
    """Return a time as Gmail's internalDate; nothing is older than 1970."""
    return max(0, int((moment - EPOCH).total_seconds() * 1000))
