"""Whoever may write the database in PostgreSQL gets what once stood in that place, or an error: as in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailgrant import Mailgrant
from mailgrant.errors import MailgrantError
from mailgrant.sandbox import Sandbox

from ..stores.postgres_server import PostgresServer
from .conftest import ADA, GRACE, write_json

SCOPES = "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/gmail.readonly"
OF_ADA, OF_GRACE = f"(account = '{ADA}')", f"(account = '{GRACE}')"
FROM_GRACE = f"FROM mailgrant.grants AS other WHERE grants.account = '{ADA}' AND other.account = '{GRACE}'"
CHANGED = "set_byte(sealed, 40, 255 - get_byte(sealed, 40))"
EDITS = {
    "swap": f"UPDATE mailgrant.grants SET sealed = other.sealed {FROM_GRACE}",
    "splice": f"UPDATE mailgrant.grants SET sealed = other.sealed, version = other.version {FROM_GRACE}",
    "relabel": f"UPDATE mailgrant.grants SET account = '{GRACE}' WHERE {OF_ADA}",
    "another user": f"UPDATE mailgrant.grants SET user_id = '18' WHERE {OF_ADA}",
    "another client": f"UPDATE mailgrant.grants SET client_id = 'mine' WHERE {OF_ADA}",
    "another version": f"UPDATE mailgrant.grants SET version = version + 1 WHERE {OF_ADA}",
    "a changed byte": f"UPDATE mailgrant.grants SET sealed = {CHANGED} WHERE {OF_ADA}",
    "cut off": f"UPDATE mailgrant.grants SET sealed = substring(sealed from 1 for 50) WHERE {OF_ADA}",
    "emptied": f"UPDATE mailgrant.grants SET sealed = '' WHERE {OF_ADA}",
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_writer_of_the_database_in_postgresql_gets_no_other_grant(
    edit: str, postgres_server: PostgresServer, postgres_url: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    means: dict[str, Any] = {"vault": postgres_url, "google": sandbox.url}
    with Mailgrant(**means) as mailgrant:
        for address in (ADA, GRACE):
            mailgrant.import_grant(write_json(tmp_path / "token.json", sandbox.authorize(address, scopes=SCOPES)))

    postgres_server.run(EDITS[edit], url=postgres_url)

    with Mailgrant(**means) as mailgrant:
        for words in ({"address": ADA}, {"address": GRACE}, {"user": "18"}, {"client_id": "mine"}):
            try:
                grant = mailgrant.account(**words).grant()
            except MailgrantError:
                continue
            opened = sandbox.tokens.access_seen(mailgrant.account(**words).token().reveal())
            assert opened is not None
            assert grant.account == opened.email == words["address"]
        assert mailgrant.vault.check().findings
