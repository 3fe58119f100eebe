"""
Sealer: writes and reads the sealed rows of one vault, and follows its key when that is rotated.

A row is sealed with the key that sealed the header seen last, and the store refuses it when the
header has moved on. So once the header is sealed with a new key, no row is sealed with the old one,
whichever processes are still running, and in whatever order they hold their keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailgrant.errors import KeyRotated, VaultDamaged, VaultError, VaultLocked

from .header import Header
from .sealing import Keyring, Place, seal, unseal
from .store import Row, VaultStore

if TYPE_CHECKING:
    from .lease import Lease

COLUMN = "sealed"


class Sealer:
    """
    The keys of a vault, and what is sealed with them.

    `find_keys` looks a header's keys up where they are kept; it is asked again when a row names a
    key that is not at hand.
    """

    def __init__(
        self,
        store: VaultStore,
        *,
        header: Header,
        keyring: Keyring,
        find_keys: Callable[[Header], Keyring],
        entropy: Callable[[int], bytes],
    ) -> None:
        self.store = store
        self.header = header
        self.keyring = keyring.led_by(header.key_id)
        self.entropy = entropy
        self._find_keys = find_keys

    def put(self, table: str, row: Row, plain: bytes, *, expect: int, lease: Lease | None = None) -> None:
        """
        Seal `plain` into `row`, in place of whatever it holds, and write it.

        Raises GrantChanged as the store does.
        """
        while True:
            header = self.header
            sealed = Row(
                row.key,
                version=row.version,
                sealed=self.sealed(table, row, plain),
                account=row.account,
                user=row.user,
                client=row.client,
                due=row.due,
            )
            try:
                self.store.table(table).put(sealed, expect=expect, lease=lease, generation=header.generation)
            except KeyRotated:
                self.follow(header)
                if self.header.generation == header.generation:
                    raise VaultDamaged("The vault counts another generation than its header says.") from None
            else:
                return

    def open(self, table: str, row: Row) -> bytes:
        """Open a row where it stands; raises VaultLocked and VaultDamaged as `unseal` does."""
        header = self.header
        if not is_sound(row):
            raise VaultDamaged(f"A row of {table} is not in the vault's format.")
        place = self._place(table, row)
        try:
            return unseal(row.sealed, place, self.keyring)
        except VaultLocked:
            self.follow(header)
            return unseal(row.sealed, place, self.keyring)

    def sealed(self, table: str, row: Row, plain: bytes) -> bytes:
        """Seal `plain` for the place of `row`, with the newest key."""
        return seal(plain, self._place(table, row), self.keyring, self.entropy)

    def follow(self, seen: Header) -> None:
        """Read the header and its keys once more, unless another thread has since `seen`."""
        if self.header is not seen:
            return
        header = self._written()
        while True:
            try:
                self.adopt(header, self._find_keys(header))
            except VaultLocked:
                # A rotation that ends between the two reads leaves us an old header and new keys.
                latest = self._written()
                if latest == header:
                    raise
                header = latest
            else:
                return

    def catch_up(self) -> None:
        """Read the header's keys once more if the header was changed since we saw it."""
        seen = self.header
        if self._written() != seen:
            self.follow(seen)

    def adopt(self, header: Header, keyring: Keyring) -> None:
        """Seal and open by another header and its keys; raises as `Header.check` does."""
        header.check(keyring, header.vault_id)
        # The header last: who sees the new one has the keys that go with it.
        self.keyring, self.header = keyring.led_by(header.key_id), header

    def _written(self) -> Header:
        written = self.store.read_header()
        if written is None:
            raise VaultError("The vault is gone.", hint="Somebody deleted it, or put another database in its place.")
        return Header.from_bytes(written, self.header.vault_id)

    def _place(self, table: str, row: Row) -> Place:
        return Place(self.header.vault_id, table, row.key, COLUMN, row.version)


def is_sound(row: Row) -> bool:
    """Tell whether a row's values are of their types: a database may hold anything in any column."""
    return all(map(isinstance, (row.key, row.version, row.sealed), (str, int, bytes)))
