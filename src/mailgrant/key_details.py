"""
Key details: what a vault's header remembers while its key is changed, beside how a passphrase is stretched.

The retired key, sealed with the new one: the new key alone opens everything, and there is no moment at
which neither does. And where the key was kept before, until nothing of it is left there.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

from mailgrant.errors import VaultDamaged
from mailgrant.vault.header import TABLE, Header
from mailgrant.vault.sealing import Key, Keyring, Place, seal, unseal

RETIRED = "retired"
MOVED_FROM = "moved_from"


def with_retired(details: str, old: Key, new: Key, vault_id: str, entropy: Callable[[int], bytes]) -> str:
    """Return details that hold the old key as well, sealed with the new one."""
    sealed = seal(old.to_bytes(), _retired_place(vault_id), Keyring((new,)), entropy)
    return json.dumps({**_read(details), RETIRED: b64encode(sealed).decode()})


def without_retired(details: str) -> str:
    """Return details that hold no key."""
    return _written({name: value for name, value in _read(details).items() if name != RETIRED})


def has_retired(header: Header) -> bool:
    """Tell whether a header holds the key that another is taking the place of."""
    return RETIRED in _read(header.details)


def opened_with(keyring: Keyring, header: Header) -> Keyring:
    """Return the same keys, and the one that they retire, if the header holds one."""
    retired = _read(header.details).get(RETIRED)
    if retired is None:
        return keyring
    try:
        sealed = b64decode(retired)
    except (ValueError, TypeError) as error:
        raise VaultDamaged("The vault's header does not say which key its new one replaces.") from error
    old = Key.of(unseal(sealed, _retired_place(header.vault_id), keyring))
    return Keyring((*keyring.keys, *(key for key in (old,) if key.id not in {one.id for one in keyring.keys})))


def with_origin(details: str, source: str) -> str:
    """Return details that say where the key was kept before it was moved."""
    return _written({**_read(details), MOVED_FROM: source})


def without_origin(details: str) -> str:
    """Return details that do not say where the key was before."""
    return _written({name: value for name, value in _read(details).items() if name != MOVED_FROM})


def origin(details: str) -> str | None:
    """Return where the key was kept before it was moved, as far as that still matters."""
    found = _read(details).get(MOVED_FROM)
    return found if isinstance(found, str) else None


def _written(values: dict[str, Any]) -> str:
    return json.dumps(values) if values else ""


def _read(details: str) -> dict[str, Any]:
    """Read the details, which stand in the clear: they may be anybody's."""
    try:
        values = json.loads(details or "{}")
    except (ValueError, TypeError) as error:
        raise VaultDamaged("The vault's header cannot be read where it speaks of its key.") from error
    if not isinstance(values, dict):
        raise VaultDamaged("The vault's header cannot be read where it speaks of its key.")
    return values


def _retired_place(vault_id: str) -> Place:
    return Place(vault_id, TABLE, vault_id, RETIRED, 1)
