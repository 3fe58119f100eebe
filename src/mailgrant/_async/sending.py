"""
Sending: one mail goes out once, and what came of it is known or said to be unknown.

Where the grant may write drafts the mail becomes a draft first and is sent by its id alone: Gmail
sends a draft once, and one that is still there was not sent. An attempt is written down sealed
before each request that changes something, so that whoever finds it can take it up again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.errors import DraftChanged, GrantChanged, MailgrantError, NoAnswer, NotFound, OutcomeUnknown
from mailgrant.gmail import calls, settings_calls, settling
from mailgrant.gmail.attempt import HEADER, Attempt, Patience, Stage, content_of
from mailgrant.gmail.headers import Headers
from mailgrant.gmail.message import Sent

from .attempt_log import now, unknown
from .witness import AsyncWitness, may

if TYPE_CHECKING:
    from mailgrant.gmail.draft import Draft, DraftRef
    from mailgrant.gmail.source import Source
    from mailgrant.vault.grant import Grant

    from .attempt_log import AsyncAttemptLog
    from .filing import Run
    from .witness import Step

T = TypeVar("T")

# A create that is lost this often in a row is given up: something is wrong that repeating does not mend.
MOST_CREATES = 5


class Write(Protocol):
    """Writes a draft down."""

    async def __call__(self, draft: Draft) -> Source:
        """Return its RFC 5322 form."""


class AsyncSending:
    """How one account's mail leaves."""

    def __init__(self, run: Run, log: AsyncAttemptLog, patience: Patience) -> None:
        self._run = run
        self._log = log
        self._patience = patience
        self._witness = AsyncWitness(run, log, patience)

    async def send(self, draft: Draft, write: Write, *, settle: bool) -> Sent:
        """Send `draft`, which `write` turns into bytes; see `AsyncGmail.send`."""
        grant = await self._log.grant()
        attempt = await self._log.begun(draft)
        if draft.id is not None:
            return await self._send_kept(replace(attempt, marked=False), draft, settle)
        await self._check_sender(grant, draft)
        attempt = replace(attempt, content=content_of(draft, body=draft.text if draft.text is not None else draft.html))
        # A draft that was read from the mailbox may bear the mark of the attempt it was made by.
        others = (field for field in draft.headers.fields if field[0].lower() != HEADER.lower())
        marked = replace(draft, headers=Headers((*others, (HEADER, attempt.id))))
        raw = await write(marked)
        if not may(grant.scopes, "gmail.users.drafts.create"):
            return await self._send_at_once(attempt, raw)
        return await self._deciding(attempt, lambda begun: self._send_by_draft(begun, raw, settle))

    async def unsettled(self) -> tuple[Attempt, ...]:
        """Return the attempts of this account that nobody has settled, the oldest first."""
        return await self._log.unsettled()

    async def settle(self, unsettled: OutcomeUnknown | Attempt, *, give_up: bool) -> Sent | None:
        """Find out what came of an attempt, and bring it to its end; see `AsyncGmail.settle`."""
        attempt = await self._log.get(unsettled)
        if attempt.stage is Stage.SENDING_AT_ONCE:
            return await self._witness.copy_or_unknown(attempt)
        if give_up or attempt.stage is Stage.GIVING_UP:
            return await self._given_up(attempt)
        return await self._deciding(attempt, self._taken_up)

    async def _check_sender(self, grant: Grant, draft: Draft) -> None:
        """Gmail would send from the account's own address instead, and not say so."""
        sender = draft.from_
        if sender is None or sender.mailbox == grant.account.casefold():
            return
        if may(grant.scopes, "gmail.users.settings.sendAs.list"):
            await self._run(settings_calls.alias(sender))

    # The ways a mail leaves

    async def _send_by_draft(self, attempt: Attempt, raw: Source, settle: bool) -> Sent:
        """Make the draft, looking for it where the answer was lost, and send it."""
        while attempt.tries < MOST_CREATES:
            attempt = await self._log.note(replace(attempt, tries=attempt.tries + 1))
            try:
                kept = await self._run(calls.create_draft(raw, thread_id=attempt.thread_id))
            except OutcomeUnknown as lost:
                if not settle:
                    raise unknown(attempt, lost) from lost
                found = await self._witness.found(attempt)
                if found is not None:
                    return await self._concluded(attempt, found)
            else:
                return await self._delivered(drafted(attempt, kept), settle)
        raise NoAnswer(f"Gmail did not answer {MOST_CREATES} times in a row. Nothing was sent.")

    async def _send_kept(self, attempt: Attempt, draft: Draft, settle: bool) -> Sent:
        """Send a draft that the person keeps in the mailbox; it is theirs, so it is never deleted."""
        message_id = draft.message_id or await self._run(settling.message_in_draft(draft.id or ""))
        if message_id is None:
            raise NotFound(f"There is no draft {draft.id}.", hint="It was sent or deleted. See gmail.drafts().")
        attempt = replace(attempt, draft_id=draft.id, message_id=message_id)
        try:
            return await self._delivered(attempt, settle)
        except OutcomeUnknown:
            raise
        except MailgrantError:
            await self._log.forget(attempt)
            raise

    async def _send_at_once(self, attempt: Attempt, raw: Source) -> Sent:
        """Send without a draft, which this grant may not write: a lost answer cannot be settled by looking."""
        attempt = await self._log.note(replace(attempt, stage=Stage.SENDING_AT_ONCE))
        try:
            sent = await self._run(calls.send(raw, thread_id=attempt.thread_id))
        except OutcomeUnknown as lost:
            raise unknown(attempt, lost) from lost
        except MailgrantError:
            await self._log.forget(attempt)
            raise
        await self._log.forget(attempt)
        return sent

    async def _deciding(self, attempt: Attempt, step: Step[T]) -> T:
        """Leave no draft behind when it is certain that nothing went out."""
        try:
            return await step(attempt)
        except (OutcomeUnknown, DraftChanged, GrantChanged):
            # The last: somebody else is at this attempt, and the draft is theirs to send.
            raise
        except MailgrantError:
            await self._swept(attempt.id)
            raise

    # Step by step

    async def _concluded(self, attempt: Attempt, found: DraftRef | Sent) -> Sent:
        """Go on with what became of a draft whose making was not answered."""
        if isinstance(found, Sent):
            await self._log.forget(attempt)
            return found
        return await self._delivered(drafted(attempt, found), settle=True)

    async def _delivered(self, attempt: Attempt, settle: bool) -> Sent:
        """Send the draft by its id, looking what became of it where the answer was lost."""
        until = now() + self._patience.giving_up
        while True:
            attempt = await self._log.note(replace(attempt, stage=Stage.SENDING, tries=attempt.tries + 1))
            try:
                sent = await self._run(calls.send_draft(attempt.draft_id or ""))
            except OutcomeUnknown as lost:
                if not settle:
                    raise unknown(attempt, lost) from lost
            except NotFound as gone:
                if attempt.tries == 1:
                    await self._log.forget(attempt)
                    if not attempt.marked:
                        raise
                    raise DraftChanged("The draft was sent or deleted by somebody else; we sent nothing.") from gone
            else:
                await self._log.forget(attempt)
                return sent
            if not await self._witness.is_there(attempt):
                return await self._witness.gone(attempt)
            if now() > until:
                await self._given_up(attempt)
                raise NoAnswer("Gmail did not answer for long. Nothing was sent, and the draft was deleted.")

    async def _taken_up(self, attempt: Attempt) -> Sent | None:
        """Go on where a dead process, or a caller who did not want to wait, left off."""
        if attempt.draft_id is None:
            found = await self._witness.found(attempt)
            if found is None:
                await self._nowhere(attempt)
                return None
            return await self._concluded(attempt, found)
        if await self._witness.is_there(attempt):
            return await self._delivered(attempt, settle=True)
        return await self._witness.gone(attempt)

    async def _given_up(self, attempt: Attempt) -> Sent | None:
        """Delete the draft: what can be deleted was never sent. None, or Sent where it was after all."""
        attempt = await self._log.note(replace(attempt, stage=Stage.GIVING_UP))
        await self._witness.quiet(attempt)
        if attempt.draft_id is None:
            return await self._witness.seen(attempt, self._given_up_unseen)
        if await self._run(settling.discard(attempt.draft_id)):
            await self._log.forget(attempt)
            return None
        return await self._witness.gone(attempt)

    async def _given_up_unseen(self, attempt: Attempt) -> Sent | None:
        """Delete the draft whose making was not answered, if it was made."""
        found = (await self._run(settling.find_drafts(attempt))).drafts
        for draft in found:
            await self._run(settling.discard(draft.id))
        await self._log.forget(attempt)
        if found:
            return None
        await self._nowhere(attempt)
        return await self._run(settling.find_sent(attempt))

    async def _nowhere(self, attempt: Attempt) -> None:
        """
        Say that nothing was sent, where no draft of the attempt is there and none was made again.

        Raises OutcomeUnknown where the grant may not look among the sent mail: a person may have sent it.
        """
        if not await self._witness.may_read_sent():
            why = "no draft of it is there, and the grant may not look among the sent mail"
            raise unknown(attempt, OutcomeUnknown(f"It is not known whether the mail went out: {why}.", evidence=why))
        await self._log.forget(attempt)

    async def _swept(self, attempt_id: str) -> None:
        """Delete the drafts of an attempt that is over, as far as Gmail lets us; what is left is in `unsettled`."""
        attempt = await self._log.find(attempt_id)
        if attempt is None:
            return
        attempt = await self._log.note(replace(attempt, stage=Stage.GIVING_UP))
        try:
            if attempt.draft_id is not None:
                await self._run(settling.discard(attempt.draft_id))
            elif attempt.tries > 1:
                for draft in (await self._run(settling.find_drafts(attempt))).drafts:
                    await self._run(settling.discard(draft.id))
        except MailgrantError:
            # The error that ended the attempt is the one to raise; `settle` deletes the draft later.
            return
        await self._log.forget(attempt)


def drafted(attempt: Attempt, kept: DraftRef) -> Attempt:
    """Return the attempt with its draft, which has not been sent yet."""
    return replace(attempt, draft_id=kept.id, message_id=kept.message_id, tries=0)
