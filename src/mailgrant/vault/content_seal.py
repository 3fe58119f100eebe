"""
ContentSeal: seals contents that never change for the cache on disk, and names their files.

By the vault's newest key and in the vault's format, with a use of its own. The names are keyed
hashes: without the key nobody can tell whose a content is, or what it was called.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from mailgrant.errors import VaultDamaged, VaultLocked

from .sealing import Key, Keyring, Place, packed, seal, unseal

TABLE = "cache"
# Of the place whose key makes the names; no content has an empty grant.
NAMES = "names"
NAME_BYTES = 16
VERSION = 1


@dataclass(frozen=True, slots=True)
class ContentName:
    """Which content is meant: the grant it was read with, and what it is in that mailbox."""

    grant_id: str
    text: str


class ContentSeal:
    """What one key of a vault seals for the cache."""

    def __init__(self, vault_id: str, key: Key, entropy: Callable[[int], bytes]) -> None:
        self.key = key
        self._vault_id = vault_id
        self._entropy = entropy
        self._naming = key.derive(Place(vault_id, TABLE, "", NAMES, VERSION))

    @property
    def folder(self) -> str:
        """The folder of all that this key sealed."""
        return self.key.id.hex()

    def folder_of(self, grant_id: str) -> str:
        """Return the folder of what was read with one grant."""
        return f"{self.folder}/{self._hashed(b'grant', grant_id.encode())}"

    def place_of(self, name: ContentName) -> str:
        """Return the path of a content."""
        file = self._hashed(b"file", name.grant_id.encode(), name.text.encode())
        return f"{self.folder_of(name.grant_id)}/{file}"

    def seal(self, name: ContentName, content: bytes) -> bytes:
        """Seal a content for its name."""
        return seal(content, self._bound_to(name), self._ring(), self._entropy)

    def open(self, name: ContentName, sealed: bytes) -> bytes | None:
        """Return what was sealed for this name by this key, None for anything else."""
        try:
            return unseal(sealed, self._bound_to(name), self._ring())
        except (VaultDamaged, VaultLocked):
            return None

    def _ring(self) -> Keyring:
        return Keyring((self.key,))

    def _bound_to(self, name: ContentName) -> Place:
        return Place(self._vault_id, TABLE, name.grant_id, name.text, VERSION)

    def _hashed(self, *parts: bytes) -> str:
        return hmac.digest(self._naming, packed(*parts), "sha256")[:NAME_BYTES].hex()
