"""Key drawer: where one vault's key is kept, as it is changed for a new one or moved elsewhere (`vault.rotation`)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from mailgrant import key_details, key_file
from mailgrant.errors import SettingsError, VaultLocked
from mailgrant.keys import FILE_VARIABLE, VARIABLE, KeyCabinet, KeySource, check_apart, keep_in_keyring
from mailgrant.vault.header import Header
from mailgrant.vault.rotation import Turn
from mailgrant.vault.sealing import Key, Keyring

WRITTEN = frozenset({KeySource.FILE, KeySource.KEYRING})


class KeyDrawer:
    """Where one vault's key is changed for a new one; `to` names where it shall be kept from then on."""

    def __init__(self, cabinet: KeyCabinet, place: str, *, to: KeySource | None = None) -> None:
        self._cabinet = cabinet
        self._place = place
        self._to = to

    def alone(self, header: Header) -> AbstractContextManager[None]:
        """Let nobody else write where this vault's key is kept meanwhile."""
        if WRITTEN & {self._to, self._cabinet.source_of(header, self._place)}:
            return key_file.alone(self._cabinet.file_of(header.vault_id).with_suffix(".lock"))
        # Nothing is written but the vault, where the generation tells who was first.
        return nullcontext()

    def begin(self, header: Header, at_hand: Keyring) -> Turn:
        """
        Put a new key before the old one, or where it shall be kept, unless one is there already.

        What was stopped before is taken up as it was begun. Raises SettingsError where only the person
        who keeps the key can do that.
        """
        source = self._cabinet.source_of(header, self._place)
        if KeySource.MEMORY in (source, self._to):
            raise SettingsError("A vault in memory has a key that ends with it; there is nothing to rotate.")
        if key_details.has_retired(header):
            return _resumed(header, at_hand)
        kept = self._kept(source, header, at_hand)
        if self._to is not None and source.value != header.key_source:
            self._check_nothing_is_hidden(header, kept)
        if self._to is None or header.key_source == self._to.value:
            return self._begin_in_place(self._to or source, header, kept)
        if source in WRITTEN and len(kept.keys) > 1:
            # It was stopped while the key was changed where it is: that comes to its end first.
            return self._begin_in_place(source, header, kept)
        return self._begin_move(self._to, header, kept)

    def finish(self, header: Header, turn: Turn) -> None:
        """Drop every key but the newest, and whatever is left where the key was kept before it was moved."""
        self._keep(KeySource(turn.key_source), header.vault_id, turn.keyring.newest)
        left = {source.value: source for source in KeySource}.get(turn.moved_from or turn.key_source)
        # Anybody who may write the database may have written there what is no place, or the place of now.
        if left is not None and left.value != turn.key_source:
            self._cabinet.discard(left, header.vault_id)

    def _kept(self, source: KeySource, header: Header, at_hand: Keyring) -> Keyring:
        """Return the keys as they are kept now: a process also has those at hand that it used before."""
        if source is KeySource.PASSPHRASE:
            return Keyring((at_hand.find(header.key_id),))
        return self._cabinet.find(header, self._place)

    def _check_nothing_is_hidden(self, header: Header, kept: Keyring) -> None:
        """Refuse to drop what is kept where the header says, while a key there may be the only one of some row."""
        if KeySource(header.key_source) not in WRITTEN:
            return
        try:
            hidden = self._cabinet.kept_where_named(header, self._place)
        except VaultLocked:
            return
        if {key.id for key in hidden.keys} - {key.id for key in kept.keys}:
            raise SettingsError(
                f"The vault's {header.key_source} has a key that the environment does not.",
                hint=f"Unset {VARIABLE} and {FILE_VARIABLE}, and run `mailgrant vault rotate`; then move the key.",
            )

    def _begin_in_place(self, source: KeySource, header: Header, kept: Keyring) -> Turn:
        if source is KeySource.PASSPHRASE:
            new, details = self._cabinet.new_passphrase()
            return self._retiring(header, kept, new, source, _as_left(details, header))
        if len(kept.keys) > 1:
            # Only the environment's second key is put there by a person.
            resumed = source is not KeySource.ENVIRONMENT or kept.newest.id == header.key_id
        elif source is KeySource.ENVIRONMENT:
            raise self._needs_two()
        else:
            kept, resumed = Keyring((self._cabinet.new_key(), *kept.keys)), False
        self._keep(source, header.vault_id, *kept.keys)
        details = "" if source is KeySource.ENVIRONMENT else _after(header.details)
        return Turn(kept, source.value, resumed, details=details, details_after=details)

    def _begin_move(self, to: KeySource, header: Header, kept: Keyring) -> Turn:
        """
        Put a new key where it shall be kept.

        The old one goes into the header: from then on the new one opens everything. What a move that
        was stopped before has left there is replaced, for nothing was sealed with it.
        """
        new, details = self._new_key(to, header)
        if len({key.id for key in kept.keys} - {new.id}) > 1:
            raise SettingsError(
                "The environment holds two keys, and the vault is not done with the older one.",
                hint="Run `mailgrant vault rotate`, set the newer one alone, then move it.",
            )
        self._keep(to, header.vault_id, new)
        return self._retiring(header, kept, new, to, details, moved_from=header.key_source)

    def _new_key(self, to: KeySource, header: Header) -> tuple[Key, str]:
        if to is KeySource.PASSPHRASE:
            return self._cabinet.new_passphrase()
        if to is KeySource.FILE:
            check_apart(self._cabinet.file_of(header.vault_id), self._place)
        if to is not KeySource.ENVIRONMENT:
            return self._cabinet.new_key(), ""
        given = self._cabinet.from_environment()
        if given is None or given.newest.id == header.key_id:
            raise self._needs_two()
        return given.newest, ""

    def _retiring(
        self, header: Header, kept: Keyring, new: Key, to: KeySource, details: str, moved_from: str | None = None
    ) -> Turn:
        old = kept.find(header.key_id)
        begun = key_details.with_origin(details, moved_from) if moved_from is not None else details
        begun = key_details.with_retired(begun, old, new, header.vault_id, self._cabinet.entropy)
        return Turn(Keyring((new, old)), to.value, details=begun, details_after=_after(begun), moved_from=moved_from)

    def _needs_two(self) -> SettingsError:
        return SettingsError(
            f"There is one key in {VARIABLE} or {FILE_VARIABLE}, and rotation needs two: the new, the old.",
            hint="Make a new key, put it before the old one with a comma between them, wherever the vault is used; "
            "then rotate.",
        )

    def _keep(self, source: KeySource, vault_id: str, *keys: Key) -> None:
        if source is KeySource.FILE:
            key_file.replace_private(self._cabinet.file_of(vault_id), Keyring(keys).to_text())
        elif source is KeySource.KEYRING:
            keep_in_keyring(vault_id, Keyring(keys))


def _resumed(header: Header, at_hand: Keyring) -> Turn:
    """Take up a rotation whose header holds the retired key."""
    details, before = header.details, key_details.origin(header.details)
    return Turn(at_hand, header.key_source, True, details=details, details_after=_after(details), moved_from=before)


def _after(details: str) -> str:
    """
    Return what of the details stays when every row is sealed anew.

    That the key was in the environment stays: programs may run for weeks with the old one set.
    """
    left = key_details.without_retired(details)
    stays = key_details.origin(details) == KeySource.ENVIRONMENT.value
    return left if stays else key_details.without_origin(left)


def _as_left(details: str, header: Header) -> str:
    """Return details of a new passphrase that say what the header says of where the key was before."""
    before = key_details.origin(header.details)
    return key_details.with_origin(details, before) if before is not None else details
