"""
Sending: one mail goes out once, and what came of it is known or said to be unknown.

Where the grant may write drafts the mail becomes a draft first and is sent by its id alone: Gmail
sends a draft once, and one that is still there was not sent. An attempt is written down sealed
before each request that changes something, so that whoever finds it can take it up again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mailgrant.errors import (
    DraftChanged,
    GrantChanged,
    InvalidRequest,
    MailgrantError,
    NoAnswer,
    NotFound,
    OutcomeUnknown,
)
from mailgrant.gmail import calls, settings_calls, settling
from mailgrant.gmail.attempt import HEADER, Attempt, Patience, Stage, content_of, new_attempt_id
from mailgrant.gmail.headers import Headers
from mailgrant.gmail.message import Evidence, Sent
from mailgrant.oauth.scopes import accepted_for

from .waiting import in_thread, sleep

if TYPE_CHECKING:
    from mailgrant.gmail.draft import Draft, DraftRef
    from mailgrant.gmail.source import Source
    from mailgrant.oauth.scopes import Scopes
    from mailgrant.vault.attempts import Attempts
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.vault import Vault

    from .filing import Run

T = TypeVar("T")
Result_co = TypeVar("Result_co", covariant=True)

# A create that is lost this often in a row is given up: something is wrong that repeating does not mend.
MOST_CREATES = 5


class Current(Protocol[Result_co]):
    """Gives something as it stands."""

    async def __call__(self) -> Result_co:
        """Return it."""


class Write(Protocol):
    """Writes a draft down."""

    async def __call__(self, draft: Draft) -> Source:
        """Return its RFC 5322 form."""


class Step(Protocol[Result_co]):
    """One step with an attempt."""

    async def __call__(self, attempt: Attempt) -> Result_co:
        """Take it."""


class AsyncSending:
    """How one account's mail leaves."""

    def __init__(
        self,
        run: Run,
        *,
        grant: Current[Grant],
        vault: Current[Vault],
        entropy: Callable[[int], bytes],
        patience: Patience,
    ) -> None:
        self._run = run
        self._grant = grant
        self._vault = vault
        self._entropy = entropy
        self._patience = patience

    async def send(self, draft: Draft, write: Write, *, settle: bool) -> Sent:
        """Send `draft`, which `write` turns into bytes; see `AsyncGmail.send`."""
        grant = await self._grant()
        attempt = self._begun(grant, draft)
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
        grant = await self._grant()
        return await in_thread((await self._attempts()).of_grant, grant.id, grant.account)

    async def settle(self, unsettled: OutcomeUnknown | Attempt, *, give_up: bool) -> Sent | None:
        """Find out what came of an attempt, and bring it to its end; see `AsyncGmail.settle`."""
        name = attempt_named(unsettled)
        attempt = await in_thread((await self._attempts()).get, name)
        if attempt is None:
            raise NotFound("This attempt is settled already, or was never made here.", hint="See gmail.unsettled().")
        if attempt.stage is Stage.SENDING_AT_ONCE:
            return await self._copy_or_unknown(attempt)
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
            attempt = await self._noted(replace(attempt, tries=attempt.tries + 1))
            try:
                kept = await self._run(calls.create_draft(raw, thread_id=attempt.thread_id))
            except OutcomeUnknown as lost:
                if not settle:
                    raise self._unknown(attempt, lost) from lost
                found = await self._looking(attempt, self._found)
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
            await self._forget(attempt)
            raise

    async def _send_at_once(self, attempt: Attempt, raw: Source) -> Sent:
        """Send without a draft, which this grant may not write: a lost answer cannot be settled by looking."""
        attempt = await self._noted(replace(attempt, stage=Stage.SENDING_AT_ONCE))
        try:
            sent = await self._run(calls.send(raw, thread_id=attempt.thread_id))
        except OutcomeUnknown as lost:
            raise self._unknown(attempt, lost) from lost
        except MailgrantError:
            await self._forget(attempt)
            raise
        await self._forget(attempt)
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
            await self._forget(attempt)
            return found
        return await self._delivered(drafted(attempt, found), settle=True)

    async def _delivered(self, attempt: Attempt, settle: bool) -> Sent:
        """Send the draft by its id, looking what became of it where the answer was lost."""
        until = now() + self._patience.giving_up
        while True:
            attempt = await self._noted(replace(attempt, stage=Stage.SENDING, tries=attempt.tries + 1))
            try:
                sent = await self._run(calls.send_draft(attempt.draft_id or ""))
            except OutcomeUnknown as lost:
                if not settle:
                    raise self._unknown(attempt, lost) from lost
            except NotFound as gone:
                if attempt.tries == 1:
                    await self._forget(attempt)
                    if not attempt.marked:
                        raise
                    raise DraftChanged("The draft was sent or deleted by somebody else; we sent nothing.") from gone
            else:
                await self._forget(attempt)
                return sent
            if not await self._looking(attempt, self._is_there):
                return await self._looking(attempt, self._gone)
            if now() > until:
                await self._given_up(attempt)
                raise NoAnswer("Gmail did not answer for long. Nothing was sent, and the draft was deleted.")

    async def _taken_up(self, attempt: Attempt) -> Sent | None:
        """Go on where a dead process, or a caller who did not want to wait, left off."""
        if attempt.draft_id is None:
            found = await self._looking(attempt, self._found)
            if found is None:
                await self._nowhere(attempt)
                return None
            return await self._concluded(attempt, found)
        if await self._looking(attempt, self._is_there):
            return await self._delivered(attempt, settle=True)
        return await self._looking(attempt, self._gone)

    async def _given_up(self, attempt: Attempt) -> Sent | None:
        """Delete the draft: what can be deleted was never sent. None, or Sent where it was after all."""
        attempt = await self._noted(replace(attempt, stage=Stage.GIVING_UP))
        await self._quiet(attempt)
        if attempt.draft_id is None:
            return await self._looking(attempt, self._given_up_unseen)
        if await self._run(settling.discard(attempt.draft_id)):
            await self._forget(attempt)
            return None
        return await self._looking(attempt, self._gone)

    async def _given_up_unseen(self, attempt: Attempt) -> Sent | None:
        """Delete the draft whose making was not answered, if it was made."""
        found = (await self._run(settling.find_drafts(attempt))).drafts
        for draft in found:
            await self._run(settling.discard(draft.id))
        await self._forget(attempt)
        if found:
            return None
        await self._nowhere(attempt)
        return await self._run(settling.find_sent(attempt))

    async def _nowhere(self, attempt: Attempt) -> None:
        """
        Say that nothing was sent, where no draft of the attempt is there and none was made again.

        Raises OutcomeUnknown where the grant may not look among the sent mail: a person may have sent it.
        """
        if not await self._may_read_sent():
            why = "no draft of it is there, and the grant may not look among the sent mail"
            raise self._unknown(
                attempt, OutcomeUnknown(f"It is not known whether the mail went out: {why}.", evidence=why)
            )
        await self._forget(attempt)

    # Looking

    async def _found(self, attempt: Attempt) -> DraftRef | Sent | None:
        """
        Return the draft of the attempt, one if there are several; None when two looks find none.

        A person may have sent it meanwhile, which is seen where sent mail may be read, or edited it,
        which raises DraftChanged.
        """
        await self._quiet(attempt)
        first = await self._run(settling.find_drafts(attempt))
        if not first.drafts:
            await sleep(self._patience.between_looks)
            first = await self._run(settling.find_drafts(attempt, known=first.others))
        if not first.drafts:
            return await self._run(settling.find_sent(attempt)) if await self._may_read_sent() else None
        for spare in first.drafts[1:]:
            await self._run(settling.discard(spare.id))
        if not await self._run(settling.is_as_written(attempt, first.drafts[0].id)):
            await self._forget(attempt)
            raise edited()
        return first.drafts[0]

    async def _is_there(self, attempt: Attempt) -> bool:
        """
        Tell whether the draft is there as we wrote it; False when it is gone, seen twice.

        Raises DraftChanged when a person has edited it.
        """
        await self._quiet(attempt)
        message_id = await self._run(settling.message_in_draft(attempt.draft_id or ""))
        if message_id is None:
            await sleep(self._patience.between_looks)
            message_id = await self._run(settling.message_in_draft(attempt.draft_id or ""))
        if message_id is None and attempt.marked:
            moved = (await self._run(settling.find_drafts(attempt))).drafts
            message_id = moved[0].message_id if moved else None
        if message_id is not None and message_id != attempt.message_id:
            await self._forget(attempt)
            raise edited()
        return message_id is not None

    async def _gone(self, attempt: Attempt) -> Sent:
        """Conclude from a draft that is gone; a copy among the sent mail is better evidence, where it may be read."""
        if attempt.marked and await self._may_read_sent():
            return await self._copy_or_unknown(attempt)
        await self._forget(attempt)
        return Sent(None, thread_id=attempt.thread_id, evidence=Evidence.DRAFT_GONE)

    async def _copy_or_unknown(self, attempt: Attempt) -> Sent:
        """Wait for the copy among the sent mail; raises OutcomeUnknown when it may not be read or does not come."""
        await self._quiet(attempt)
        readable = await self._may_read_sent()
        while readable:
            sent = await self._looking(attempt, self._copy)
            if sent is not None:
                await self._forget(attempt)
                return sent
            if now() > attempt.at + self._patience.giving_up:
                break
            await sleep(self._patience.between_looks)
        why = "no copy is among the sent mail" if readable else "the grant may not look among the sent mail"
        raise self._unknown(attempt, OutcomeUnknown(f"It is not known whether the mail went out: {why}.", evidence=why))

    async def _may_read_sent(self) -> bool:
        return may((await self._grant()).scopes, "gmail.users.messages.list")

    async def _copy(self, attempt: Attempt) -> Sent | None:
        return await self._run(settling.find_sent(attempt))

    async def _looking(self, attempt: Attempt, look: Step[T]) -> T:
        """Carry out a look; whatever keeps us from seeing leaves the outcome unknown."""
        try:
            return await look(attempt)
        except (OutcomeUnknown, DraftChanged, GrantChanged):
            raise
        except MailgrantError as error:
            unseen = OutcomeUnknown(
                f"It is not known whether the mail went out. {error.message}", evidence=error.message
            )
            raise self._unknown(attempt, unseen) from error

    async def _quiet(self, attempt: Attempt) -> None:
        """Wait until the attempt's last request cannot be running any more."""
        left = attempt.at + self._patience.still_running - now()
        if left > timedelta(0):
            await sleep(left)

    async def _swept(self, attempt_id: str) -> None:
        """Delete the drafts of an attempt that is over, as far as Gmail lets us; what is left is in `unsettled`."""
        attempts = await self._attempts()
        attempt = await in_thread(attempts.get, attempt_id)
        if attempt is None:
            return
        attempt = await self._noted(replace(attempt, stage=Stage.GIVING_UP))
        try:
            if attempt.draft_id is not None:
                await self._run(settling.discard(attempt.draft_id))
            elif attempt.tries > 1:
                for draft in (await self._run(settling.find_drafts(attempt))).drafts:
                    await self._run(settling.discard(draft.id))
        except MailgrantError:
            # The error that ended the attempt is the one to raise; `settle` deletes the draft later.
            return
        await self._forget(attempt)

    # Writing down

    def _begun(self, grant: Grant, draft: Draft) -> Attempt:
        begun_at = now()
        return Attempt(
            new_attempt_id(self._entropy),
            grant_id=grant.id,
            account=grant.account,
            stage=Stage.CREATING,
            begun_at=begun_at,
            at=begun_at,
            thread_id=draft.thread_id,
        )

    async def _noted(self, attempt: Attempt) -> Attempt:
        try:
            return await in_thread((await self._attempts()).keep, replace(attempt, at=now()))
        except GrantChanged as error:
            raise GrantChanged(
                "Somebody else is settling this send.", hint="See gmail.unsettled() in a moment."
            ) from error

    async def _forget(self, attempt: Attempt) -> None:
        await in_thread((await self._attempts()).forget, attempt)

    async def _attempts(self) -> Attempts:
        return (await self._vault()).attempts

    def _unknown(self, attempt: Attempt, lost: OutcomeUnknown) -> OutcomeUnknown:
        return OutcomeUnknown(
            lost.message,
            hint="Look later with gmail.settle(error), or `mailgrant message settle`; it is never sent again unseen.",
            operation=lost.operation,
            evidence=lost.evidence,
            attempt=attempt.id,
        )


def attempt_named(unsettled: Any) -> str:
    """Return the id of the attempt that an error or an attempt stands for."""
    if isinstance(unsettled, OutcomeUnknown):
        return unsettled.attempt
    if isinstance(unsettled, Attempt):
        return unsettled.id
    raise InvalidRequest(
        f"settle: {type(unsettled).__name__} is no send.", hint="Pass the OutcomeUnknown, or one of gmail.unsettled()."
    )


def drafted(attempt: Attempt, kept: DraftRef) -> Attempt:
    """Return the attempt with its draft, which has not been sent yet."""
    return replace(attempt, draft_id=kept.id, message_id=kept.message_id, tries=0)


def edited() -> DraftChanged:
    """The error for a draft that is a person's now."""
    return DraftChanged("A person edited the draft before it went out. It was not sent.")


def may(scopes: Scopes, operation: str) -> bool:
    """Tell whether any scope held allows an API method."""
    return any(scope in scopes for scope in accepted_for(operation))


def now() -> datetime:
    """Return the real time: requests run in it, whatever clock the account was given."""
    return datetime.now(UTC)
