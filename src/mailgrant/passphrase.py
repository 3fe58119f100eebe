"""Passphrases: a vault's key that is in somebody's head, stretched by scrypt (RFC 7914)."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

from mailgrant.errors import SettingsError, VaultDamaged, VaultLocked
from mailgrant.secret import Secret
from mailgrant.vault.sealing import KEY_BYTES, Key

# RFC 7914; OWASP's floor for interactive use is N = 2**17. A header that says less is refused.
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
SCRYPT_MEMORY = 2**28
SALT_BYTES = 16
SCRYPT_MOST_LANES = 16

Ask = Callable[[str], str]
Entropy = Callable[[int], bytes]


def new_passphrase(ask: Ask, entropy: Entropy) -> tuple[Key, str]:
    """Ask for a passphrase twice; return its key, and what the header must remember of it."""
    passphrase = Secret(ask("New passphrase: "))
    if Secret(ask("The same again: ")) != passphrase:
        raise SettingsError("The two passphrases differ.", hint="Try again; nothing was made.")
    details = json.dumps({**SCRYPT, "salt": entropy(SALT_BYTES).hex()})
    return key_of_passphrase(passphrase, details), details


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
