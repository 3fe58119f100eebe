"""
ContentCache: contents that never change, kept on disk beyond the program, sealed by the vault's key.

It is there to save requests and is never in the way: what does not open is fetched again, and where
nothing can be written that is said once and reading goes on. Nothing comes out of it for a grant
that could not fetch it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from mailgrant.errors import GrantNotFound, MailgrantError
from mailgrant.oauth.scopes import accepted_for
from mailgrant.storage.sealed_folder import SealedFolder
from mailgrant.vault.content_seal import ContentName, ContentSeal
from mailgrant.vault.grant import GrantStatus
from mailgrant.vault.sealing import KEY_ID_BYTES
from mailgrant.vault.vault import Vault

# Every scope that allows it allows whole mails as well; of those that allow mails, one shows headers only.
READING = accepted_for("gmail.users.messages.attachments.get")
# What a folder of ours is called; what else lies there is not ours to delete.
KEY_FOLDER = re.compile(rf"[0-9a-f]{{{2 * KEY_ID_BYTES}}}")
OVER = frozenset({GrantStatus.NEEDS_CONSENT, GrantStatus.REVOKED})


class ContentCache:
    """
    The cache of one vault in `folder`, up to `most` bytes; with 0 it only forgets.

    `say` tells the person at the terminal. Everything here blocks.
    """

    def __init__(self, vault: Vault, folder: Path, *, most: int, say: Callable[[str], None]) -> None:
        self._vault = vault
        self._files = SealedFolder(folder, most)
        self._say = say
        self._seal: ContentSeal | None = None
        self._complained = False

    def shelf(self, grant_id: str) -> Shelf:
        """Return what one grant has here."""
        return Shelf(self, grant_id)

    def get(self, name: ContentName) -> bytes | None:
        """Return a content, None when it is not here, does not open, or is not this grant's to read."""
        try:
            return self._opened(name) if self._allows(name.grant_id) else None
        except OSError as error:
            self._complain(error)
            return None

    def put(self, name: ContentName, content: bytes) -> None:
        """Keep a content, where that can be done."""
        try:
            seal = self._current()
            # Somebody may delete the folder at this moment.
            with contextlib.suppress(FileNotFoundError):
                self._files.put(seal.place_of(name), seal.seal(name, content))
            # A goodbye or a new key while we fetched and wrote has deleted only what was here before.
            self._allows(name.grant_id)
            self._current()
        except OSError as error:
            self._complain(error)

    def forget(self, *grant_ids: str) -> None:
        """Delete what was read with these grants, and whatever an older key sealed."""
        try:
            self.sweep()
            for grant_id in grant_ids:
                self._files.drop(self._current().folder_of(grant_id))
        except OSError as error:
            self._complain(error)

    def sweep(self) -> None:
        """Delete what other keys sealed: nobody asks for it any more."""
        seal = self._current()
        for folder in self._files.folders():
            if folder != seal.folder and KEY_FOLDER.fullmatch(folder):
                self._files.drop(folder)

    def _opened(self, name: ContentName) -> bytes | None:
        seal = self._current()
        path = seal.place_of(name)
        sealed = self._files.get(path)
        if sealed is None:
            return None
        content = seal.open(name, sealed)
        if content is None:
            self._files.discard(path)
        return content

    def _allows(self, grant_id: str) -> bool:
        """Tell whether a grant may read its mail now; what is here of one that is over is deleted."""
        try:
            grant = self._vault.grant(grant_id)
        except GrantNotFound:
            self.forget(grant_id)
            return False
        except MailgrantError:
            # The request that follows says what is wrong with the vault.
            return False
        if grant.status in OVER:
            self.forget(grant_id)
        return grant.status is GrantStatus.ACTIVE and any(scope in grant.scopes for scope in READING)

    def _current(self) -> ContentSeal:
        """Return what seals by the key that the vault has now."""
        sealer = self._vault.sealer
        key = sealer.keyring.newest
        seal = self._seal
        if seal is None or seal.key.id != key.id:
            seal = self._seal = ContentSeal(self._vault.id, key, sealer.entropy)
            self.sweep()
        return seal

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            self._say(f"the cache in {self._files.folder} cannot be used: {error.strerror or error}.")


class Shelf:
    """What one grant has in a cache."""

    def __init__(self, cache: ContentCache, grant_id: str) -> None:
        self._cache = cache
        self._grant_id = grant_id

    def get(self, text: str) -> bytes | None:
        """Return the content of this name, None when it is not here."""
        return self._cache.get(ContentName(self._grant_id, text))

    def put(self, text: str, content: bytes) -> None:
        """Keep a content."""
        self._cache.put(ContentName(self._grant_id, text), content)
