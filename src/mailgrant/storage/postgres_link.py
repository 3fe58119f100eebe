"""
The way to one PostgreSQL database: its URL read, connections made, and what goes wrong said in words.

No message holds the URL's password, wherever in the URL it stands.
"""

from __future__ import annotations

import os
import re
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import conninfo, errors, pq

from mailgrant.errors import SettingsError, VaultDamaged, VaultError

from .connections import Connections
from .places import HIDDEN, shown

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]

# Of one process; a server lets about a hundred in.
AT_MOST = 8
# A host that is gone says nothing; these say it for it. Of several hosts one that takes writes is meant.
DEFAULTS = {
    "target_session_attrs": "read-write",
    "connect_timeout": "10",
    "tcp_user_timeout": "20000",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "application_name": "mailgrant",
}


class PostgresLink:
    """Connections to the database at `url`, lent to one thread at a time."""

    def __init__(self, url: str) -> None:
        self.place = shown(url)
        self._options = read_url(url)
        self._connections: Connections[Connection] = Connections(self._connect, is_fit=is_fit, at_most=AT_MOST)

    def __repr__(self) -> str:
        return f"PostgresLink({self.place!r})"

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """Give a connection; what the database complains about becomes a VaultError."""
        with self._translated(), self._connections.lend() as connection:
            yield connection

    def close(self) -> None:
        """Close what is not lent."""
        self._connections.close()

    def _connect(self) -> Connection:
        # Nothing is prepared: a pooler between us and the database may hand each transaction to another session.
        return psycopg.connect(**self._options, autocommit=True, prepare_threshold=None)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise as_vault_error(error, self.place, self._without_password(said(error))) from error

    def _without_password(self, text: str) -> str:
        password = self._options.get("password")
        return text.replace(password, HIDDEN) if password else text


def read_url(url: str) -> dict[str, Any]:
    """Return what a URL says as options; raises SettingsError, without the password, for one that says nothing."""
    wrong = SettingsError(
        f"The vault's URL {shown(url)} cannot be read.",
        hint="It looks like postgresql://USER:PASSWORD@HOST:5432/DATABASE; "
        "in a password, write %40 for @, %2F for /, %3A for : and %25 for %.",
    )
    # An @ after the authority has ended is an unquoted one in the password, or a / before it is.
    authority = re.match(r"[^:]+://([^/?#]*)", url)
    if authority is None or (":" in authority[1] and "@" not in authority[1] and "@" in url):
        raise wrong
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # Not `from` it: the message quotes what it could not read.
        raise wrong from None
    return {**defaults(given), **given}


def defaults(given: Mapping[str, Any]) -> dict[str, str]:
    """Return what is set for whoever set nothing: neither in the URL, nor by a service, nor by libpq's variables."""
    if "service" in given or "PGSERVICE" in os.environ:
        return {}
    variables = {option.keyword.decode(): (option.envvar or b"").decode() for option in pq.Conninfo.get_defaults()}
    return {name: value for name, value in DEFAULTS.items() if variables.get(name, "") not in os.environ}


def is_fit(connection: Connection) -> bool:
    """
    Tell whether a connection can be used: in no transaction, and not ended by the other side.

    An idle one whose socket has something to read was told goodbye. Asking the server would cost a
    round trip before each statement.
    """
    if connection.closed or connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
        return False
    return not has_something_to_read(connection.fileno())


def has_something_to_read(descriptor: int) -> bool:
    """Tell whether bytes, or the end of them, have come from the other side."""
    if not hasattr(select, "poll"):
        # Windows, where descriptors may be any number.
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def said(error: psycopg.Error) -> str:
    """Return the database's words, in one line and without the statement it quotes."""
    return " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")


def as_vault_error(error: psycopg.Error, place: str, text: str) -> VaultError:
    """Return what a person can act on for what the database said."""
    if isinstance(error, errors.InsufficientPrivilege | errors.ReadOnlySqlTransaction):
        return VaultError(
            f"The vault at {place} may not be used: {text}.",
            hint="Check the role's rights, and that it is the primary.",
        )
    if isinstance(error, errors.LockNotAvailable | errors.SerializationFailure | errors.DeadlockDetected):
        return VaultError(f"The vault at {place} is busy with another program.", hint="Try again in a moment.")
    if isinstance(error, errors.DiskFull):
        return VaultError(
            f"The disk of the vault at {place} is full; it is as it was.", hint="Make room and try again."
        )
    if isinstance(error, psycopg.OperationalError):
        return VaultError(
            f"The database of the vault at {place} cannot be reached: {text}.",
            hint="Check that it runs and lets you in, then try again.",
        )
    if isinstance(error, psycopg.DataError):
        return VaultError(f"The vault at {place} cannot hold this: {text}.")
    return VaultDamaged(f"What is at {place} is not a vault, or it is damaged: {text}.")
