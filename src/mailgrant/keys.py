"""
Keys: where a vault's key comes from. The environment, a file, the system's keyring, a passphrase.

The vault's header names the source. A key never lies in the folder that holds the vault, so that
whoever copies that folder has sealed rows and nothing to open them with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from mailgrant import key_details, key_file, passphrase
from mailgrant.errors import MissingExtra, SettingsError, VaultLocked
from mailgrant.secret import Secret
from mailgrant.storage import file_at
from mailgrant.vault.header import Header, locked
from mailgrant.vault.sealing import Key, Keyring

SERVICE = "mailgrant"
VARIABLE = "MAILGRANT_KEY"
FILE_VARIABLE = "MAILGRANT_KEY_FILE"


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
        self.entropy = entropy
        self._ask = ask or passphrase.ask_passphrase

    def from_environment(self) -> Keyring | None:
        """Return the keys that were passed or set, if any; they win over every other source."""
        if self._given:
            return Keyring.from_text(self._given)
        named = self._environ.get(FILE_VARIABLE)
        return Keyring.from_text(key_file.read_private(Path(named))) if named else None

    def find(self, header: Header, place: str) -> Keyring:
        """Return the keys for a vault, with one that is being retired; raises VaultLocked when its source has none."""
        return key_details.opened_with(self._set_by_hand(header) or self.kept_where_named(header, place), header)

    def kept_where_named(self, header: Header, place: str) -> Keyring:
        """Return the keys that are where the header says, whatever is set in the environment."""
        source = self._named_by(header, place)
        if source is KeySource.FILE:
            return Keyring.from_text(key_file.read_private(self.file_of(header.vault_id)))
        if source is KeySource.KEYRING:
            with system_keyring() as keyring:
                stored = keyring.get_password(SERVICE, header.vault_id)
            if stored is None:
                raise locked(place, "system's keyring")
            return Keyring.from_text(stored)
        if source is KeySource.PASSPHRASE:
            given = Secret(self._ask(f"Passphrase of {place}: "))
            return Keyring((passphrase.key_of_passphrase(given, header.details),))
        raise locked(place, f"environment ({VARIABLE} or {FILE_VARIABLE})")

    def _set_by_hand(self, header: Header) -> Keyring | None:
        """
        Return the keys of the environment, unless the vault's key was moved away from there.

        Then an old key that is still set in some program does not keep it from the new one.
        """
        keys = self.from_environment()
        if keys is None or key_details.origin(header.details) != KeySource.ENVIRONMENT.value:
            return keys
        return keys if header.key_id in {key.id for key in keys.keys} else None

    def make(self, source: KeySource, vault_id: str) -> tuple[Keyring, str]:
        """Make a key and put it where `source` says; returns it with what the header must remember."""
        if source is KeySource.PASSPHRASE:
            key, details = self.new_passphrase()
            return Keyring((key,)), details
        if source is KeySource.ENVIRONMENT:
            given = self.from_environment()
            if given is None:
                raise SettingsError(f"Neither {VARIABLE} nor {FILE_VARIABLE} is set.")
            return given, ""
        made = Keyring((self.new_key(),))
        if source is KeySource.FILE:
            key_file.write_private(self.file_of(vault_id), made.to_text())
        elif source is KeySource.KEYRING:
            keep_in_keyring(vault_id, made)
        return made, ""

    def new_key(self) -> Key:
        """Make a key that is kept nowhere yet."""
        return Key.new(self.entropy)

    def new_passphrase(self) -> tuple[Key, str]:
        """Ask for a passphrase; return its key, and what the header must remember of it."""
        return passphrase.new_passphrase(self._ask, self.entropy)

    def discard(self, source: KeySource, vault_id: str) -> None:
        """Take away a key that no vault needs (any more), if it is there."""
        if source is KeySource.FILE:
            key_file.remove(self.file_of(vault_id))
        elif source is KeySource.KEYRING:
            with system_keyring() as keyring:
                if keyring.get_password(SERVICE, vault_id) is not None:
                    keyring.delete_password(SERVICE, vault_id)

    def file_of(self, vault_id: str) -> Path:
        """Return where the key file of a vault is."""
        return self._config_folder / "keys" / f"{vault_id}.key"

    def source_of(self, header: Header, place: str) -> KeySource:
        """Return where a vault's key comes from; raises SettingsError when a newer mailgrant named its source."""
        return KeySource.ENVIRONMENT if self._set_by_hand(header) is not None else self._named_by(header, place)

    def _named_by(self, header: Header, place: str) -> KeySource:
        try:
            return KeySource(header.key_source)
        except ValueError:
            raise SettingsError(
                f"The key of the vault {place} comes from a source this mailgrant does not know.",
                hint="Update mailgrant.",
            ) from None


def check_apart(key_file: Path, place: str) -> None:
    """Refuse a key beside its vault: whoever copies that folder would have both."""
    file = file_at(place)
    if file is not None and file.parent.resolve() == key_file.parent.resolve():
        raise SettingsError(
            f"The vault {place} would lie in the folder of its key.",
            hint="Name another place (MAILGRANT_VAULT, --vault).",
        )


def keep_in_keyring(vault_id: str, keys: Keyring) -> None:
    """Keep a vault's keys in the system's keyring, in place of what it held."""
    with system_keyring() as keyring:
        keyring.set_password(SERVICE, vault_id, keys.to_text().reveal())


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
