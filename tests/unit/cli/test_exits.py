"""One table says which exit code an error has."""

from __future__ import annotations

import pytest

from mailgrant import errors
from mailgrant.cli.exits import exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConsentNeeded(), 3),
        (errors.ConsentRefused(), 3),
        (errors.ConsentExpired(), 3),
        (errors.WrongAccount(expected="ada@example.com", signed_in="grace@example.com"), 3),
        (errors.GrantRevoked(), 3),
        (errors.GrantNotFound(), 4),
        (errors.NotFound(status=404), 4),
        (errors.VaultLocked(), 5),
        (errors.VaultDamaged(), 1),
        (errors.OutcomeUnknown(), 6),
        (errors.NoAnswer(), 75),
        (errors.RateLimited(status=429), 75),
        (errors.InvalidRequest(status=400), 1),
        (errors.InvalidRequest(), 2),
        (errors.SettingsError(), 2),
        (errors.PermissionDenied(status=403), 1),
        (errors.ServerError(status=500), 1),
        (errors.ClientBroken(), 1),
        (errors.MissingExtra("sandbox", "The sandbox"), 1),
        (RuntimeError(), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_each_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_an_outcome_that_is_unknown_is_never_try_again_later() -> None:
    assert exit_code(errors.OutcomeUnknown()) != exit_code(errors.NoAnswer())


def test_a_file_that_is_not_there_is_an_unknown_name() -> None:
    error = errors.SettingsError("The attachment minutes.pdf cannot be read.")
    error.__cause__ = FileNotFoundError()

    assert exit_code(error) == 4


def test_every_exception_of_the_library_has_one_of_the_codes() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MailgrantError)
    ]

    codes = {exit_code(kind.__new__(kind)) for kind in kinds if kind is not errors.InvalidRequest}

    assert codes <= {1, 2, 3, 4, 5, 6, 75}
