"""Storage: the only code that opens a database. Backends are chosen by URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mailgrant.errors import MissingExtra, VaultError
from mailgrant.vault.lease import LEASE

from .places import file_at, is_in_postgres, shown

if TYPE_CHECKING:
    from datetime import timedelta
    from types import ModuleType

    from mailgrant.vault.store import VaultStore

__all__ = ["file_at", "holds_vault", "open_store", "shown"]


def open_store(place: str, *, create: bool = True, upgrade: bool = False, lease: timedelta = LEASE) -> VaultStore:
    """
    Open the store at `place`: a path, `sqlite:///PATH`, `postgresql://HOST/DATABASE` or `:memory:`.

    Without `create` a store that is not there yet is left so, and VaultError raised. Raises
    SettingsError for any other URL, VaultError when the database cannot be opened or made, and
    MissingExtra for PostgreSQL without its driver. A file that an older mailgrant made is brought up
    to date by opening it, a database of many hosts only with `upgrade`. `lease` is how long a refresher may
    take before the next one may take over.
    """
    if is_in_postgres(place):
        return cast("VaultStore", _postgres().PostgresStore(place, create=create, upgrade=upgrade, lease=lease))
    path = file_at(place)
    if path is None:
        from .memory import MemoryStore

        return MemoryStore(lease=lease)
    if not create and not path.exists():
        raise no_vault(place)
    from .sqlite import SqliteStore

    return SqliteStore(path, lease=lease)


def holds_vault(place: str) -> bool:
    """Tell whether there is a vault at `place`; the one in memory is always there."""
    if is_in_postgres(place):
        return bool(_postgres().holds_vault(place))
    path = file_at(place)
    return path is None or path.exists()


def _postgres() -> ModuleType:
    """Return the module that knows PostgreSQL; raises MissingExtra without its driver."""
    try:
        from . import postgres
    except ImportError as error:
        raise MissingExtra("postgres", "A vault in PostgreSQL") from error
    return postgres


def no_vault(place: str) -> VaultError:
    """The error for a vault that is not there."""
    return VaultError(f"There is no vault at {shown(place)}.", hint="`mailgrant init` or `mailgrant login` makes one.")
