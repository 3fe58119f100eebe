"""Header: what a vault says about itself in the clear, and the sealed copy that proves it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailgrant.errors import SettingsError, VaultDamaged, VaultLocked
from mailgrant.oauth.realm import Realm, RealmName

from .sealing import FORMAT, Keyring, Place, key_id_of, seal, unseal

TABLE = "header"


@dataclass(frozen=True, slots=True)
class Header:
    """
    A vault's id, its realm, and where its key comes from.

    `generation` counts how often the header was changed, from 1. `details` is what the key's source must
    remember. `restored_at` is when the vault came out of a backup, None if it never did.
    """

    vault_id: str
    realm: RealmName
    key_source: str
    sealed: bytes
    details: str = ""
    generation: int = 1
    restored_at: datetime | None = None

    @property
    def key_id(self) -> bytes:
        """The id of the key that seals in this vault, as long as this is its header."""
        return key_id_of(self.sealed)

    def to_bytes(self) -> bytes:
        """Write the header down."""
        values = {
            "format": FORMAT,
            "id": self.vault_id,
            "realm": self.realm.value,
            "key_source": self.key_source,
            "details": self.details,
            "generation": self.generation,
            "restored_at": self.restored_at.isoformat() if self.restored_at else None,
            "sealed": b64encode(self.sealed).decode(),
        }
        return json.dumps(values, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, header: bytes, place: str) -> Header:
        """Read a header; raises SettingsError for a vault newer than this mailgrant, VaultDamaged for none."""
        try:
            values: dict[str, Any] = json.loads(header)
            if values["format"] > FORMAT:
                raise SettingsError(
                    f"The vault {place} was made by a newer mailgrant; it was not touched.", hint="Update mailgrant."
                )
            # The id names the key's file: it must not lead elsewhere.
            if not (values["id"].isascii() and values["id"].isalnum()):
                raise ValueError("an id of letters and digits is wanted")
            restored = values.get("restored_at")
            return cls(
                values["id"],
                RealmName(values["realm"]),
                values["key_source"],
                b64decode(values["sealed"]),
                values["details"],
                generation=int(values.get("generation", 1)),
                restored_at=datetime.fromisoformat(restored) if restored else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise VaultDamaged(f"The header of the vault {place} cannot be read.") from error

    def sealed_by(self, keyring: Keyring, entropy: Callable[[int], bytes]) -> Header:
        """Return this header with its facts sealed by the newest key."""
        return replace(self, sealed=seal(self._facts(), self._place(), keyring, entropy))

    def check(self, keyring: Keyring, place: str) -> None:
        """Raise VaultLocked when the keys are others, VaultDamaged when the header was changed."""
        if json.loads(unseal(self.sealed, self._place(), keyring)) != json.loads(self._facts()):
            raise VaultDamaged(f"The header of the vault {place} was changed.")

    def _facts(self) -> bytes:
        facts = {"realm": self.realm.value, "key_source": self.key_source}
        # Left out where there is nothing to say, as in the headers of the first version.
        if self.restored_at is not None:
            facts["restored_at"] = self.restored_at.isoformat()
        return json.dumps(facts).encode()

    def _place(self) -> Place:
        return Place(self.vault_id, TABLE, self.vault_id, "header", self.generation)


def check_realm(header: Header, realm: Realm, place: str) -> None:
    """Raise SettingsError when a vault belongs to the other realm: Google and a sandbox never mix."""
    if header.realm is realm.name:
        return
    if header.realm is RealmName.GOOGLE:
        raise SettingsError(
            f"The vault {place} holds grants at Google, and MAILGRANT_GOOGLE names a sandbox.",
            hint="Unset MAILGRANT_GOOGLE, or name another vault (MAILGRANT_VAULT, --vault).",
        )
    raise SettingsError(
        f"The vault {place} belongs to a sandbox, and MAILGRANT_GOOGLE is not set.",
        hint="Set MAILGRANT_GOOGLE to the sandbox, or name another vault (MAILGRANT_VAULT, --vault).",
    )


def locked(place: str, source: str) -> VaultLocked:
    """The error for a vault whose key is not where its header says it is."""
    return VaultLocked(f"The vault {place} is locked: its key comes from the {source}, and there is none.")
