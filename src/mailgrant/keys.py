"""
Keys: where a vault's key comes from. The environment, a file, the system's keyring, a passphrase.

The vault's header names the source. A key never lies in the folder that holds the vault, so that
whoever copies that folder has sealed rows and nothing to open them with.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailgrant.errors import MissingExtra, SettingsError, VaultDamaged, VaultError, VaultLocked
from mailgrant.secret import Secret
from mailgrant.storage import file_at
from mailgrant.storage.files import make_private_folder
from mailgrant.vault.header import Header, check_realm, locked
from mailgrant.vault.sealing import KEY_BYTES, Key, Keyring
from mailgrant.vault.vault import Vault

if TYPE_CHECKING:
    from mailgrant.oauth.realm import Realm
    from mailgrant.vault.store import VaultStore

SERVICE = "mailgrant"
VARIABLE = "MAILGRANT_KEY"
FILE_VARIABLE = "MAILGRANT_KEY_FILE"
# RFC 7914; OWASP's floor for interactive use is N = 2**17. A header that says less is refused.
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
SCRYPT_MEMORY = 2**28
SALT_BYTES = 16
SCRYPT_MOST_LANES = 16
MOST_KEY_BYTES = 4096


class KeySource(Enum):
    """Where a key is kept."""

    ENVIRONMENT = "environment"
    FILE = "file"
    KEYRING = "keyring"
    PASSPHRASE = "passphrase"  # noqa: S105 (the name of a source)
    MEMORY = "memory"


class KeyCabinet:
    """
    Finds and makes the key of one vault.

    `given` is a key passed as an argument or set as `MAILGRANT_KEY`; `ask` asks a person for a
    passphrase.
    """

    def __init__(
        self,
        *,
        given: str | None,
        environ: Mapping[str, str],
        config_folder: Path,
        entropy: Callable[[int], bytes],
        ask: Callable[[str], str] | None = None,
    ) -> None:
        self._given = given
        self._environ = environ
        self._config_folder = config_folder
        self._entropy = entropy
        self._ask = ask or ask_passphrase

    def from_environment(self) -> Keyring | None:
        """Return the keys that were passed or set, if any; they win over every other source."""
        if self._given:
            return Keyring.from_text(self._given)
        named = self._environ.get(FILE_VARIABLE)
        return Keyring.from_text(read_private(Path(named))) if named else None

    def find(self, header: Header, place: str) -> Keyring:
        """Return the keys for a vault; raises VaultLocked when its source has none."""
        set_by_hand = self.from_environment()
        if set_by_hand is not None:
            return set_by_hand
        source = known_source(header.key_source, place)
        if source is KeySource.FILE:
            return Keyring.from_text(read_private(self.file_of(header.vault_id)))
        if source is KeySource.KEYRING:
            with system_keyring() as keyring:
                stored = keyring.get_password(SERVICE, header.vault_id)
            if stored is None:
                raise locked(place, "system's keyring")
            return Keyring.from_text(stored)
        if source is KeySource.PASSPHRASE:
            return Keyring((key_of_passphrase(Secret(self._ask(f"Passphrase of {place}: ")), header.details),))
        raise locked(place, f"environment ({VARIABLE} or {FILE_VARIABLE})")

    def make(self, source: KeySource, vault_id: str) -> tuple[Keyring, str]:
        """Make a key and put it where `source` says; returns it with what the header must remember."""
        if source is KeySource.PASSPHRASE:
            passphrase = Secret(self._ask("New passphrase: "))
            if Secret(self._ask("The same again: ")) != passphrase:
                raise SettingsError("The two passphrases differ.", hint="Try again; nothing was made.")
            details = json.dumps({**SCRYPT, "salt": self._entropy(SALT_BYTES).hex()})
            return Keyring((key_of_passphrase(passphrase, details),)), details
        if source is KeySource.ENVIRONMENT:
            given = self.from_environment()
            if given is None:
                raise SettingsError(f"Neither {VARIABLE} nor {FILE_VARIABLE} is set.")
            return given, ""
        key = Key.new(self._entropy)
        if source is KeySource.FILE:
            write_private(self.file_of(vault_id), key.material)
        elif source is KeySource.KEYRING:
            with system_keyring() as keyring:
                keyring.set_password(SERVICE, vault_id, key.material.reveal())
        return Keyring((key,)), ""

    def discard(self, source: KeySource, vault_id: str) -> None:
        """Take away a key that was made for a vault that did not come about."""
        if source is KeySource.FILE:
            self.file_of(vault_id).unlink(missing_ok=True)
        elif source is KeySource.KEYRING:
            with system_keyring() as keyring:
                keyring.delete_password(SERVICE, vault_id)

    def file_of(self, vault_id: str) -> Path:
        """Return where the key file of a vault is."""
        return self._config_folder / "keys" / f"{vault_id}.key"


def open_or_create(
    store: VaultStore,
    *,
    place: str,
    realm: Realm,
    cabinet: KeyCabinet,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    source: KeySource = KeySource.FILE,
    create: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> Vault:
    """Open the vault in `store`, or make it with a key from `source` when there is none."""
    header = store.read_header()
    if header is None:
        if not create:
            raise VaultError(f"There is no vault at {place}.", hint="Make one with `mailgrant init`.")
        made = _create(store, place, realm, cabinet, clock, entropy, source, say)
        if made is not None:
            return made
        # Another process made it between our look and our write; theirs is the one.
        header = store.read_header()
    known = Header.from_bytes(header or b"", place)
    check_realm(known, realm, place)
    return Vault.open(
        store,
        header=known,
        keyring=cabinet.find(known, place),
        realm=realm,
        place=place,
        clock=clock,
        entropy=entropy,
        find_keys=lambda header: cabinet.find(header, place),
        actor=who_we_are(),
    )


def _create(
    store: VaultStore,
    place: str,
    realm: Realm,
    cabinet: KeyCabinet,
    clock: Callable[[], datetime],
    entropy: Callable[[int], bytes],
    source: KeySource,
    say: Callable[[str], None],
) -> Vault | None:
    vault_id = entropy(10).hex()
    if cabinet.from_environment() is not None:
        source = KeySource.ENVIRONMENT
    if source is KeySource.FILE:
        _check_apart(cabinet.file_of(vault_id), place)
    keyring, details = cabinet.make(source, vault_id)
    vault = Vault.create(
        store,
        vault_id=vault_id,
        keyring=keyring,
        key_source=source.value,
        details=details,
        realm=realm,
        clock=clock,
        entropy=entropy,
        find_keys=lambda header: keyring if source is KeySource.MEMORY else cabinet.find(header, place),
        actor=who_we_are(),
    )
    if vault is None:
        # Only now is it certain that no vault needs this key; after an error it is not.
        cabinet.discard(source, vault_id)
        return None
    if source is not KeySource.MEMORY:
        where = cabinet.file_of(vault_id) if source is KeySource.FILE else f"the {source.value}"
        say(f"made a vault at {place}; its key is in {where}.")
    return vault


def who_we_are() -> str:
    """Return this process as the audit names it: the user, the host, the process and its program."""
    import socket

    name = os.environ.get("USER") or os.environ.get("USERNAME") or (str(os.getuid()) if hasattr(os, "getuid") else "?")
    return f"{name}@{socket.gethostname()} {Path(sys.argv[0] or 'python').name}[{os.getpid()}]"


def _check_apart(key_file: Path, place: str) -> None:
    """Refuse a key beside its vault: whoever copies that folder would have both."""
    file = file_at(place)
    if file is not None and file.parent.resolve() == key_file.parent.resolve():
        raise SettingsError(
            f"The vault {place} would lie in the folder of its key.",
            hint="Name another place (MAILGRANT_VAULT, --vault).",
        )


def known_source(name: str, place: str) -> KeySource:
    """Return the source that a header names; raises SettingsError when a newer mailgrant named it."""
    try:
        return KeySource(name)
    except ValueError:
        raise SettingsError(
            f"The key of the vault {place} comes from a source this mailgrant does not know.", hint="Update mailgrant."
        ) from None


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


def read_private(path: Path) -> str:
    """Read a key file; raises VaultLocked when it is not there, not ours, readable by others, or no file."""
    try:
        # Without waiting: a pipe in its place would keep us for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            _check_private(path, os.fstat(file.fileno()))
            text = file.read(MOST_KEY_BYTES + 1)
    except FileNotFoundError as error:
        raise VaultLocked(f"The vault is locked: its key file {path} is not there.") from error
    except OSError as error:
        raise VaultLocked(f"The key file {path} cannot be read: {error.strerror}.") from error
    if len(text) > MOST_KEY_BYTES:
        raise VaultLocked(f"The key file {path} is too long for a key file.")
    return text.decode("ascii", errors="replace")


def write_private(path: Path, secret: Secret) -> None:
    """Write a key file 0600 in a folder 0700, whole or not at all; an existing one is never replaced."""
    try:
        make_private_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secret.reveal() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    except OSError as error:
        raise VaultError(
            f"The key file {path} cannot be written: {error.strerror}.", hint="Check who may write there."
        ) from error


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise VaultLocked(f"The key file {path} is not a file.")
    if not hasattr(os, "geteuid"):
        return
    # Root's is as good as ours, since root could read ours: container secrets belong to root.
    if status.st_uid not in (os.geteuid(), 0):
        raise VaultLocked(f"The key file {path} belongs to somebody else.", hint="Use a key file of your own.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise VaultLocked(f"The key file {path} can be read by others.", hint=f"Run: chmod 600 {path}")


@contextmanager
def system_keyring() -> Iterator[Any]:
    """Give the system's keyring; raises MissingExtra without its package, VaultLocked when it does not open."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise MissingExtra("keyring", "A key in the system's keyring") from error
    try:
        yield keyring
    except KeyringError as error:
        raise VaultLocked(
            f"The system's keyring neither gives nor takes the vault's key ({type(error).__name__}).",
            hint="Unlock it, or keep the key elsewhere: `mailgrant init --key file`.",
        ) from error
