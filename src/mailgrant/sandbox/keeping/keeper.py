"""
Keeper: carries a sandbox into its archive while it runs, and out of it when it starts.

A thread looks several times a second whether anything changed. What it writes it gathers under the
sandbox's lock, and writes without it; a process that is killed loses what came since.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailgrant.sandbox.keeping.archive import Archive, Batch, Shelf
from mailgrant.sandbox.keeping.codec import Codec
from mailgrant.sandbox.keeping.kinds import KINDS
from mailgrant.sandbox.keeping.rows import decoded, history_row, key_of, mail_row, ordinal_of, owner_of, records_of
from mailgrant.sandbox.mail.delivery import SentMail
from mailgrant.sandbox.mail.mailbox import Mailbox, StoredMessage
from mailgrant.sandbox.mail.search_text import BLOCK

if TYPE_CHECKING:
    from mailgrant.sandbox.people import Person
    from mailgrant.sandbox.sandbox import Sandbox

PAUSE_SECONDS = 0.25
# So that a large state that changes all the time is not written all the time.
REST_PER_WORK = 3
# Messages written together: what is gathered of them is in memory meanwhile.
MOST_MESSAGES = 2000
# Messages whose words are read while requests wait.
MOST_READ = 10
BREATH_SECONDS = 0.001
# Where the JSON lies of a mail that is not on record yet.
NOWHERE = (0, 0)

# The sandbox's nouns that are kept as they are, apart from people and their mail.
NOUNS = ("clock", "ids", "clients", "service_accounts", "policies", "tokens", "push", "channels", "post", "people")
ROSTER = "accounts"
ACCOUNT = "account/"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Kept:
    """How far a mailbox is on record."""

    mailbox: Mailbox
    owner: int
    history: int = field(default=0)
    forgotten: int = field(default=0)


class Keeper:
    """Keeps one sandbox in one archive."""

    def __init__(self, world: Sandbox, archive: Archive) -> None:
        self._world = world
        self._archive = archive
        self._codec = Codec(KINDS)
        self._parts: dict[str, str] = {}
        self._owners: dict[str, int] = {}
        self._boxes: dict[str, Kept] = {}
        self._sent: list[SentMail] = []
        self._sent_count = 0
        self._waiting: Batch | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="sandbox keeper", daemon=True)

    def restore(self) -> bool:
        """Give the sandbox what the archive holds; False if that is nothing yet. Raises ValueError if it is broken."""
        self._parts, self._owners = self._archive.parts(), self._archive.owners()
        if not self._parts:
            return False
        # Hundreds of thousands of objects that all stay: looking for garbage among them takes half of the time.
        gc.disable()
        try:
            with self._world.locked():
                self._restore_nouns()
                self._restore_people()
                self._world.post.sent[:] = [self._sent_mail(*row) for row in self._archive.sent()]
        finally:
            # What was made meanwhile would all be looked at as soon as the collector is back.
            gc.freeze()
            gc.enable()
        self._sent, self._sent_count = self._world.post.sent, len(self._world.post.sent)
        return True

    def start(self) -> None:
        """Put on record what is there, and keep from now on."""
        self.save()
        # What is here now stays for long; the collector need not look at it again and again.
        gc.freeze()
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and stop."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.save()

    def save(self) -> None:
        """Write everything that has changed."""
        more = True
        while more:
            more = self._save_some()

    def _keep(self) -> None:
        rest = PAUSE_SECONDS
        while not self._stopping.wait(rest):
            started = time.monotonic()
            try:
                if self._world.touched:
                    self.save()
                self._read_ahead()
            except Exception:
                log.exception("the sandbox's state could not be saved")
            rest = max(PAUSE_SECONDS, min((time.monotonic() - started) * REST_PER_WORK, 1 - PAUSE_SECONDS))

    # Out of the sandbox.

    def _save_some(self) -> bool:
        """Write some of what has changed; True if there is more."""
        if self._waiting is None:
            self._waiting = self._gather()
        batch = self._waiting
        # If this fails, for want of room, the same is tried again: what was gathered is not gathered twice.
        shelves = self._archive.write(batch)
        self._waiting = None
        with self._world.locked():
            self._put_away(batch, shelves)
            return any(kept.mailbox.unsaved for kept in self._boxes.values())

    def _gather(self) -> Batch:
        batch = Batch()
        with self._world.locked():
            self._world.touched = False
            self._gather_parts(batch)
            self._gather_mail(batch)
            self._gather_sent(batch)
        return batch

    def _gather_parts(self, batch: Batch) -> None:
        people = list(self._world.people.everybody())
        parts = {name: self._codec.write(getattr(self._world, name)) for name in NOUNS}
        parts[ROSTER] = self._codec.write([[person.email, person.robot, person.sub] for person in people])
        parts |= {ACCOUNT + person.email: self._codec.write(person) for person in people}
        batch.parts = {name: text for name, text in parts.items() if self._parts.get(name) != text}
        batch.lost_parts = [name for name in self._parts if name not in parts]
        self._parts = parts

    def _gather_mail(self, batch: Batch) -> None:
        people = {person.email: person for person in self._world.people.everybody()}
        for email in [email for email in self._boxes if email not in people]:
            batch.emptied.append(self._boxes.pop(email).owner)
        for person in people.values():
            kept = self._boxes.get(person.email)
            if kept is None or kept.mailbox is not person.mailbox:
                # Somebody new, or a reset: nothing on record is theirs.
                kept = self._enrol(person)
                batch.owners.append((kept.owner, person.email))
                batch.emptied.append(kept.owner)
                kept.mailbox.unsaved = set(range(kept.mailbox.ordinals))
                kept.mailbox.index.words_so_far.keep_blocks()
            self._gather_messages(kept, batch)
            self._gather_history(kept, batch)
            words = kept.mailbox.index.words_so_far
            begun = words.take_begun() if self._stopping.is_set() else []
            batch.words += [(kept.owner, block) for block in (*words.take_full(), *begun)]

    def _enrol(self, person: Person) -> Kept:
        number = self._owners.setdefault(person.email, len(self._owners) + 1)
        kept = self._boxes[person.email] = Kept(person.mailbox, number)
        return kept

    def _gather_messages(self, kept: Kept, batch: Batch) -> None:
        mailbox, unsaved = kept.mailbox, kept.mailbox.unsaved
        while unsaved and len(batch.mails) < MOST_MESSAGES:
            ordinal = unsaved.pop()
            key, message = key_of(kept.owner, ordinal), mailbox.at(ordinal)
            if message is None:
                batch.gone.append(key)
                continue
            thread = mailbox.thread(message.thread_id)
            content = message.content
            place = content.place if isinstance(content, Shelf) else NOWHERE
            batch.mails.append(mail_row(key, message, thread.subject if thread else "", place))
            if isinstance(content, bytes):
                batch.raws.append((key, content))

    def _gather_history(self, kept: Kept, batch: Batch) -> None:
        history = kept.mailbox.history
        records = history.after(kept.history)
        batch.history += [history_row(kept.owner, record) for record in records]
        if history.forgotten > kept.forgotten:
            batch.forgotten.append((kept.owner, history.forgotten))
        kept.history, kept.forgotten = history.current, history.forgotten

    def _gather_sent(self, batch: Batch) -> None:
        sent = self._world.post.sent
        if sent is not self._sent or len(sent) < self._sent_count:
            self._sent, self._sent_count, batch.sent_anew = sent, 0, True
        for number, mail in enumerate(sent[self._sent_count :], self._sent_count):
            about = [mail.sender, mail.recipients, mail.at, mail.method, mail.message_id]
            batch.sent.append((number, self._codec.write(about), mail.raw))
        self._sent_count = len(sent)

    def _put_away(self, batch: Batch, shelves: list[Shelf]) -> None:
        """Let go of the bytes that are on record now."""
        boxes = {kept.owner: kept.mailbox for kept in self._boxes.values()}
        for (key, raw), shelf in zip(batch.raws, shelves, strict=True):
            mailbox = boxes.get(owner_of(key))
            message = mailbox.at(ordinal_of(key)) if mailbox is not None else None
            if mailbox is not None and message is not None and message.content is raw:
                mailbox.put_away(message, shelf)

    def _read_ahead(self) -> None:
        """Read the words of large mailboxes before somebody searches, a few messages at a time."""
        for kept in list(self._boxes.values()):
            index = kept.mailbox.index
            if kept.mailbox.ordinals < BLOCK:
                continue
            while index.words_so_far.read < kept.mailbox.ordinals and not self._stopping.is_set():
                with self._world.locked():
                    words = index.words_so_far
                    words.read_up_to(min(words.read + MOST_READ, kept.mailbox.ordinals))
                    self._world.touched |= words.has_full
                # Whoever waits for the lock has it now.
                time.sleep(BREATH_SECONDS)
                if self._world.touched:
                    self.save()

    # Into the sandbox.

    def _restore_nouns(self) -> None:
        for person in list(self._world.people.everybody()):
            self._world.people.remove(person)
        for name in NOUNS:
            self._codec.fill(getattr(self._world, name), self._part(name))
        self._world.robot_key = self._world.service_accounts.default.key

    def _restore_people(self) -> None:
        for email, robot, sub in self._codec.read(self._part(ROSTER)):
            person = self._world.people.add(email, robot_id=sub if robot else None)
            self._codec.fill(person, self._part(ACCOUNT + email))
            kept = self._enrol(person)
            mailbox = kept.mailbox
            mailbox.unsaved = set()
            mailbox.take_back(self._messages(kept.owner))
            mailbox.history.take_back(records_of(self._archive.history(kept.owner)))
            mailbox.index.words_so_far.keep_blocks()
            for block in self._archive.words(kept.owner):
                mailbox.index.words_so_far.take_back(block)
            kept.history, kept.forgotten = mailbox.history.current, mailbox.history.forgotten

    def _part(self, name: str) -> str:
        if name not in self._parts:
            raise ValueError(f"the part {name} is missing")
        return self._parts[name]

    def _messages(self, owner: int) -> Iterator[tuple[StoredMessage, str]]:
        # Most messages have the labels of many others, and a thread of their own.
        known: dict[str, tuple[str, ...]] = {}
        for row in self._archive.mails(owner):
            key, message_id, thread_id, subject, labels, date, header_id, history_id, size, place, length = row
            if labels not in known:
                known[labels] = tuple(labels.split())
            message = StoredMessage(
                message_id,
                thread_id=message_id if thread_id == message_id else thread_id,
                content=Shelf(self._archive, key, size, place, length),
                labels=known[labels],
                internal_date=date,
                message_id=decoded(header_id),
                ordinal=ordinal_of(key),
                history_id=history_id,
            )
            yield message, decoded(subject)

    def _sent_mail(self, about: str, raw: bytes) -> SentMail:
        sender, recipients, at, method, message_id = self._codec.read(about)
        return SentMail(sender, recipients=recipients, raw=raw, at=at, method=method, message_id=message_id)
