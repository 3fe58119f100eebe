"""
PartToken: an access token for a part of a grant, kept so that one refresh serves all who want that part.

It is bound to the grant and to what renewed it: after a new consent, or once the grant is dead, no
asker finds it any more. There is one row per grant and set of scopes.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailgrant.errors import VaultDamaged
from mailgrant.oauth.credentials import STALE_BEFORE
from mailgrant.oauth.scopes import Scopes
from mailgrant.secret import Secret

from .grant import Grant
from .lease import Lease
from .sealer import Sealer
from .store import Row, VaultStore

TABLE = "tokens"
PAGE = 100


@dataclass(frozen=True, slots=True)
class PartToken:
    """
    An access token that opens `scopes` and nothing else of the grant.

    `renewed_by` says which refresh token it came from, without being it. `version` counts the writes.
    """

    grant_id: str
    scopes: Scopes = field(kw_only=True)
    access_token: Secret = field(kw_only=True)
    expires_at: datetime = field(kw_only=True)
    renewed_by: str = field(kw_only=True)
    version: int = field(kw_only=True, default=0)

    def is_good(self, grant: Grant, now: datetime) -> bool:
        """True while it has some minutes left and `grant` is still the one it came from."""
        return self.works(grant, now) and self.expires_at - now > STALE_BEFORE

    def works(self, grant: Grant, now: datetime) -> bool:
        """True while Google should accept it, be it for a minute."""
        return self.renewed_by == renewer(grant) and now < self.expires_at


def part_key(grant_id: str, scopes: Scopes) -> str:
    """Return the key of the row, and of the lease, of one part of a grant."""
    return f"{grant_id}.{_digest(str(scopes))}"


def renewer(grant: Grant) -> str:
    """Name what renews a grant: it changes with the refresh token, and with each consent."""
    refresh_token = grant.credentials.refresh_token
    renewed_by = refresh_token.reveal() if refresh_token is not None else grant.client_id
    return _digest(f"{grant.consented_at.isoformat()} {renewed_by}")


def find(sealer: Sealer, grant_id: str, scopes: Scopes) -> PartToken | None:
    """Return the token kept for this part, however old, or None."""
    row = sealer.store.tokens.get(part_key(grant_id, scopes))
    if row is None:
        return None
    part = _from_bytes(sealer.open(TABLE, row), version=row.version)
    if part_key(part.grant_id, part.scopes) != row.key:
        raise VaultDamaged("A row of tokens was relabelled.")
    return part


def keep(sealer: Sealer, part: PartToken, *, lease: Lease) -> PartToken:
    """Write a token in place of the one before; raises GrantChanged when `lease` passed to somebody else."""
    row = sealer.store.tokens.get(part_key(part.grant_id, part.scopes))
    held = row.version if row is not None else 0
    kept = replace(part, version=held + 1)
    row = Row(part_key(part.grant_id, part.scopes), version=kept.version, sealed=b"")
    sealer.put(TABLE, row, _to_bytes(kept), expect=held, lease=lease)
    return kept


def drop_all(store: VaultStore, grant_id: str) -> None:
    """Delete every token of a grant."""
    prefix = f"{grant_id}."
    while True:
        rows = [row for row in store.tokens.page(after=prefix, limit=PAGE) if row.key.startswith(prefix)]
        for row in rows:
            store.tokens.take(row.key)
        if len(rows) < PAGE:
            return


def _digest(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:15]).decode("ascii")


def _to_bytes(part: PartToken) -> bytes:
    values = {
        "grant_id": part.grant_id,
        "scopes": str(part.scopes),
        "access_token": part.access_token.reveal(),
        "expires_at": part.expires_at.isoformat(),
        "renewed_by": part.renewed_by,
    }
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()


def _from_bytes(record: bytes, *, version: int) -> PartToken:
    values = json.loads(record)
    return PartToken(
        values["grant_id"],
        scopes=Scopes.granted(values["scopes"]),
        access_token=Secret(values["access_token"]),
        expires_at=datetime.fromisoformat(values["expires_at"]),
        renewed_by=values["renewed_by"],
        version=version,
    )
