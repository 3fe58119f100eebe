"""
Every exception that mailgrant raises.

    MailgrantError
    ├── ConsentError       ConsentNeeded · ConsentRefused · ConsentExpired · WrongAccount
    ├── GrantError         GrantRevoked · GrantChanged · GrantNotFound
    ├── VaultError         VaultLocked · VaultDamaged · KeyRotated
    ├── GoogleError        NotFound · InvalidRequest · PermissionDenied · RateLimited · ServerError
    │                      ClientBroken · AdminRefused
    │                      Conflict: DraftChanged · ChangedMeanwhile
    ├── OutcomeUnknown     it may or may not have happened; never retryable
    ├── NoAnswer           no connection was made, or a read got no answer: nothing happened
    ├── MissingExtra       an optional part is not installed; carries the install line
    └── SettingsError

A class docstring is the default message. Every error has a `hint` (what to do next) and says
whether the same thing may be tried again (`retryable`). No error holds a secret.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any


class MailgrantError(Exception):
    """Something went wrong."""

    retryable: bool = False
    default_hint: str = ""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        self.message = message or first_paragraph(type(self).__doc__)
        self.hint = hint or self.default_hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def first_paragraph(docstring: str | None) -> str:
    """Return what an error says when nothing more exact was said."""
    return " ".join((docstring or "").strip().partition("\n\n")[0].split())


class ConsentError(MailgrantError):
    """The consent did not come about."""


class ConsentNeeded(ConsentError):
    """
    A person must be asked before this can go on.

    `consents.begin(error)` asks again for what is missing, from the same person.
    """

    default_hint = "Ask with `mailgrant login`, or begin a consent from this error: consents.begin(error)."

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        account: str | None = None,
        user: str | None = None,
        client_id: str | None = None,
        scopes: Collection[str] = (),
        missing: Collection[str] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.account = account
        self.user = user
        self.client_id = client_id
        self.scopes = scopes
        self.missing = missing


class ConsentRefused(ConsentError):
    """The person said no."""

    default_hint = "Nothing was changed. Ask again when the person agrees."


class ConsentExpired(ConsentError):
    """Nobody answered the consent in time, or it was answered before."""

    default_hint = "Begin a new consent; a link works once and for ten minutes."


class WrongAccount(ConsentError):
    """
    Somebody else signed in.

    Their tokens were dropped and nothing of theirs is kept. Their own grants elsewhere still work;
    `revoke()` ends what they have just allowed, which also ends every other grant they gave this
    application.
    """

    default_hint = "Ask again, and choose the right account in the browser."

    def __init__(self, message: str = "", *, hint: str = "", expected: str, signed_in: str, revoke: Any = None) -> None:
        super().__init__(message, hint=hint)
        self.expected = expected
        self.signed_in = signed_in
        self._revoke = revoke

    def revoke(self) -> Any:
        """Revoke, at Google, what the wrong person has just allowed (awaitable in the async twin)."""
        if self._revoke is None:
            raise MailgrantError("there is nothing left to revoke")
        return self._revoke()


class GrantError(MailgrantError):
    """The grant does not allow it."""


class GrantRevoked(GrantError):
    """The grant was revoked."""

    default_hint = "Ask the person again with `mailgrant login`."


class GrantChanged(GrantError):
    """The grant was changed by somebody else in the meantime; theirs was kept."""

    retryable = True
    default_hint = "Read the grant again and repeat the change."


class GrantNotFound(GrantError):
    """There is no such grant in the vault."""

    default_hint = "`mailgrant status` lists the grants; `mailgrant login` makes one."


class VaultError(MailgrantError):
    """The vault could not be used."""


class VaultLocked(VaultError):
    """The vault's key is missing or does not open it."""

    default_hint = "Set MAILGRANT_KEY or MAILGRANT_KEY_FILE to the key this vault was made with."


class VaultDamaged(VaultError):
    """A row of the vault does not open where it stands: it was changed, moved or copied."""

    default_hint = (
        "`mailgrant vault check` names every such row. Restore the vault from a backup, or delete what is lost "
        "(`mailgrant vault check --discard`) and ask again."
    )


class KeyRotated(VaultError):
    """The vault's key was rotated by somebody else in the meantime; nothing was written."""

    retryable = True
    default_hint = "Try again: the new key is found by itself."


class GoogleError(MailgrantError):
    """
    Google answered with an error.

    `status` is the HTTP status, `reason` Google's own word for it (`notFound`, `invalidArgument`),
    `operation` the API method that was called.
    """

    def __init__(
        self, message: str = "", *, hint: str = "", status: int = 0, reason: str = "", operation: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.operation = operation


class NotFound(GoogleError):
    """Google knows nothing under that id."""


class InvalidRequest(GoogleError):
    """Google found the request unacceptable."""


class PermissionDenied(GoogleError):
    """Google refuses this to this account."""


class RateLimited(GoogleError):
    """Google asks to slow down."""

    retryable = True
    default_hint = "Wait a minute and try again."

    def __init__(self, message: str = "", *, retry_at: datetime | None = None, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retry_at = retry_at


class ServerError(GoogleError):
    """Google failed to answer."""

    retryable = True
    default_hint = "Try again in a moment."


class ClientBroken(GoogleError):
    """Google no longer accepts the OAuth client."""

    default_hint = "Download the client secrets again and run `mailgrant client add FILE`; no grant was lost."


class AdminRefused(GoogleError):
    """An administrator, or Google's policy, does not allow it."""


class Conflict(GoogleError):
    """Somebody else was there first."""

    default_hint = "Read it again, and repeat the change if it is still wanted."


class DraftChanged(Conflict):
    """
    A person edited, sent or deleted the draft before it could be sent.

    Nothing was sent by us, and what the person made of the draft was left alone.
    """

    default_hint = "Look at the draft in Gmail, and send it from there if it is wanted."


class ChangedMeanwhile(Conflict):
    """
    Somebody else changed the event after it was read; theirs was kept.

    Nothing of this change was written.
    """

    default_hint = "Get the event again, and repeat the change if it is still wanted."


class OutcomeUnknown(MailgrantError):
    """
    The connection was lost after the request had left: it may have happened, or not.

    Never sent again by itself. `operation` says what was under way and `evidence` what is known.
    `attempt` names the send in the vault, which `gmail.settle(error)` takes up again; it is empty for
    anything but a send.
    """

    default_hint = "Look whether it happened before you repeat it."

    def __init__(
        self, message: str = "", *, hint: str = "", operation: str = "", evidence: str = "", attempt: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.operation = operation
        self.evidence = evidence
        self.attempt = attempt


class NoAnswer(MailgrantError):
    """No connection was made, or a read got no answer. Nothing happened."""

    retryable = True
    default_hint = "Check the network and try again."


class MissingExtra(MailgrantError):
    """An optional part of mailgrant is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f"{what} needs the '{extra}' extra.", hint=f"Run: pip install 'mailgrant[{extra}]'")
        self.extra = extra


class SettingsError(MailgrantError):
    """A setting, a file or an argument is not usable."""


class SandboxWarning(UserWarning):
    """Google is being played by a sandbox; nothing reaches real people."""


class MissingScopesWarning(UserWarning):
    """A person granted less than was asked; what needs the rest raises `ConsentNeeded`."""


class DamagedGrantWarning(UserWarning):
    """A grant in the vault cannot be read and was left out; whoever asks for it by name gets `VaultDamaged`."""
