# Written by scripts/unasync.py from src/mailgrant/_async/vault_keeping.py.
# Do not edit: change that file and run `make sync`.
"""Vault keeping: what the owner of a vault does with it besides using it; reached as `mailgrant.vault`."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from .waiting import in_thread

if TYPE_CHECKING:
    from mailgrant.backup_file import VaultBackup, VaultRestored
    from mailgrant.keeping import VaultCheck, VaultStatus
    from mailgrant.vault.audit import AuditEntry
    from mailgrant.vault.rotation import Rotated

    from .workplace import Workplace


class VaultKeeping:
    """The vault itself: its state, its key, its backups and its audit."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def status(self) -> VaultStatus:
        """Say where the vault is, what opens it, and how many rows each of its tables has."""
        from mailgrant import keeping

        vault = self._workplace.vault()
        return in_thread(keeping.status, self._workplace.settings, vault)

    def check(self, *, against: str | None = None, discard: bool = False) -> VaultCheck:
        """
        Open every row where it stands, and look at the files of the vault and its key.

        Gives the line of a mark when nothing is wrong. With that line as `against`, a later check
        finds rows that somebody who may write the database has put back or deleted since. `discard`
        deletes rows that no key will open again, so that those people can be asked anew. Raises
        SettingsError when `against` is no mark of this vault.
        """
        from mailgrant import keeping

        settings = self._workplace.settings
        # Before opening it, which makes its file private again.
        loose = in_thread(keeping.check_vault_files, settings)
        vault = self._workplace.vault()
        return in_thread(keeping.check, settings, vault, loose=loose, against=against, discard=discard)

    def rotate(self, *, key: str | None = None, progress: Callable[[int], None] | None = None) -> Rotated:
        """
        Change the vault's key for a new one, and seal every row with it; others may work meanwhile.

        `key` says where it is kept from then on, "file", "keyring", "passphrase" or "environment"; the
        old one is taken away. Where it was stopped, it is finished by calling it again. `progress` is
        told how many rows were looked at. Raises SettingsError where the key is in the environment and
        the new one is not there yet, VaultError when somebody else is changing it.
        """
        from mailgrant import keeping

        vault = self._workplace.vault()
        rotated = in_thread(keeping.rotate, self._workplace.settings, vault, key=key, progress=progress)
        cache = self._workplace.cache()
        if cache is not None:
            # Whoever has the old key could read what it sealed.
            in_thread(cache.forget)
        return rotated

    def backup(self, to: str | os.PathLike[str]) -> VaultBackup:
        """
        Write the grants, clients, audit and marks to a new file, sealed as they are; the key is not in it.

        Raises SettingsError when there is a file already, VaultError when it cannot be written.
        """
        from mailgrant import backup_file

        vault = self._workplace.vault()
        return in_thread(backup_file.backup, vault, Path(to))

    def restore(self, file: str | os.PathLike[str]) -> VaultRestored:
        """
        Make the vault out of a backup, where there is none.

        Its grants are unproved until they are refreshed next. Raises SettingsError when the file is
        no backup or not whole, VaultLocked without its key, VaultError when there is a vault already;
        then nothing was written.
        """
        from mailgrant import backup_file

        place = self._workplace
        return in_thread(backup_file.restore, place.settings, Path(file), clock=place.clock, entropy=place.entropy)

    def audit(self, account: str | None = None, *, limit: int | None = None) -> tuple[AuditEntry, ...]:
        """Return who did what to which grant, the newest first; about one account if it is named."""
        if self._workplace.is_new():
            return ()
        vault = self._workplace.vault()
        return in_thread(lambda: tuple(islice(vault.audit.entries(account=account), limit)))
