"""Exits: what a command tells the shell when it fails, one table from exception to exit code."""

from __future__ import annotations

from mailgrant.errors import (
    ConsentError,
    GrantNotFound,
    GrantRevoked,
    InvalidRequest,
    MailgrantError,
    NoAnswer,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    SettingsError,
    VaultLocked,
)

FAILED = 1
MISUSED = 2
CONSENT = 3
UNKNOWN_NAME = 4
LOCKED = 5
OUTCOME_UNKNOWN = 6
# EX_TEMPFAIL of sysexits.h: mail programs try again later when they see it.
TRY_LATER = 75
# 128 + SIGINT, as shells count.
INTERRUPTED = 130

# The most exact class first; the first that fits decides.
TABLE: tuple[tuple[type[MailgrantError], int], ...] = (
    (ConsentError, CONSENT),
    (GrantRevoked, CONSENT),
    (GrantNotFound, UNKNOWN_NAME),
    (NotFound, UNKNOWN_NAME),
    (VaultLocked, LOCKED),
    (OutcomeUnknown, OUTCOME_UNKNOWN),
    (NoAnswer, TRY_LATER),
    (RateLimited, TRY_LATER),
    (SettingsError, MISUSED),
    (MailgrantError, FAILED),
)


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error."""
    if isinstance(error, SettingsError) and isinstance(error.__cause__ or error.__context__, FileNotFoundError):
        return UNKNOWN_NAME
    if isinstance(error, InvalidRequest) and error.status == 0:
        # Refused here, before Google was asked: what was typed is at fault.
        return MISUSED
    return next((code for kind, code in TABLE if isinstance(error, kind)), FAILED)
