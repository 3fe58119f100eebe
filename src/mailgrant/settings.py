"""
Settings: flags over environment over file, and what follows from them.

Which realm, which vault. Everything mailgrant makes on the way (a vault, a key) is
said on stderr, so that nobody finds out later where their grants are.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailgrant.errors import SettingsError
from mailgrant.vault.lease import LEASE

if TYPE_CHECKING:
    from mailgrant.content_cache import ContentCache
    from mailgrant.gmail.attempt import Patience
    from mailgrant.keys import KeyCabinet
    from mailgrant.oauth.realm import Realm
    from mailgrant.vault.vault import Vault

MEMORY = ":memory:"
FILE_KEYS = frozenset(
    {
        "account",
        "json",
        "google",
        "vault",
        "allow_google",
        "patience",
        "quota",
        "in_flight",
        "batch",
        "recipients",
        "cache",
    }
)

SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([kKMGT]?B)?")
UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
# More than any disk holds; what is larger stands for as much as there is.
LARGEST_CACHE = 10**15

_SETTINGS = 'Settings are TOML, such as: account = "ada@example.com". --settings names another file.'

Entropy = Callable[[int], bytes]
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What was set, by flag, environment or file, and where mailgrant keeps things.

    `google` is None for the real Google, else a sandbox's origin. `vault` is a path, a `sqlite:///` or
    `postgresql://` URL, `:memory:`, or None for the default. `allow_google` lists origins other than
    loopback that `google` may name. `waits` are the parts of `Patience` that were set, in seconds.
    `quota` is Google's table for the project, "2026" or "legacy", or "off", which is for sandboxes
    without a quota; `in_flight` how many requests of one account may be under way at once; `batch` how many
    messages or threads one request asks for, of those; None is one, with FastTransport as many as `in_flight`.
    `recipients` is how many a mail may have. `cache` is how much of what never changes is kept on disk, sealed, below
    `cache_folder`: a size such as "500 MB", or a number of bytes; 0 is nothing. `lease` is how long
    one who refreshes a grant may be silent before the next one takes over; only tests shorten it.
    """

    google: str | None = None
    # Not in the repr: a URL may carry a password.
    vault: str | None = field(default=None, repr=False)
    account: str | None = None
    json: bool = False
    allow_google: tuple[str, ...] = ()
    waits: Mapping[str, float] = field(default_factory=dict)
    quota: str = "2026"
    in_flight: int = 5
    batch: int | None = None
    recipients: int = 500
    cache: str | int = 0
    lease: timedelta = LEASE
    key: str | None = field(default=None, repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    config_folder: Path
    data_folder: Path
    cache_folder: Path | None = None

    def __post_init__(self) -> None:
        if self.quota not in ("2026", "legacy", "off"):
            raise SettingsError(f"quota is 2026, legacy, auto or off, not {self.quota!r}.")
        if type(self.in_flight) is not int or not 1 <= self.in_flight <= 100:
            raise SettingsError(f"in_flight is a number from 1 to 100, not {self.in_flight!r}.")
        if self.batch is not None and (type(self.batch) is not int or not 1 <= self.batch <= self.in_flight):
            raise SettingsError(
                f"batch is a number from 1 to {self.in_flight}, not {self.batch!r}.",
                hint="The calls that a batch carries are under way at once, and in_flight bounds these.",
            )
        if type(self.recipients) is not int or not 1 <= self.recipients <= 2000:
            raise SettingsError(f"recipients is a number from 1 to 2000, not {self.recipients!r}.")
        if _bytes_of(self.cache) is None:
            raise SettingsError(f'cache is a size such as "500 MB", or 0 for none, not {self.cache!r}.')

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, file: Path | None = None, **flags: Any) -> Settings:
        """
        Gather the settings; a flag that is None was not given.

        Raises SettingsError when the file is missing though named, is not TOML, or has a key that
        does not exist.
        """
        environ = dict(os.environ if environ is None else environ)
        config, data, cache = _folders()
        named = file or (Path(environ["MAILGRANT_SETTINGS"]) if environ.get("MAILGRANT_SETTINGS") else None)
        values = _read_file(named or config / "settings.toml", required=named is not None)
        for name in ("google", "vault", "account", "key"):
            if environ.get(f"MAILGRANT_{name.upper()}"):
                values[name] = environ[f"MAILGRANT_{name.upper()}"]
        if environ.get("MAILGRANT_JSON"):
            values["json"] = environ["MAILGRANT_JSON"].lower() not in ("0", "false", "no")
        values.update({name: value for name, value in flags.items() if value is not None})
        return cls(environ=environ, config_folder=config, data_folder=data, cache_folder=cache, **values)

    @property
    def patience(self) -> Patience:
        """How long a send whose answer was lost is waited for; raises SettingsError for what is no wait."""
        from mailgrant.gmail.attempt import Patience

        unknown = sorted(set(self.waits) - {"still_running", "between_looks", "giving_up"})
        if unknown or not all(type(wait) in (int, float) for wait in self.waits.values()):
            raise SettingsError(
                "The table [patience] of settings.toml is not usable.",
                hint="It may set still_running, between_looks and giving_up, each a number of seconds.",
            )
        return Patience(**{name: timedelta(seconds=wait) for name, wait in self.waits.items()})

    @property
    def cache_bytes(self) -> int:
        """How many bytes the cache on disk may have; 0 when there is none."""
        return _bytes_of(self.cache) or 0

    def realm(self) -> Realm:
        """Return where Google is; raises SettingsError when `google` names a host that is not allowed."""
        from mailgrant.oauth.realm import Realm

        return Realm.at(self.google, allowed=self.allow_google) if self.google else Realm.google()

    def vault_url(self) -> str:
        """Return where the vault is, or would be, to open it: each realm has its own default."""
        default = self.data_folder / ("sandbox.db" if self.google else "vault.db")
        return self.vault or str(default)

    def vault_place(self) -> str:
        """Return the same to be shown: without the password that a URL may carry."""
        from mailgrant.storage import shown

        return shown(self.vault_url())

    def has_vault(self) -> bool:
        """Tell whether there is a vault at `vault_place`; the one in memory is always there."""
        from mailgrant.storage import holds_vault

        return holds_vault(self.vault_url())

    def cabinet(self, entropy: Entropy = os.urandom) -> KeyCabinet:
        """Return what finds and makes the keys of vaults."""
        from mailgrant.keys import KeyCabinet

        return KeyCabinet(given=self.key, environ=self.environ, config_folder=self.config_folder, entropy=entropy)

    def bring_up_to_date(self) -> bool:
        """Bring the vault that is there up to date; tell whether an older mailgrant had made it."""
        from mailgrant.storage import open_store

        store = open_store(self.vault_url(), create=False, upgrade=True)
        upgraded = store.upgraded
        store.close()
        return upgraded

    def open_vault(self, *, clock: Clock, entropy: Entropy, create: bool = True, key_source: str = "file") -> Vault:
        """
        Open the vault, making it and its key when there is none and `create` allows.

        Raises VaultLocked when the key is missing or wrong, SettingsError when the vault belongs to
        the other realm, VaultError when it cannot be read or made.
        """
        from mailgrant.keys import KeySource
        from mailgrant.locksmith import Locksmith
        from mailgrant.storage import open_store

        place = self.vault_place()
        store = open_store(self.vault_url(), create=create, lease=self.lease)
        try:
            cabinet = self.cabinet(entropy)
            locksmith = Locksmith(store=store, place=place, realm=self.realm(), cabinet=cabinet, clock=clock, say=say)
            if not create:
                return locksmith.open()
            return locksmith.open_or_create(KeySource.MEMORY if place == MEMORY else KeySource(key_source))
        except BaseException:
            store.close()
            raise

    def content_cache(self, vault: Vault) -> ContentCache | None:
        """Return the vault's cache on disk, which with a size of 0 only forgets; None for a vault in memory."""
        from mailgrant.content_cache import ContentCache

        if self.cache_folder is None or self.vault_url() == MEMORY:
            return None
        folder = self.cache_folder / f"{vault.sealer.header.realm.value}-{vault.id}"
        return ContentCache(vault, folder, most=self.cache_bytes, say=say)


def say(line: str) -> None:
    """Tell the person at the terminal; stdout stays free for data."""
    sys.stderr.write(f"mailgrant: {line}\n")


def _folders() -> tuple[Path, Path, Path]:
    import platformdirs

    name = "mailgrant"
    return platformdirs.user_config_path(name), platformdirs.user_data_path(name), platformdirs.user_cache_path(name)


def _bytes_of(size: object) -> int | None:
    """Return how many bytes "500 MB" is, or a number; None for what is no size."""
    if type(size) is int:
        return size if 0 <= size <= LARGEST_CACHE else None
    found = SIZE.fullmatch(size.strip()) if isinstance(size, str) else None
    if found is None:
        return None
    number, unit = found.groups()
    return min(int(float(number) * UNITS[(unit or "B").upper()]), LARGEST_CACHE)


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    import tomllib

    from mailgrant.given_file import read_given

    try:
        values = tomllib.loads(read_given(path, hint=_SETTINGS).decode())
    except SettingsError as error:
        if not required and isinstance(error.__cause__, FileNotFoundError):
            return {}
        raise
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}.", hint=_SETTINGS) from error
    unknown = sorted(set(values) - FILE_KEYS)
    if unknown:
        known = ", ".join(sorted(FILE_KEYS))
        raise SettingsError(f"{path} sets {unknown[0]!r}, which does not exist.", hint=f"It may set: {known}.")
    if "allow_google" in values:
        values["allow_google"] = tuple(values["allow_google"])
    if "patience" in values:
        values["waits"] = values.pop("patience")
    if values.get("quota") == "auto":
        values["quota"] = "2026"
    return values
