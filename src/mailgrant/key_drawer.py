"""Key drawer: where one vault's key is kept, as it is changed for a new one (`vault.rotation`)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from mailgrant import key_file, passphrase
from mailgrant.errors import SettingsError
from mailgrant.keys import FILE_VARIABLE, VARIABLE, KeyCabinet, KeySource, keep_in_keyring
from mailgrant.vault.header import Header
from mailgrant.vault.rotation import Turn
from mailgrant.vault.sealing import Keyring


class KeyDrawer:
    """Where one vault's key is changed for a new one (`vault.rotation`)."""

    def __init__(self, cabinet: KeyCabinet, place: str) -> None:
        self._cabinet = cabinet
        self._place = place

    def alone(self, header: Header) -> AbstractContextManager[None]:
        """Let nobody else write where this vault's key is kept meanwhile."""
        if self._cabinet.source_of(header, self._place) in (KeySource.FILE, KeySource.KEYRING):
            return key_file.alone(self._cabinet.file_of(header.vault_id).with_suffix(".lock"))
        # Nothing is written but the vault, where the generation tells who was first.
        return nullcontext()

    def begin(self, header: Header, at_hand: Keyring) -> Turn:
        """
        Put a new key before the old one, unless one is there already.

        Raises SettingsError where only the person who keeps the key can do that.
        """
        source = self._cabinet.source_of(header, self._place)
        if source is KeySource.MEMORY:
            raise SettingsError("A vault in memory has a key that ends with it; there is nothing to rotate.")
        if source is KeySource.PASSPHRASE:
            return self._begin_passphrase(header, at_hand)
        kept = self._cabinet.find(header, self._place)
        if len(kept.keys) > 1:
            # Only the environment's second key is put there by a person.
            return Turn(kept, source.value, source is not KeySource.ENVIRONMENT or kept.newest.id == header.key_id)
        if source is KeySource.ENVIRONMENT:
            raise SettingsError(
                f"There is one key in {VARIABLE} or {FILE_VARIABLE}, and rotation needs two: the new, the old.",
                hint="Make a new key, put it before the old one with a comma between them, wherever the vault is used; "
                "then rotate.",
            )
        both = Keyring((self._cabinet.new_key(), *kept.keys))
        self._keep(source, header.vault_id, both)
        return Turn(both, source.value)

    def finish(self, header: Header, turn: Turn) -> None:
        """Drop every key but the newest."""
        self._keep(KeySource(turn.key_source), header.vault_id, Keyring((turn.keyring.newest,)))

    def _begin_passphrase(self, header: Header, at_hand: Keyring) -> Turn:
        source = KeySource.PASSPHRASE.value
        if len(at_hand.keys) > 1:
            after = passphrase.without_retired(header.details)
            return Turn(at_hand, source, True, details=header.details, details_after=after)
        new, after = self._cabinet.new_passphrase()
        old = at_hand.newest
        details = passphrase.with_retired(after, old, new, header.vault_id, self._cabinet.entropy)
        return Turn(Keyring((new, old)), source, details=details, details_after=after)

    def _keep(self, source: KeySource, vault_id: str, keys: Keyring) -> None:
        if source is KeySource.FILE:
            key_file.replace_private(self._cabinet.file_of(vault_id), keys.to_text())
        elif source is KeySource.KEYRING:
            keep_in_keyring(vault_id, keys)
