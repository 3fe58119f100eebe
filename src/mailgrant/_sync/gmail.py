# Written by scripts/unasync.py from src/mailgrant/_async/gmail.py.
# Do not edit: change that file and run `make sync`.
"""Gmail: the verbs of one account's mailbox. Each is a docstring and a conversation."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mailgrant.errors import InvalidRequest, SettingsError
from mailgrant.gmail import calls
from mailgrant.gmail.draft import Draft
from mailgrant.gmail.label import Label
from mailgrant.gmail.message import Attachment, Message, Profile, Sent, Thread

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.gmail.query import Query
    from mailgrant.http import Call

T = TypeVar("T")


class Run(Protocol):
    """Carries out one conversation for the account."""

    def __call__(self, call: Call[T]) -> T:
        """Return what the conversation comes to."""


class Gmail:
    """
    One account's mailbox.

    Every verb raises ConsentNeeded, before anything is sent, when the scope it needs was not
    granted; `GoogleError` when Google refuses; `NoAnswer` when nothing could be asked; and, for what
    changes something, `OutcomeUnknown` when the answer was lost.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def profile(self) -> Profile:
        """Return the mailbox's address, its counts and its current history id (users.getProfile, 1 unit)."""
        return self._run(calls.profile())

    def send(self, draft: Draft | None = None, **fields: Any) -> Sent:
        """
        Send a draft, or what its fields say: `send(to=…, subject=…, text=…)`.

        A draft that Gmail holds (it has an id) goes by that id and is gone afterwards. "Sent" means
        accepted by Gmail. Raises OutcomeUnknown when the answer was lost after the mail had left:
        it is never sent again by itself (users.messages.send or users.drafts.send, 100 units).
        """
        draft = as_draft(draft, fields)
        if draft.id is not None:
            return self._run(calls.send_draft(draft.id))
        raw = self._written(draft, for_sending=True)
        return self._run(calls.send(raw, thread_id=draft.thread_id))

    def search(
        self, query: str | Query = "", *, limit: int | None = None, spam_and_trash: bool = False
    ) -> Iterator[Message]:
        """
        Yield the messages that match, newest first, reading each as it is reached.

        `query` is what a person would type into Gmail, or a `Query`. Pages are followed to the end,
        or until `limit` messages (users.messages.list, 5 units a page; users.messages.get, 20 each).
        """
        found = 0
        seen: set[str] = set()
        page_token: str | None = None
        while limit is None or found < limit:
            size = 100 if limit is None else min(100, limit - found)
            listing = calls.list_messages(
                str(query), page_token=page_token, page_size=size, include_spam_trash=spam_and_trash
            )
            page = self._run(listing)
            for reference in page.items:
                # Mail that arrives while we page shifts what follows, so a message may come twice.
                if reference.id not in seen:
                    seen.add(reference.id)
                    found += 1
                    yield self.read(reference.id)
            page_token = page.next_page_token
            if page_token is None:
                return

    def read(self, message: str | Message) -> Message:
        """Return one message by its id, with decoded bodies (users.messages.get, 20 units)."""
        return self._run(calls.read(id_of(message)))

    def thread(self, thread: str | Message | Thread) -> Thread:
        """Return a whole conversation (users.threads.get, 40 units)."""
        thread_id = thread.thread_id if isinstance(thread, Message) else id_of(thread)
        if thread_id is None:
            raise InvalidRequest("This message is in no thread.")
        return self._run(calls.thread(thread_id))

    def attachment(self, message: Message, attachment: Attachment) -> bytes:
        """Return an attachment's content (users.messages.attachments.get, 20 units)."""
        return self._run(calls.attachment(message.id, attachment))

    def save(self, message: Message, attachment: Attachment, folder: str | os.PathLike[str] = ".") -> Path:
        """
        Write an attachment into `folder` and return its path.

        The name is made safe, and a file that is there already is never overwritten.
        """
        content = self.attachment(message, attachment)
        return in_thread(write_new, Path(folder), attachment.safe_name, content)

    def labels(self) -> tuple[Label, ...]:
        """Return all labels, Gmail's own and the account's (users.labels.list, 1 unit)."""
        return self._run(calls.labels())

    def modify(
        self,
        messages: str | Message | Iterable[str | Message],
        *,
        add: Collection[str] = (),
        remove: Collection[str] = (),
    ) -> None:
        """
        Put labels on messages and take labels off, by name or id.

        Raises InvalidRequest, before anything is changed, when there is no such label
        (users.messages.modify, 5 units each).
        """
        added, removed = self._label_ids(add), self._label_ids(remove)
        for message_id in ids_of(messages):
            self._run(calls.modify(message_id, add=added, remove=removed))

    def archive(self, messages: str | Message | Iterable[str | Message]) -> None:
        """Take messages out of the inbox (users.messages.modify, 5 units each)."""
        self.modify(messages, remove={"INBOX"})

    def trash(self, messages: str | Message | Iterable[str | Message]) -> None:
        """Move messages to the trash, where they stay for thirty days (users.messages.trash, 20 units each)."""
        for message_id in ids_of(messages):
            self._run(calls.trash(message_id))

    def delete(self, messages: str | Message | Iterable[str | Message]) -> None:
        """Delete messages for ever, which only the scope `mail.google.com` allows (10 units each)."""
        for message_id in ids_of(messages):
            self._run(calls.delete(message_id))

    def create_draft(self, draft: Draft | None = None, **fields: Any) -> Draft:
        """Keep a draft in the mailbox and return it with its id (users.drafts.create, 10 units)."""
        draft = as_draft(draft, fields)
        raw = self._written(draft, for_sending=False)
        kept = self._run(calls.create_draft(raw, thread_id=draft.thread_id))
        return draft.kept_as(kept)

    def drafts(self) -> Iterator[Draft]:
        """Yield the drafts of the mailbox (users.drafts.list, 5 units a page; users.drafts.get, 20 each)."""
        page_token: str | None = None
        while True:
            page = self._run(calls.list_drafts(page_token=page_token))
            for reference in page.items:
                yield self._run(calls.read_draft(reference.id))
            page_token = page.next_page_token
            if page_token is None:
                return

    def read_draft(self, draft_id: str) -> Draft:
        """Return one draft by its id (users.drafts.get, 20 units)."""
        return self._run(calls.read_draft(draft_id))

    def delete_draft(self, draft: str | Draft) -> None:
        """Delete a draft for ever; it does not go to the trash (users.drafts.delete, 10 units)."""
        draft_id = draft.id if isinstance(draft, Draft) else draft
        if draft_id is None:
            raise InvalidRequest("This draft is not in the mailbox: it has no id.")
        self._run(calls.delete_draft(draft_id))

    def _written(self, draft: Draft, *, for_sending: bool) -> bytes:
        """Fetch and open the attachments, check the draft and write it down, away from the event loop."""
        loaded = self._run(calls.load_attachments(draft))
        return in_thread(write_draft, loaded, for_sending)

    def _label_ids(self, names: Collection[str]) -> list[str]:
        if isinstance(names, str):
            raise InvalidRequest(f"Labels are a set of names: {{{names!r}}}, not {names!r}.")
        if not names:
            return []
        known = self.labels()
        return [label_id(name, known) for name in names]


def as_draft(draft: Draft | None, fields: dict[str, Any]) -> Draft:
    """Take the draft, or make one of the fields; never both."""
    if draft is None:
        return Draft(**fields)
    if fields:
        raise InvalidRequest("Pass a Draft or its fields, not both.", hint="Make a new one with dataclasses.replace.")
    return draft


def write_draft(draft: Draft, for_sending: bool) -> bytes:
    """Return the RFC 5322 bytes of `draft`, its attachments read from their paths."""
    opened = {path: read_attachment(path) for path in draft.paths}
    return draft.with_opened(opened).to_bytes(now=datetime.now(UTC), entropy=os.urandom, for_sending=for_sending)


def read_attachment(path: Path) -> bytes:
    """Read a file that is to be attached; raises SettingsError naming it when that cannot be done."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"The attachment {path} cannot be read: {error.strerror}.", hint="Nothing was sent. Check the path."
        ) from error


def write_new(folder: Path, name: str, content: bytes) -> Path:
    """Write `content` under `name`, or under the first free `name (2)`, `name (3)` …"""
    stem, suffix = Path(name).stem, Path(name).suffix
    for number in range(1, 10_000):
        path = folder / (name if number == 1 else f"{stem} ({number}){suffix}")
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            continue
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
        return path
    raise SettingsError(f"{folder} holds ten thousand files called {name} already.")


def id_of(item: str | Message | Thread) -> str:
    """Return the id of something that is named by its id or is the thing itself."""
    return item if isinstance(item, str) else item.id


def ids_of(messages: str | Message | Iterable[str | Message]) -> list[str]:
    """Return the ids of one message or many."""
    if isinstance(messages, (str, Message)):
        return [id_of(messages)]
    return [id_of(message) for message in messages]


def label_id(name: str, known: Iterable[Label]) -> str:
    """Return the id of the label called `name` (its case does not matter), or that has this id."""
    known = tuple(known)
    for label in known:
        if name == label.id or name.casefold() == label.name.casefold():
            return label.id or label.name
    users = ", ".join(sorted(label.name for label in known if label.is_user)) or "none of your own"
    raise InvalidRequest(f"There is no label {name!r}.", hint=f"The labels are: {users}, and Gmail's own.")
