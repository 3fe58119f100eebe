# Written by scripts/unasync.py from src/mailgrant/_async/witness.py.
# Do not edit: change that file and run `make sync`.
"""
Witness: what became of a mail whose answer was lost, as far as Gmail shows it.

A draft that is still there was not sent; one that is gone, seen twice, was. Nothing here sends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailgrant.errors import DraftChanged, GrantChanged, MailgrantError, OutcomeUnknown
from mailgrant.gmail import settling
from mailgrant.gmail.message import Evidence, Sent
from mailgrant.oauth.scopes import accepted_for

from .attempt_log import now, unknown
from .waiting import sleep

if TYPE_CHECKING:
    from mailgrant.gmail.attempt import Attempt, Patience
    from mailgrant.gmail.draft import DraftRef
    from mailgrant.oauth.scopes import Scopes

    from .attempt_log import AttemptLog
    from .filing import Run

T = TypeVar("T")
Result_co = TypeVar("Result_co", covariant=True)


class Step(Protocol[Result_co]):
    """One step with an attempt."""

    def __call__(self, attempt: Attempt) -> Result_co:
        """Take it."""


class Witness:
    """Looks into one account's mailbox after its attempts; `patience` says how long, and how often."""

    def __init__(self, run: Run, log: AttemptLog, patience: Patience) -> None:
        self._run = run
        self._log = log
        self._patience = patience

    def found(self, attempt: Attempt) -> DraftRef | Sent | None:
        """
        Return the draft of the attempt, one if there are several; None when two looks find none.

        A person may have sent it meanwhile, which is seen where sent mail may be read, or edited it,
        which raises DraftChanged.
        """
        return self.seen(attempt, self._found)

    def is_there(self, attempt: Attempt) -> bool:
        """
        Tell whether the draft is there as we wrote it; False when it is gone, seen twice.

        Raises DraftChanged when a person has edited it.
        """
        return self.seen(attempt, self._is_there)

    def gone(self, attempt: Attempt) -> Sent:
        """Conclude from a draft that is gone; a copy among the sent mail is better evidence, where it may be read."""
        return self.seen(attempt, self._gone)

    def copy_or_unknown(self, attempt: Attempt) -> Sent:
        """Wait for the copy among the sent mail; raises OutcomeUnknown when it may not be read or does not come."""
        self.quiet(attempt)
        readable = self.may_read_sent()
        while readable:
            sent = self.seen(attempt, self._copy)
            if sent is not None:
                self._log.forget(attempt)
                return sent
            if now() > attempt.at + self._patience.giving_up:
                break
            sleep(self._patience.between_looks)
        why = "no copy is among the sent mail" if readable else "the grant may not look among the sent mail"
        raise unknown(attempt, OutcomeUnknown(f"It is not known whether the mail went out: {why}.", evidence=why))

    def may_read_sent(self) -> bool:
        """Tell whether the grant lets us look among the sent mail."""
        return may((self._log.grant()).scopes, "gmail.users.messages.list")

    def seen(self, attempt: Attempt, look: Step[T]) -> T:
        """Carry out a look; whatever keeps us from seeing leaves the outcome unknown."""
        try:
            return look(attempt)
        except (OutcomeUnknown, DraftChanged, GrantChanged):
            raise
        except MailgrantError as error:
            unseen = OutcomeUnknown(
                f"It is not known whether the mail went out. {error.message}", evidence=error.message
            )
            raise unknown(attempt, unseen) from error

    def quiet(self, attempt: Attempt) -> None:
        """Wait until the attempt's last request cannot be running any more."""
        left = attempt.at + self._patience.still_running - now()
        if left > timedelta(0):
            sleep(left)

    def _found(self, attempt: Attempt) -> DraftRef | Sent | None:
        self.quiet(attempt)
        first = self._run(settling.find_drafts(attempt))
        if not first.drafts:
            sleep(self._patience.between_looks)
            first = self._run(settling.find_drafts(attempt, known=first.others))
        if not first.drafts:
            return self._run(settling.find_sent(attempt)) if self.may_read_sent() else None
        for spare in first.drafts[1:]:
            self._run(settling.discard(spare.id))
        if not self._run(settling.is_as_written(attempt, first.drafts[0].id)):
            self._log.forget(attempt)
            raise edited()
        return first.drafts[0]

    def _is_there(self, attempt: Attempt) -> bool:
        self.quiet(attempt)
        message_id = self._run(settling.message_in_draft(attempt.draft_id or ""))
        if message_id is None:
            sleep(self._patience.between_looks)
            message_id = self._run(settling.message_in_draft(attempt.draft_id or ""))
        if message_id is None and attempt.marked:
            moved = (self._run(settling.find_drafts(attempt))).drafts
            message_id = moved[0].message_id if moved else None
        if message_id is not None and message_id != attempt.message_id:
            self._log.forget(attempt)
            raise edited()
        return message_id is not None

    def _gone(self, attempt: Attempt) -> Sent:
        if attempt.marked and self.may_read_sent():
            return self.copy_or_unknown(attempt)
        self._log.forget(attempt)
        return Sent(None, thread_id=attempt.thread_id, evidence=Evidence.DRAFT_GONE)

    def _copy(self, attempt: Attempt) -> Sent | None:
        return self._run(settling.find_sent(attempt))


def edited() -> DraftChanged:
    """The error for a draft that is a person's now."""
    return DraftChanged("A person edited the draft before it went out. It was not sent.")


def may(scopes: Scopes, operation: str) -> bool:
    """Tell whether any scope held allows an API method."""
    return any(scope in scopes for scope in accepted_for(operation))
