"""Places: the words that say where a vault is, read and shown."""

from __future__ import annotations

import re
from pathlib import Path

from mailgrant.errors import SettingsError

MEMORY = ":memory:"
POSTGRES_SCHEMES = frozenset({"postgresql", "postgres"})
HIDDEN = "***"


def file_at(place: str) -> Path | None:
    """Return the file that `place` names, None for a vault in no file; raises SettingsError for any other URL."""
    if place == MEMORY or is_in_postgres(place):
        return None
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Path(place).expanduser()
    if scheme != "sqlite":
        raise SettingsError(
            f"A vault at {scheme}:// is not known.",
            hint="It may be a path, sqlite:///PATH, postgresql://HOST/DATABASE or :memory:.",
        )
    return Path("/" + rest.lstrip("/"))


def is_in_postgres(place: str) -> bool:
    """Tell whether `place` is the URL of a PostgreSQL database."""
    scheme, separator, _ = place.partition("://")
    return bool(separator) and scheme in POSTGRES_SCHEMES


def shown(place: str) -> str:
    """
    Return `place` as it may be shown: without the password that a URL carries.

    Rather too much is hidden than too little: a password with an unquoted `@` or `/` in it goes as well.
    """
    if not is_in_postgres(place):
        return place
    place = re.sub(r"(?s)^([^:]+://[^:@/?]*):.*@", rf"\1:{HIDDEN}@", place)
    return re.sub(r"(?i)([?&](?:ssl)?password=)[^&]*", rf"\1{HIDDEN}", place)
