"""However many ask for the same part of a grant, Google sees one refresh; for another part, another one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mailgrant import Mailgrant
from mailgrant.sandbox import Sandbox

from .people import Person

ADA = "ada@example.com"
PARTS = ("gmail.modify", "calendar.events")


def test_threads_of_two_programs_that_want_two_parts_cause_two_refreshes(
    sandbox: Sandbox, office: dict[str, Any], person: Person, tmp_path: Path
) -> None:
    office["vault"] = str(tmp_path / "vault.db")
    with Mailgrant(**office) as first, Mailgrant(**office) as second:
        consent = first.consents.begin(ADA, " ".join(PARTS), redirect_uri="http://127.0.0.1:1/")
        first.consents.complete(person.agree(consent.url))
        accounts = [program.account(ADA) for program in (first, second)]
        wanted = [(account, part) for part in PARTS for account in accounts] * 8
        with ThreadPoolExecutor(len(wanted)) as pool:
            tokens = list(pool.map(lambda one: (one[1], one[0].token(one[1]).reveal()), wanted))

    assert len(tokens) == 32
    assert len(set(tokens)) == 2
    assert sum(entry.grant_type == "refresh_token" for entry in sandbox.requests) == 2
