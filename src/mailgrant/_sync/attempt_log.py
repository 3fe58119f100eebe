# Written by scripts/unasync.py from src/mailgrant/_async/attempt_log.py.
# Do not edit: change that file and run `make sync`.
"""
AttemptLog: what one account's sends write down, so that whoever finds it can take it up again.

Sealed, before each request that changes something; taken out when it is known what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mailgrant.errors import GrantChanged, InvalidRequest, NotFound, OutcomeUnknown
from mailgrant.gmail.attempt import Attempt, Stage, new_attempt_id

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.gmail.draft import Draft
    from mailgrant.vault.attempts import Attempts
    from mailgrant.vault.grant import Grant
    from mailgrant.vault.vault import Vault

Result_co = TypeVar("Result_co", covariant=True)


class Current(Protocol[Result_co]):
    """Gives something as it stands."""

    def __call__(self) -> Result_co:
        """Return it."""


class AttemptLog:
    """The attempts of one account, in its vault."""

    def __init__(self, grant: Current[Grant], vault: Current[Vault], *, entropy: Callable[[int], bytes]) -> None:
        self.grant = grant
        self._vault = vault
        self._entropy = entropy

    def begun(self, draft: Draft) -> Attempt:
        """Return a new attempt, which is not written down yet."""
        grant, begun_at = self.grant(), now()
        return Attempt(
            new_attempt_id(self._entropy),
            grant_id=grant.id,
            account=grant.account,
            stage=Stage.CREATING,
            begun_at=begun_at,
            at=begun_at,
            thread_id=draft.thread_id,
        )

    def unsettled(self) -> tuple[Attempt, ...]:
        """Return the attempts that nobody has settled, the oldest first."""
        grant = self.grant()
        return in_thread((self._attempts()).of_grant, grant.id, grant.account)

    def find(self, attempt_id: str) -> Attempt | None:
        """Return an attempt, None when it is settled."""
        return in_thread((self._attempts()).get, attempt_id)

    def get(self, unsettled: OutcomeUnknown | Attempt) -> Attempt:
        """Return an attempt as it stands; raises NotFound when it is settled."""
        attempt = self.find(attempt_named(unsettled))
        if attempt is None:
            raise NotFound("This attempt is settled already, or was never made here.", hint="See gmail.unsettled().")
        return attempt

    def note(self, attempt: Attempt) -> Attempt:
        """Write an attempt down as it is now; raises GrantChanged when somebody else is at it."""
        try:
            return in_thread((self._attempts()).keep, replace(attempt, at=now()))
        except GrantChanged as error:
            raise GrantChanged(
                "Somebody else is settling this send.", hint="See gmail.unsettled() in a moment."
            ) from error

    def forget(self, attempt: Attempt) -> None:
        """Take an attempt out: it is known what came of it."""
        in_thread((self._attempts()).forget, attempt)

    def _attempts(self) -> Attempts:
        return (self._vault()).attempts


def attempt_named(unsettled: Any) -> str:
    """Return the id of the attempt that an error or an attempt stands for; raises InvalidRequest for anything else."""
    if isinstance(unsettled, OutcomeUnknown):
        return unsettled.attempt
    if isinstance(unsettled, Attempt):
        return unsettled.id
    raise InvalidRequest(
        f"settle: {type(unsettled).__name__} is no send.", hint="Pass the OutcomeUnknown, or one of gmail.unsettled()."
    )


def unknown(attempt: Attempt, lost: OutcomeUnknown) -> OutcomeUnknown:
    """The error that says why it is not known what came of an attempt, and how to find out."""
    return OutcomeUnknown(
        lost.message,
        hint="Look later with gmail.settle(error), or `mailgrant message settle`; it is never sent again unseen.",
        operation=lost.operation,
        evidence=lost.evidence,
        attempt=attempt.id,
    )


def now() -> datetime:
    """Return the real time: requests run in it, whatever clock the account was given."""
    return datetime.now(UTC)
