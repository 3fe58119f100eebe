"""
Passphrases: a vault's key that is in somebody's head, stretched by scrypt (RFC 7914).

While a rotation is under way the header holds the retired key as well, sealed with the new one: the
new passphrase alone opens everything, and there is no moment at which neither does.
"""

from __future__ import annotations

import hashlib
import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from mailgrant.errors import SettingsError, VaultDamaged, VaultLocked
from mailgrant.secret import Secret
from mailgrant.vault.header import TABLE
from mailgrant.vault.sealing import KEY_BYTES, Key, Keyring, Place, seal, unseal

# RFC 7914; OWASP's floor for interactive use is N = 2**17. A header that says less is refused.
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
SCRYPT_MEMORY = 2**28
SALT_BYTES = 16
SCRYPT_MOST_LANES = 16
RETIRED = "retired"

Ask = Callable[[str], str]
Entropy = Callable[[int], bytes]


def new_passphrase(ask: Ask, entropy: Entropy) -> tuple[Key, str]:
    """Ask for a passphrase twice; return its key, and what the header must remember of it."""
    passphrase = Secret(ask("New passphrase: "))
    if Secret(ask("The same again: ")) != passphrase:
        raise SettingsError("The two passphrases differ.", hint="Try again; nothing was made.")
    details = json.dumps({**SCRYPT, "salt": entropy(SALT_BYTES).hex()})
    return key_of_passphrase(passphrase, details), details


def keys_of_passphrase(passphrase: Secret, details: str, vault_id: str) -> Keyring:
    """Return the keys that a passphrase opens a vault with: its own, and the one that it replaces."""
    key = key_of_passphrase(passphrase, details)
    retired = json.loads(details).get(RETIRED)
    if retired is None:
        return Keyring((key,))
    try:
        sealed = b64decode(retired)
    except (ValueError, TypeError) as error:
        raise VaultDamaged("The vault's header does not say which key its passphrase replaces.") from error
    return Keyring((key, Key.of(unseal(sealed, _retired_place(vault_id), Keyring((key,))))))


def with_retired(details: str, old: Key, new: Key, vault_id: str, entropy: Entropy) -> str:
    """Return details that hold the old key as well, sealed with the new one."""
    sealed = seal(old.to_bytes(), _retired_place(vault_id), Keyring((new,)), entropy)
    return json.dumps({**json.loads(details), RETIRED: b64encode(sealed).decode()})


def without_retired(details: str) -> str:
    """Return details that hold the passphrase's own key only."""
    return json.dumps({name: value for name, value in json.loads(details).items() if name != RETIRED})


def key_of_passphrase(passphrase: Secret, details: str) -> Key:
    """Stretch a passphrase into a key (scrypt); raises VaultLocked when the header asks for less than the floor."""
    if not passphrase:
        raise VaultLocked("No passphrase was given.")
    values = _scrypt_details(details)
    material = hashlib.scrypt(passphrase.reveal().encode(), **values, maxmem=SCRYPT_MEMORY, dklen=KEY_BYTES)
    return Key.of(material)


def _scrypt_details(details: str) -> dict[str, Any]:
    """Read scrypt's numbers from a header, which stand there in the clear: they may be anybody's."""
    try:
        values: dict[str, Any] = json.loads(details)
        salt, numbers = bytes.fromhex(values["salt"]), {name: int(values[name]) for name in SCRYPT}
    except (ValueError, KeyError, TypeError) as error:
        raise VaultDamaged("The vault's header does not say how its passphrase is stretched.") from error
    if len(salt) < SALT_BYTES or any(numbers[name] < least for name, least in SCRYPT.items()):
        raise VaultLocked("The vault's header asks for a weaker scrypt than allowed; it was changed.")
    # RFC 7914 §2: the memory is about 128 * r * N bytes.
    if 128 * numbers["r"] * numbers["n"] >= SCRYPT_MEMORY or numbers["p"] > SCRYPT_MOST_LANES:
        raise VaultLocked("The vault's header asks for a scrypt beyond what is allowed; it was changed.")
    if numbers["n"] & (numbers["n"] - 1):
        raise VaultDamaged("The vault's header does not say how its passphrase is stretched.")
    return {**numbers, "salt": salt}


def ask_passphrase(prompt: str) -> str:
    """Ask at the terminal without showing it; raises VaultLocked where there is none."""
    import getpass

    if not sys.stdin.isatty():
        raise VaultLocked("The vault's key is a passphrase, and there is no terminal to ask for it.")
    return getpass.getpass(prompt)


def _retired_place(vault_id: str) -> Place:
    return Place(vault_id, TABLE, vault_id, RETIRED, 1)
