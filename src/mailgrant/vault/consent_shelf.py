"""ConsentShelf: the questions that people were asked and have not answered yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from mailgrant.errors import ConsentExpired, VaultDamaged
from mailgrant.oauth.consent import Consent

from . import records
from .sealer import Sealer
from .store import Row

CONSENTS = "consents"
SWEEP_EVERY = timedelta(minutes=1)


class ConsentShelf:
    """The pending consents of a vault; each is answered once, or swept out."""

    def __init__(self, sealer: Sealer, clock: Callable[[], datetime]) -> None:
        self.sealer = sealer
        self.clock = clock
        self._questions = sealer.store.consents
        self._swept_at: datetime | None = None

    def remember(self, consent: Consent) -> None:
        """Keep a question until it is answered, and sweep out those that nobody answered in time."""
        self._sweep()
        row = Row(consent.id, version=1, sealed=b"")
        self.sealer.put(CONSENTS, row, records.consent_to_bytes(consent), expect=0)

    def take_consent(self, consent_id: str) -> Consent:
        """
        Take a pending consent out, in one step: whoever races for it, one gets it.

        Raises ConsentExpired when it is not there (any more), or is too old.
        """
        row = self._questions.take(consent_id)
        if row is None:
            raise ConsentExpired("This consent was answered already, was never asked here, or has expired.")
        consent = records.consent_from_bytes(self.sealer.open(CONSENTS, row), key=row.key)
        if self.clock() > consent.expires_at:
            raise ConsentExpired("The answer came too late: a link is good for ten minutes.")
        return consent

    def pending_consents(self) -> tuple[Consent, ...]:
        """Return the questions that are open."""
        rows = self._questions.find()
        pending = (records.consent_from_bytes(self.sealer.open(CONSENTS, row), key=row.key) for row in rows)
        return tuple(consent for consent in pending if consent.expires_at >= self.clock())

    def _sweep(self) -> None:
        now = self.clock()
        # To see how old they are each must be opened, which is not worth doing for each new question.
        if self._swept_at is not None and timedelta(0) <= now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        for row in self._questions.find():
            if self._is_over(row, now):
                self._questions.take(row.key)

    def _is_over(self, row: Row, now: datetime) -> bool:
        try:
            return records.consent_from_bytes(self.sealer.open(CONSENTS, row), key=row.key).expires_at < now
        except VaultDamaged:
            # Nobody can answer it any more, and it must not stand in the way of those who can.
            return True
