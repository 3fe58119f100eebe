"""
Sealing: the vault's format, bytes in and bytes out.

AES-256-GCM under a key derived for each row and use, with associated data that binds a value to its
place: a value that was swapped, copied, spliced or relabelled does not open. The layout is written
down in `docs/reference/vault-format.md`, with vectors in `tests/vectors/`.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

from mailgrant.errors import SettingsError, VaultDamaged, VaultLocked
from mailgrant.secret import Secret

MAGIC = b"mg"
FORMAT = 1
AES_256_GCM = 1
KEY_BYTES = 32
KEY_ID_BYTES = 8
NONCE_BYTES = 12
TAG_BYTES = 16
HEAD_BYTES = len(MAGIC) + 2 + KEY_ID_BYTES + NONCE_BYTES


@dataclass(frozen=True, slots=True)
class Key:
    """One key of 256 bits; `id` names it in what it sealed and gives nothing away."""

    material: Secret = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.to_bytes()) != KEY_BYTES:
            raise SettingsError(f"A vault key is {KEY_BYTES} bytes, base64url.", hint="Make one with `mailgrant init`.")

    @classmethod
    def new(cls, entropy: Callable[[int], bytes]) -> Key:
        """Make a key."""
        return cls.of(entropy(KEY_BYTES))

    @classmethod
    def of(cls, material: bytes) -> Key:
        """Make a key of these 32 bytes."""
        return cls(Secret(urlsafe_b64encode(material).decode("ascii")))

    @property
    def id(self) -> bytes:
        """Eight bytes that name this key."""
        return hashlib.sha256(b"mailgrant key id\0" + self.to_bytes()).digest()[:KEY_ID_BYTES]

    def derive(self, place: Place) -> bytes:
        """Return the key for one place (HKDF-SHA256, RFC 5869, one block)."""
        fixed = hmac.digest(place.vault_id.encode(), self.to_bytes(), "sha256")
        info = packed(b"mailgrant row", place.table.encode(), place.row.encode(), place.column.encode())
        return hmac.digest(fixed, info + b"\x01", "sha256")

    def to_bytes(self) -> bytes:
        """Return the key itself; none of it when it was not written as base64url."""
        try:
            text = self.material.reveal().strip()
            return urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            return b""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that open a vault, newest first; the newest seals."""

    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise VaultLocked("There is no key for the vault.")

    @classmethod
    def from_text(cls, text: str) -> Keyring:
        """Read keys as `MAILGRANT_KEY` holds them: base64url of 32 bytes each, comma-separated, newest first."""
        return cls(tuple(Key(Secret(part.strip())) for part in text.split(",") if part.strip()))

    def to_text(self) -> Secret:
        """Write the keys as `from_text` reads them."""
        return Secret(",".join(key.material.reveal().strip() for key in self.keys))

    @property
    def newest(self) -> Key:
        """The key that seals."""
        return self.keys[0]

    def led_by(self, key_id: bytes) -> Keyring:
        """Return the same keys, of which that one seals; raises VaultLocked when it is not here."""
        leading = self.find(key_id)
        return Keyring((leading, *(key for key in self.keys if key.id != key_id)))

    def find(self, key_id: bytes) -> Key:
        """Return the key with this id; raises VaultLocked when it is not here."""
        for key in self.keys:
            if hmac.compare_digest(key.id, key_id):
                return key
        raise VaultLocked(f"The vault was sealed with another key ({key_id.hex()}) than the one at hand.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands; it opens nowhere else."""

    vault_id: str
    table: str
    row: str
    column: str
    version: int


def seal(plain: bytes, place: Place, keyring: Keyring, entropy: Callable[[int], bytes]) -> bytes:
    """Seal `plain` for `place` with the newest key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key, nonce = keyring.newest, entropy(NONCE_BYTES)
    head = MAGIC + bytes((FORMAT, AES_256_GCM)) + key.id + nonce
    return head + AESGCM(key.derive(place)).encrypt(nonce, plain, _bound_to(place, head))


def unseal(sealed: bytes, place: Place, keyring: Keyring) -> bytes:
    """
    Open what was sealed for `place`.

    Raises VaultLocked when its key is not at hand, VaultDamaged when it was changed or stands
    somewhere else than it was sealed for.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    is_ours = len(sealed) >= HEAD_BYTES + TAG_BYTES and sealed.startswith(MAGIC + bytes((FORMAT, AES_256_GCM)))
    if not is_ours or place.version < 0:
        raise VaultDamaged(f"A value of {place.table} is not in the vault's format.")
    head = sealed[:HEAD_BYTES]
    key = keyring.find(key_id_of(sealed))
    try:
        return AESGCM(key.derive(place)).decrypt(head[-NONCE_BYTES:], sealed[HEAD_BYTES:], _bound_to(place, head))
    except InvalidTag:
        raise VaultDamaged(f"A row of {place.table} does not open where it stands.") from None


def key_id_of(sealed: bytes) -> bytes:
    """Return the id of the key that sealed a value."""
    return sealed[len(MAGIC) + 2 : len(MAGIC) + 2 + KEY_ID_BYTES]


def packed(*parts: bytes) -> bytes:
    """Join parts so that no two different lists give the same bytes: each with its length before it."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _bound_to(place: Place, head: bytes) -> bytes:
    names = (place.vault_id, place.table, place.row, place.column)
    return packed(*(name.encode() for name in names), place.version.to_bytes(8, "big"), head[: 4 + KEY_ID_BYTES])
