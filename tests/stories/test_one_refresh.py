"""However many ask, Google sees one refresh: threads, tasks and processes that share a vault."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, Mailgrant
from mailgrant.sandbox import Sandbox
from mailgrant.vault.sealing import Key

from .conftest import write_json
from .people import Person

ADA = "ada@example.com"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"

ASK_IN_THREADS = """
import json, sys, threading, warnings
warnings.simplefilter("ignore")
from mailgrant import Mailgrant

tokens = []
with Mailgrant() as mailgrant:
    account = mailgrant.account("ada@example.com")
    account.grant()
    print("ready", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=lambda: tokens.append(account.token().reveal())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(json.dumps(tokens), flush=True)
"""


def refreshes(sandbox: Sandbox) -> int:
    return sum(entry.grant_type == "refresh_token" for entry in sandbox.requests)


@pytest.fixture
def shared(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """A vault in a file, with a grant of Ada's whose token has run out."""
    token = write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=READONLY))
    where = {
        "MAILGRANT_VAULT": str(tmp_path / "vault.db"),
        "MAILGRANT_GOOGLE": str(sandbox.url),
        "MAILGRANT_KEY": Key.of(bytes(range(32))).material.reveal(),
    }
    an_hour_ago = sandbox.clock.now() - timedelta(hours=1)
    with Mailgrant(
        vault=where["MAILGRANT_VAULT"], google=sandbox.url, key=where["MAILGRANT_KEY"], clock=lambda: an_hour_ago
    ) as mailgrant:
        mailgrant.import_grant(token)
    return where


def test_processes_and_threads_with_an_expired_token_cause_one_refresh(
    sandbox: Sandbox, shared: dict[str, str]
) -> None:
    before = refreshes(sandbox)
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", ASK_IN_THREADS],
            env={**os.environ, **shared},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for _ in range(4)
    ]
    for asker in askers:
        assert asker.stdout is not None and asker.stdout.readline() == "ready\n"
    for asker in askers:
        assert asker.stdin is not None
        asker.stdin.write("go\n")
        asker.stdin.flush()
    tokens = [token for asker in askers for token in json.loads(asker.communicate(timeout=60)[0])]

    assert refreshes(sandbox) - before == 1
    assert len(tokens) == 32
    assert len(set(tokens)) == 1


def test_threads_of_one_process_cause_one_refresh(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    with Mailgrant(**office) as mailgrant:
        consent = mailgrant.consents.begin(ADA, "gmail.readonly", redirect_uri="http://127.0.0.1:1/")
        mailgrant.consents.complete(person.agree(consent.url))
        ada = mailgrant.account(ADA)
        ada.gmail.profile()
        sandbox.expire_tokens(ADA)
        with ThreadPoolExecutor(16) as pool:
            profiles = [future.result() for future in [pool.submit(ada.gmail.profile) for _ in range(16)]]

    assert {profile.email for profile in profiles} == {ADA}
    assert refreshes(sandbox) == 1


def test_tasks_of_one_loop_cause_one_refresh(sandbox: Sandbox, office: dict[str, Any], person: Person) -> None:
    async def story() -> set[str]:
        async with AsyncMailgrant(**office) as mailgrant:
            consent = await mailgrant.consents.begin(ADA, "gmail.readonly", redirect_uri="http://127.0.0.1:1/")
            await mailgrant.consents.complete(person.agree(consent.url))
            ada = mailgrant.account(ADA)
            await ada.gmail.profile()
            sandbox.expire_tokens(ADA)
            profiles = await asyncio.gather(*(ada.gmail.profile() for _ in range(16)))
            return {profile.email for profile in profiles}

    assert asyncio.run(story()) == {ADA}
    assert refreshes(sandbox) == 1
