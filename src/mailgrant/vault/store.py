"""
What a store must do: small protocols over sealed rows.

A store sees ciphertext, a few clear columns to find rows by, and versions to compare. It never sees
a token. Every backend is proved by the same suite, `tests/stores/suite.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from .lease import Lease

# The tables of sealed rows, each alike.
TABLES = ("grants", "consents", "clients", "tokens", "audit", "marks", "workers", "attempts", "budgets")


@dataclass(frozen=True, slots=True)
class Row:
    """
    One sealed row.

    `account`, `user` and `client` are in the clear so that rows can be found; the sealed value
    repeats them, and the vault compares. `version` counts the writes, from 1. `due` is when the
    worker should look at it, in seconds since 1970, None for never: who changes it makes the worker
    early or late, and nothing else.
    """

    key: str
    version: int = field(kw_only=True)
    sealed: bytes = field(kw_only=True, repr=False)
    account: str = field(kw_only=True, default="")
    user: str = field(kw_only=True, default="")
    client: str = field(kw_only=True, default="")
    due: int | None = field(kw_only=True, default=None)


class RowStore(Protocol):
    """One table of sealed rows."""

    def get(self, key: str) -> Row | None:
        """Return the row, or None."""

    def find(
        self, *, account: str | None = None, user: str | None = None, client: str | None = None
    ) -> tuple[Row, ...]:
        """Return the rows whose clear columns are equal to what is given, in a stable order."""

    def page(self, *, after: str = "", limit: int, backwards: bool = False) -> tuple[Row, ...]:
        """
        Return up to `limit` rows in the order of their keys, from the one that follows `after`.

        `backwards` goes from the last key, or from `after`, to the first.
        """

    def due(self, *, until: int, limit: int) -> tuple[Row, ...]:
        """Return up to `limit` rows that are due at `until`, seconds since 1970; the longest due first."""

    def next_due(self) -> int | None:
        """Return when the first row is due, in seconds since 1970; None when none ever is."""

    def put(self, row: Row, *, expect: int, lease: Lease | None = None, generation: int | None = None) -> None:
        """
        Write a row if the version there is `expect` (0: none), in one step.

        With `lease`, also only if its fence is still the newest, else GrantChanged; with
        `generation`, only if the header is still of that generation, else KeyRotated. After either
        nothing was written.
        """

    def add(self, rows: Sequence[Row]) -> int:
        """Write rows where there is none of their key, in one step; returns how many were written."""

    def reseal(self, changes: Sequence[tuple[Row, bytes]], *, generation: int | None = None) -> int:
        """
        Put other sealed values in place of what rows hold, at their versions, in one step.

        A row that is not there any more as it is given is left alone; returns how many were not.
        With `generation`, only if the header is still of that generation, else KeyRotated.
        """

    def take(self, key: str) -> Row | None:
        """Delete a row and return it, in one step: of all who race, one gets it."""

    def delete(self, key: str, *, expect: int) -> None:
        """Delete a row if the version there is `expect`; raises GrantChanged otherwise."""


class LeaseStore(Protocol):
    """The leases on grants."""

    @property
    def length(self) -> timedelta:
        """How long one lasts."""

    def read(self, grant_id: str) -> Lease:
        """Return the lease as it stands; one that was never taken has fence 0 and is free."""

    def take(self, lease: Lease) -> Lease | None:
        """Take it if nobody has since it was read, with the next fence; None when somebody was faster."""

    def release(self, lease: Lease) -> None:
        """Give it back, if it is still ours."""


class VaultStore(Protocol):
    """Everything one vault is made of."""

    @property
    def upgraded(self) -> bool:
        """Whether opening it brought the tables of an older vault up to date."""

    def table(self, name: str) -> RowStore:
        """Return one of `TABLES`."""

    @property
    def grants(self) -> RowStore:
        """What people granted."""

    @property
    def consents(self) -> RowStore:
        """What they were asked and have not answered."""

    @property
    def clients(self) -> RowStore:
        """The OAuth clients that ask."""

    @property
    def tokens(self) -> RowStore:
        """Access tokens for a part of a grant."""

    @property
    def audit(self) -> RowStore:
        """What was done, by whom, when; rows are only ever added."""

    @property
    def marks(self) -> RowStore:
        """What stood in the vault when somebody took its mark."""

    @property
    def workers(self) -> RowStore:
        """Which workers live, and how they fare."""

    @property
    def attempts(self) -> RowStore:
        """Sends whose outcome is not settled yet."""

    @property
    def budgets(self) -> RowStore:
        """Quota units in use, for each grant."""

    @property
    def leases(self) -> LeaseStore:
        """Whose turn it is to refresh."""

    def read_header(self) -> bytes | None:
        """Return the vault's header, or None when there is no vault here yet."""

    def write_header(self, header: bytes) -> bool:
        """Write the header, of generation 1, if there is none; False when somebody was faster."""

    def replace_header(self, header: bytes, *, generation: int) -> bool:
        """
        Put another header in place of the one of `generation`; it is of the next. False when that one is gone.

        When this returns, no write of an older generation is under way any more.
        """

    def close(self) -> None:
        """Let go of the database."""
