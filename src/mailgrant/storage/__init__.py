"""Storage: the only code that opens a database. Backends are chosen by URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mailgrant.errors import SettingsError

if TYPE_CHECKING:
    from mailgrant.vault.store import VaultStore

MEMORY = ":memory:"


def open_store(place: str) -> VaultStore:
    """
    Open the store at `place`: a path, `sqlite:///PATH`, or `:memory:`.

    Raises SettingsError for any other URL, VaultError when the database cannot be opened or made.
    """
    path = file_at(place)
    if path is None:
        from .memory import MemoryStore

        return MemoryStore()
    from .sqlite import SqliteStore

    return SqliteStore(path)


def file_at(place: str) -> Path | None:
    """Return the file that `place` names, None for the vault in memory; raises SettingsError for any other URL."""
    if place == MEMORY:
        return None
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Path(place).expanduser()
    if scheme != "sqlite":
        raise SettingsError(
            f"A vault at {scheme}:// is not known.", hint="It may be a path, sqlite:///PATH or :memory:."
        )
    return Path("/" + rest.lstrip("/"))
