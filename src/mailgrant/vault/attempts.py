"""Attempts: the sends of a vault that are not settled yet, sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mailgrant.errors import VaultDamaged
from mailgrant.gmail.attempt import Attempt, Stage

from .sealer import Sealer
from .store import Row

TABLE = "attempts"


class Attempts:
    """The attempts of one vault. Everything here is synchronous and touches the store only."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def keep(self, attempt: Attempt) -> Attempt:
        """Write an attempt and return it with its new version; raises GrantChanged when somebody else wrote it."""
        kept = replace(attempt, version=attempt.version + 1)
        row = Row(kept.id, version=kept.version, sealed=b"", account=kept.account.casefold())
        self._sealer.put(TABLE, row, _to_bytes(kept), expect=attempt.version)
        return kept

    def forget(self, attempt: Attempt) -> None:
        """Take an attempt out: it is settled, whoever settled it."""
        self._sealer.store.attempts.take(attempt.id)

    def get(self, attempt_id: str) -> Attempt | None:
        """Return an attempt, None when it is settled."""
        row = self._sealer.store.attempts.get(attempt_id)
        return self._attempt(row) if row is not None else None

    def of_grant(self, grant_id: str, account: str) -> tuple[Attempt, ...]:
        """Return the attempts under a grant, the oldest first."""
        rows = self._sealer.store.attempts.find(account=account.casefold())
        found = (self._attempt(row) for row in rows)
        return tuple(sorted((each for each in found if each.grant_id == grant_id), key=lambda each: each.begun_at))

    def _attempt(self, row: Row) -> Attempt:
        values: Mapping[str, Any] = json.loads(self._sealer.open(TABLE, row))
        if values["account"].casefold() != row.account:
            raise VaultDamaged("A row of attempts was relabelled.")
        return Attempt(
            row.key,
            grant_id=values["grant_id"],
            account=values["account"],
            stage=Stage(values["stage"]),
            begun_at=datetime.fromisoformat(values["begun_at"]),
            at=datetime.fromisoformat(values["at"]),
            draft_id=values["draft_id"],
            message_id=values["message_id"],
            thread_id=values["thread_id"],
            content=values["content"],
            tries=values["tries"],
            marked=values["marked"],
            version=row.version,
        )


def _to_bytes(attempt: Attempt) -> bytes:
    values = {
        "grant_id": attempt.grant_id,
        "account": attempt.account,
        "stage": attempt.stage.value,
        "begun_at": attempt.begun_at.isoformat(),
        "at": attempt.at.isoformat(),
        "draft_id": attempt.draft_id,
        "message_id": attempt.message_id,
        "thread_id": attempt.thread_id,
        "content": attempt.content,
        "tries": attempt.tries,
        "marked": attempt.marked,
    }
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()
