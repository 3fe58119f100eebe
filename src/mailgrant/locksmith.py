"""Locksmith: who opens a vault with its key, or makes both."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailgrant.errors import VaultError, VaultLocked
from mailgrant.keys import KeyCabinet, KeySource, check_apart
from mailgrant.oauth.realm import Realm
from mailgrant.vault.header import Header, check_realm
from mailgrant.vault.store import VaultStore
from mailgrant.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Locksmith:
    """
    Opens the vault in `store`, or makes it.

    `place` is what the store is called in errors; `say` is told what was made.
    """

    store: VaultStore
    place: str
    realm: Realm
    cabinet: KeyCabinet
    clock: Callable[[], datetime]
    say: Callable[[str], None] = lambda line: None

    def open(self) -> Vault:
        """Open the vault that is there; raises VaultError when there is none."""
        return self._opened(self.store.read_header())

    def open_or_create(self, source: KeySource) -> Vault:
        """Open the vault that is there, or make one with a key from `source`."""
        header = self.store.read_header()
        if header is not None:
            return self._opened(header)
        # None: another process made one between our look and our write; theirs is the one.
        return self._made(source) or self.open()

    def _opened(self, header: bytes | None) -> Vault:
        if header is None:
            raise VaultError(f"There is no vault at {self.place}.", hint="Make one with `mailgrant init`.")
        known = Header.from_bytes(header, self.place)
        check_realm(known, self.realm, self.place)
        while True:
            try:
                return self._unlocked(known)
            except VaultLocked:
                # A rotation that ends between the two reads leaves us an old header and new keys.
                latest = Header.from_bytes(self.store.read_header() or b"", self.place)
                if latest == known:
                    raise
                known = latest

    def _unlocked(self, header: Header) -> Vault:
        return Vault.open(
            self.store,
            header=header,
            keyring=self.cabinet.find(header, self.place),
            realm=self.realm,
            place=self.place,
            clock=self.clock,
            entropy=self.cabinet.entropy,
            find_keys=lambda changed: self.cabinet.find(changed, self.place),
            actor=who_we_are(),
        )

    def _made(self, source: KeySource) -> Vault | None:
        vault_id = self.cabinet.entropy(10).hex()
        if self.cabinet.from_environment() is not None:
            source = KeySource.ENVIRONMENT
        if source is KeySource.FILE:
            check_apart(self.cabinet.file_of(vault_id), self.place)
        keyring, details = self.cabinet.make(source, vault_id)
        vault = Vault.create(
            self.store,
            vault_id=vault_id,
            keyring=keyring,
            key_source=source.value,
            details=details,
            realm=self.realm,
            clock=self.clock,
            entropy=self.cabinet.entropy,
            find_keys=lambda header: keyring if source is KeySource.MEMORY else self.cabinet.find(header, self.place),
            actor=who_we_are(),
        )
        if vault is None:
            # Only now is it certain that no vault needs this key; after an error it is not.
            self.cabinet.discard(source, vault_id)
            return None
        self._tell(source, vault_id)
        return vault

    def _tell(self, source: KeySource, vault_id: str) -> None:
        if source is not KeySource.MEMORY:
            where = self.cabinet.file_of(vault_id) if source is KeySource.FILE else f"the {source.value}"
            self.say(f"made a vault at {self.place}; its key is in {where}.")


def who_we_are() -> str:
    """Return this process as the audit names it: the user, the host, the process and its program."""
    import socket

    name = os.environ.get("USER") or os.environ.get("USERNAME") or (str(os.getuid()) if hasattr(os, "getuid") else "?")
    return f"{name}@{socket.gethostname()} {Path(sys.argv[0] or 'python').name}[{os.getpid()}]"
