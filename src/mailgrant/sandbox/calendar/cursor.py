"""
Cursors: the page tokens and sync tokens of Calendar's lists.

Both are opaque to clients. A page token says where the next page begins; a sync token says which
change was the last one seen, in which collection, and under which parameters.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from mailgrant.sandbox.diary import refusals

# Google names no figure; a token unused for so long is taken for stale.
SYNC_TOKEN_LIFE = timedelta(days=30)
CHECK_SIZE = 6


@dataclass(frozen=True, slots=True)
class Page:
    """
    Where a page begins: after the item with this `key` (the first page: after none).

    `change` is the collection's count when the first page was answered, so that what changes while
    a client turns pages is in its next sync.
    """

    key: tuple[Any, ...] | None
    name: str = field(kw_only=True)
    change: int = field(kw_only=True)

    def next(self, key: Sequence[Any]) -> str:
        """Return the token of the page that begins after `key`."""
        return _sealed({"list": self.name, "page": list(key), "change": self.change})


@dataclass(frozen=True, slots=True)
class Collection:
    """
    What is listed and synced: its name, its count of changes, and the change since which tokens count.

    `made` tells one from another of the same name, before a reset for instance.
    """

    name: str
    change: int = field(kw_only=True)
    valid_since: int = field(kw_only=True, default=0)
    made: datetime = field(kw_only=True)

    def page(self, token: str | None) -> Page:
        """Return the page that a token names, without one the first."""
        if token is None:
            return Page(None, name=self.name, change=self.change)
        values = _opened(token)
        if values.get("list") != self.name:
            raise refusals.invalid(parameter="pageToken")
        return Page(tuple(values["page"]), name=self.name, change=values["change"])

    def sync_token(self, page: Page, bound: Mapping[str, Any], now: datetime) -> str:
        """Return the token for what will have changed since the first page; `bound` are its parameters."""
        return _sealed(
            {
                "sync": self.name,
                "made": self.made.timestamp(),
                "change": page.change,
                "at": int(now.timestamp()),
                "bound": dict(bound),
            }
        )

    def since(self, token: str | None, bound: Mapping[str, Any], now: datetime) -> tuple[int | None, dict[str, Any]]:
        """
        Return the change a sync token was given at, and the parameters it was given under.

        None and nothing without a token. `bound` are the parameters that must not have changed.
        Raises 410 for a token that is too old or belongs elsewhere.
        """
        if token is None:
            return None, {}
        values = _opened(token)
        if (values.get("sync"), values.get("made")) != (self.name, self.made.timestamp()):
            raise refusals.full_sync_required()
        change, kept = int(values["change"]), dict(values["bound"])
        fresh = now.timestamp() - values["at"] <= SYNC_TOKEN_LIFE.total_seconds()
        unchanged = all(kept.get(name) == value for name, value in bound.items())
        if not (fresh and unchanged and self.valid_since <= change <= self.change):
            raise refusals.full_sync_required()
        return change, kept


def _sealed(values: Mapping[str, Any]) -> str:
    content = json.dumps(values, separators=(",", ":")).encode()
    return urlsafe_b64encode(_check(content) + content).decode()


def _opened(token: str) -> dict[str, Any]:
    """Return what a token of ours says, nothing for any other text."""
    try:
        sealed = urlsafe_b64decode(token.encode())
    except ValueError:
        return {}
    check, content = sealed[:CHECK_SIZE], sealed[CHECK_SIZE:]
    return dict(json.loads(content)) if content and check == _check(content) else {}


def _check(content: bytes) -> bytes:
    # Against accidents, not attacks: whoever is in the sandbox may read all of it anyway.
    return blake2b(content, digest_size=CHECK_SIZE).digest()
