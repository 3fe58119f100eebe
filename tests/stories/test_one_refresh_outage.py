"""A database that goes away while a token is refreshed, and comes back: an error that says so, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mailgrant import Mailgrant, Settings
from mailgrant._sync.transport import HttpTransport
from mailgrant.errors import VaultError
from mailgrant.http import Outcome, Request
from mailgrant.sandbox import Sandbox
from mailgrant.vault.sealing import Key

from ..stores.postgres_server import PostgresServer
from .conftest import write_json

ADA = "ada@example.com"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
KEY = Key.of(bytes(range(32))).material.reveal()


class InterruptedTransport:
    """Carries requests, and does something `before` or `after` one when told to."""

    def __init__(self) -> None:
        self._http = HttpTransport(trusts_environment=False)
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None

    def send(self, request: Request, *, timeout: float = 60.0) -> Outcome:
        if self.before is not None:
            self.before()
        outcome = self._http.send(request, timeout=timeout)
        if self.after is not None:
            self.after()
        return outcome

    def close(self) -> None:
        self._http.close()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_database_that_goes_away_during_a_refresh_loses_nothing(
    sandbox: Sandbox, tmp_path: Path, postgres_server: PostgresServer, postgres_url: str, moment: str
) -> None:
    token_file = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=READONLY))
    transport = InterruptedTransport()
    settings = Settings.load(vault=postgres_url, google=sandbox.url, key=KEY, lease=timedelta(seconds=1))
    ahead = timedelta()
    with Mailgrant(settings=settings, transport=transport, clock=lambda: sandbox.clock.now() + ahead) as mailgrant:
        mailgrant.import_grant(token_file)
        ada = mailgrant.account(ADA)
        ada.token()
        ahead = timedelta(hours=2)

        setattr(transport, moment, postgres_server.kill)
        try:
            with pytest.raises(VaultError, match="cannot be reached"):
                ada.token()
        finally:
            setattr(transport, moment, None)
            postgres_server.start()
        token = ada.token()

    with Mailgrant(settings=settings, clock=lambda: sandbox.clock.now() + ahead) as again:
        assert again.account(ADA).token() == token
