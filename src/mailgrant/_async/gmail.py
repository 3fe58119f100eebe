"""Gmail: the verbs of one account's mailbox. Each is a docstring and a conversation."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailgrant.errors import InvalidRequest
from mailgrant.given_file import AttachedFile
from mailgrant.gmail import calls, history_calls, label_calls, signature, storing
from mailgrant.gmail.draft import Draft
from mailgrant.gmail.message import Attachment, Message, MessageRef, Profile, Sent, Thread
from mailgrant.gmail.query import typed
from mailgrant.gmail.storing import Scanning
from mailgrant.saved_file import SavedFile

from .drafting import AsyncDrafting, as_draft
from .filing import AsyncFiling, id_of
from .filing import Run as Run  # the calendar runs its conversations alike
from .mail_settings import AsyncMailSettings
from .reading import OnProgress, Wanted
from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.changes import Changes
    from mailgrant.errors import OutcomeUnknown
    from mailgrant.gmail.address import Address, Addresses
    from mailgrant.gmail.attempt import Attempt
    from mailgrant.gmail.history import Change, Watch
    from mailgrant.gmail.query import Query

    from .attempt_log import Current
    from .pacing import Cost
    from .reading import AsyncReading
    from .sending import AsyncSending


class AsyncGmail(AsyncDrafting, AsyncFiling, AsyncMailSettings):
    """
    One account's mailbox.

    Every verb raises ConsentNeeded, before anything is sent, when the scope it needs was not
    granted; `GoogleError` when Google refuses; `NoAnswer` when nothing could be asked; and, for what
    changes something, `OutcomeUnknown` when the answer was lost.
    """

    def __init__(
        self, run: Run, *, sending: AsyncSending, reading: AsyncReading, cost: Current[Cost], most_recipients: int
    ) -> None:
        super().__init__(run)
        self._sending = sending
        self._reading = reading
        self._cost = cost
        self._most_recipients = most_recipients

    async def profile(self) -> Profile:
        """
        Return the mailbox's address, its counts and its current history id (users.getProfile, 1 unit).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile
        """
        return await self._run(calls.profile())

    async def send(self, draft: Draft | None = None, *, settle: bool = True, **fields: Any) -> Sent:
        """
        Send a draft, or what its fields say: `send(to=…, subject=…, text=…)`.

        "Sent" means accepted by Gmail; `Sent.evidence` says how that is known. The mail goes out once,
        whatever is lost on the way: where the grant may write drafts it becomes a draft first, and
        after a lost answer Gmail is looked at until the outcome is certain, which takes half a minute
        or more (`Patience`). `settle=False` does not wait. A draft that Gmail holds (it has an id) goes
        by that id, as it stands there (`edit_draft` changes it), and is gone afterwards. An address in
        `from_` that is not the account's own is looked up first, where the grant allows that.

        Raises OutcomeUnknown when nobody can tell, which `settle` takes up again; DraftChanged when
        a person edited, sent or deleted the draft meanwhile; nothing was sent by us then
        (users.drafts.create, 10 units, and users.drafts.send, 100; else users.messages.send, 100).

        https://developers.google.com/workspace/gmail/api/guides/sending
        """
        wanted = as_draft(draft, fields)
        # Signed before it is known by what it says; one that Gmail holds goes as it is there.
        signed = wanted if wanted.id is not None else await self._run(signature.signed(wanted))
        return await self._sending.send(signed, self._write_for_sending, settle=settle)

    async def forward(
        self,
        message: str | Message,
        to: Addresses,
        *,
        text: str | None = None,
        html: str | None = None,
        from_: str | Address | None = None,
        signature: bool = False,
    ) -> Sent:
        """
        Pass a mail on, its attachments included, with `text` or `html` and the signature above it.

        Costs what reading the mail and its attachments does, and what `send` does. Raises what `send` raises.

        https://developers.google.com/workspace/gmail/api/guides/sending
        """
        whole = await self.read(message) if isinstance(message, str) else message
        return await self.send(whole.forward(to, text=text, html=html, from_=from_, signature=signature))

    async def settle(self, unsettled: OutcomeUnknown | Attempt, *, give_up: bool = False) -> Sent | None:
        """
        Find out what came of a send, and bring it to its end.

        `unsettled` is the error that `send` raised, or one of `unsettled()`. A draft that is still there
        is sent now; with `give_up` it is deleted instead, which proves that nothing went out. Returns
        None when nothing was sent. Raises OutcomeUnknown when it still cannot be told, DraftChanged
        when a person edited the draft, NotFound when somebody has settled it already.

        A look costs 20 to 40 units, sending what `send` costs
        (https://developers.google.com/workspace/gmail/api/guides/drafts).
        """
        return await self._sending.settle(unsettled, give_up=give_up)

    async def unsettled(self) -> tuple[Attempt, ...]:
        """
        Return the sends of this account whose outcome nobody has settled, the oldest first.

        A process that died while it was sending leaves one; so does a send that is going on right now.
        """
        return await self._sending.unsettled()

    async def search(
        self,
        query: str | Query = "",
        *,
        limit: int | None = None,
        spam_and_trash: bool = False,
        bodies: bool = True,
        on_progress: OnProgress | None = None,
    ) -> AsyncIterator[Message]:
        """
        Yield the messages that match, newest first, a few of them read ahead.

        `query` is what a person would type into Gmail, or a `Query`. Pages are followed to the end,
        or until `limit` messages. `on_progress` is told how many were read, and how many are listed
        so far. `bodies=False` reads headers, labels and snippets only, without text and attachments.
        Where three or more of a page are of one conversation, it is fetched whole, which costs less
        (users.messages.list, 5 units a page; users.messages.get, 20 each;
        users.threads.get, 40).

        Raises InvalidRequest for a query that would not find what it says
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list).
        """
        wanted = Wanted(typed(query), at_most(limit), spam_and_trash, bodies)
        async with aclosing(self._reading.messages(wanted, on_progress)) as messages:
            async for message in messages:
                yield message

    async def read(self, message: str | Message) -> Message:
        """
        Return one message by its id, with decoded bodies (users.messages.get, 20 units).

        Raises NotFound when there is none
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get).
        """
        return await self._run(calls.read(id_of(message)))

    async def thread(self, thread: str | Message | Thread) -> Thread:
        """
        Return a whole conversation (users.threads.get, 40 units).

        Raises NotFound when there is none
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/get).
        """
        thread_id = thread.thread_id if isinstance(thread, Message) else id_of(thread)
        if thread_id is None:
            raise InvalidRequest("This message is in no thread.")
        return await self._run(calls.thread(thread_id))

    async def attachment(self, message: Message, attachment: Attachment) -> bytes:
        """
        Return an attachment's content (users.messages.attachments.get, 20 units).

        The last 16 MB that were fetched, of this and of `raw`, are kept in memory: they never change.

        Raises NotFound when the mail is gone
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get).
        """
        return await self._reading.attachment(message.id, attachment)

    async def save(self, message: Message, attachment: Attachment, folder: str | os.PathLike[str] = ".") -> Path:
        """
        Write an attachment into `folder` and return its path.

        The name is made safe, and a file that is there already is never overwritten. The content goes
        to disk as it comes; a file that does not become whole is taken away again
        (users.messages.attachments.get, 20 units).

        Raises NotFound when the mail is gone
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages.attachments/get).
        """
        with await in_thread(SavedFile, Path(folder), attachment.safe_name) as file:
            await self._run(calls.download(message.id, attachment, file))
        return file.path

    async def threads(
        self,
        query: str | Query = "",
        *,
        limit: int | None = None,
        spam_and_trash: bool = False,
        bodies: bool = True,
        on_progress: OnProgress | None = None,
    ) -> AsyncIterator[Thread]:
        """
        Yield the conversations that have a message that matches, newest first, each whole.

        The query and the rest are as in `search`; `on_progress` is told of conversations
        (users.threads.list, 10 units a page; users.threads.get, 40 each).

        Raises InvalidRequest as `search` does
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.threads/list).
        """
        wanted = Wanted(typed(query), at_most(limit), spam_and_trash, bodies)
        async with aclosing(self._reading.threads(wanted, on_progress)) as threads:
            async for thread in threads:
                yield thread

    async def changes(self, since: str | None = None) -> Changes[Change]:
        """
        Return what happened since a cursor, and the next cursor; without one, only the cursor of now.

        The cursor is a plain text: store it when the changes are dealt with. When Gmail no longer keeps
        what happened since then, the only item is a `Gap`: read the mailbox anew, then go on from the
        new cursor. Raises InvalidRequest for what is no cursor (users.history.list, 2 units a page;
        https://developers.google.com/workspace/gmail/api/guides/sync).
        """
        return await self._run(history_calls.changes(since))

    async def watch(self, topic: str, *, labels: Collection[str] = (), exclude: bool = False) -> Watch:
        """
        Have changes published to a Pub/Sub topic, until `Watch.expires_at`; watch again at `renew_at`, daily.

        `topic` is its full name, `projects/…/topics/…`, in the project of the OAuth client; Gmail must be
        allowed to publish there. With `labels` only what has one of them counts, or with `exclude` what
        has none. Pushes may be late, double or lost: ask `changes` from your own cursor, not from the
        push's. Raises InvalidRequest for an unknown label or topic; after a lost answer it is asked
        again, for a watch takes the place of the one before (users.watch, 100 units;
        https://developers.google.com/workspace/gmail/api/guides/push).
        """
        label_ids = await self._run(label_calls.ids_of(labels, create_missing=False))
        return await self._run(history_calls.watch(topic, label_ids=label_ids, exclude=exclude))

    async def stop_watching(self) -> None:
        """
        Have nothing published any more; that nothing was is no error (users.stop, 50 units).

        https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/stop
        """
        await self._run(history_calls.stop())

    async def call(self, method: str, body: Mapping[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
        """
        Call any method of Gmail's discovery document, and return Google's JSON.

        `method` is its name there, `users.settings.getImap`; `parameters` are its own, `userId` is `me` unless
        told. Scopes, pace and errors are as everywhere; what a lost answer to a write means is for you
        to find out. Raises InvalidRequest for a method or parameter that does not exist. Needs the
        `google` extra (https://developers.google.com/workspace/gmail/api/reference/rest).
        """
        from mailgrant.adapters import discovery

        return await self._run(discovery.call("gmail", method, parameters, body))

    async def cost(self) -> Cost:
        """
        Return what this account has spent of its budget in the last minute, and what is left.

        In Google's quota units, as far as everybody who shares this vault has spent them.
        """
        return await self._cost()

    async def raw(self, message: str | Message) -> bytes:
        """
        Return a whole mail as it stands, RFC 5322 bytes: what a file `.eml` holds.

        `email.message_from_bytes` reads it (users.messages.get, 20 units).

        Raises NotFound when there is none
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get).
        """
        return await self._reading.raw(id_of(message))

    async def insert(self, raw: bytes | Path, *, labels: Collection[str] = (), create: bool = False) -> MessageRef:
        """
        Put a mail into the mailbox as it stands; nobody is sent anything.

        `raw` is a file `.eml`, what one holds, or `bytes(message)` of the standard library's. Its date
        is the one it bears. `labels` are names; without any it is archived and read. `create` makes
        those that are not there (users.messages.insert, 25 units; up to 150 MiB).

        Raises InvalidRequest when there is no such label
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/insert).
        """
        return await self._store(raw, Scanning.NONE, labels, create)

    async def import_(
        self, raw: bytes | Path, *, labels: Collection[str] = ("INBOX", "UNREAD"), create: bool = False
    ) -> MessageRef:
        """
        Put a mail into the mailbox as if it had just arrived: Gmail looks for spam and sorts it.

        Like `insert` otherwise (users.messages.import, 25 units; up to 150 MiB).

        Raises InvalidRequest when there is no such label
        (https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/import).
        """
        return await self._store(raw, Scanning.AS_ARRIVED, labels, create)

    async def _store(self, raw: bytes | Path, scanning: Scanning, labels: Collection[str], create: bool) -> MessageRef:
        if not isinstance(raw, bytes | Path):
            raise InvalidRequest(
                f"A mail to keep is bytes or a Path, not {type(raw).__name__}.", hint='Path("lunch.eml") names a file.'
            )
        label_ids = await self._run(label_calls.ids_of(labels, create_missing=create))
        mail = raw if isinstance(raw, bytes) else await in_thread(AttachedFile, raw, what="mail")
        return await self._run(storing.store(mail, scanning=scanning, label_ids=label_ids))


def at_most(limit: Any) -> int | None:
    """Return a limit as it was given; raises InvalidRequest for what is no number of mails."""
    if limit is None or (isinstance(limit, int) and limit >= 0):
        return limit
    raise InvalidRequest(f"limit: {limit!r} is no number of mails.", hint="None reads them all.")
