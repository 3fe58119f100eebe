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
    if place == MEMORY:
        from .memory import MemoryStore

        return MemoryStore()
    scheme, separator, rest = place.partition("://")
    if separator and scheme != "sqlite":
        raise SettingsError(
            f"A vault at {scheme}:// is not known.", hint="It may be a path, sqlite:///PATH or :memory:."
        )
    from .sqlite import SqliteStore

    path = rest.removeprefix("/") if separator else place
    return SqliteStore(Path(path if not separator or path.startswith("/") else f"/{path}").expanduser())
