"""A process that dies while it sends: whoever settles what it left knows what came of it, and nothing goes twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from mailgrant import Account, Mailgrant
from mailgrant.errors import GrantChanged, NotFound
from mailgrant.gmail.attempt import Patience
from mailgrant.sandbox import Sandbox

ADA = "ada@example.com"
GRACE = "grace@example.com"
CREATE, SEND = "gmail.users.drafts.create", "gmail.users.drafts.send"
PATIENCE = Patience(
    still_running=timedelta(seconds=1), between_looks=timedelta(seconds=0.1), giving_up=timedelta(seconds=5)
)
SENDER = """
import sys, warnings
from mailgrant import Mailgrant
warnings.simplefilter("ignore")
with Mailgrant(vault=sys.argv[1], key=sys.argv[2], google=sys.argv[3], quota="off") as mailgrant:
    mailgrant.account("ada@example.com").gmail.send(to="grace@example.com", subject="Lunch", text="At noon?")
"""
KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"


@pytest.fixture
def vault(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A vault in which Ada's grant is."""
    token = tmp_path / "token.json"
    token.write_text(json.dumps(sandbox.authorize(ADA, scopes=["https://www.googleapis.com/auth/gmail.modify"])))
    token.chmod(0o600)
    place = tmp_path / "vault.db"
    with Mailgrant(vault=place, key=KEY, google=sandbox.url) as mailgrant:
        mailgrant.import_grant(token, account=ADA)
    return place


@pytest.fixture
def ada(sandbox: Sandbox, vault: Path) -> Iterator[Account]:
    """Ada, in a process that goes on."""
    with Mailgrant(vault=vault, key=KEY, google=sandbox.url, quota="off", patience=PATIENCE) as mailgrant:
        yield mailgrant.account(ADA)


def kill_while(sandbox: Sandbox, vault: Path, is_time: Callable[[], bool]) -> None:
    """Start a process that sends one mail, and kill it as soon as it is time."""
    process = subprocess.Popen([sys.executable, "-c", SENDER, str(vault), KEY, sandbox.url])
    until = time.monotonic() + 20
    while not is_time():
        assert process.poll() is None, "the sender ended before its time"
        assert time.monotonic() < until, "the time never came"
        time.sleep(0.01)
    process.kill()
    process.wait()


def asked(ada: Account, stage: str) -> Callable[[], bool]:
    """Tell when an attempt of that stage is in the vault: from then on its request may have left."""
    return lambda: any(attempt.stage.value == stage for attempt in ada.gmail.unsettled())


def inbox(sandbox: Sandbox) -> list[str]:
    return [mail.subject for mail in sandbox.account(GRACE).inbox]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sender_killed_while_its_draft_is_made(sandbox: Sandbox, vault: Path, ada: Account, when: str) -> None:
    sandbox.fault(CREATE, delay="600ms", when=when)
    kill_while(sandbox, vault, asked(ada, "creating the draft"))

    [attempt] = ada.gmail.unsettled()
    sent = ada.gmail.settle(attempt)

    assert inbox(sandbox) == (["Lunch"] if sent else [])
    assert (sandbox.account(ADA).drafts, ada.gmail.unsettled()) == ({}, ())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sender_killed_while_its_draft_is_sent(sandbox: Sandbox, vault: Path, ada: Account, when: str) -> None:
    sandbox.fault(SEND, delay="600ms", when=when)
    kill_while(sandbox, vault, asked(ada, "sending the draft"))

    [attempt] = ada.gmail.unsettled()
    sent = ada.gmail.settle(attempt)

    assert sent is not None
    assert inbox(sandbox) == ["Lunch"]
    assert (sandbox.account(ADA).drafts, ada.gmail.unsettled()) == ({}, ())


def test_two_who_settle_the_same_attempt_send_it_once(sandbox: Sandbox, vault: Path, ada: Account) -> None:
    sandbox.fault(SEND, delay="600ms", when="before")
    kill_while(sandbox, vault, asked(ada, "sending the draft"))
    [attempt] = ada.gmail.unsettled()
    gate = threading.Barrier(2)

    def settle() -> str:
        with Mailgrant(vault=vault, key=KEY, google=sandbox.url, quota="off", patience=PATIENCE) as mailgrant:
            gmail = mailgrant.account(ADA).gmail
            gate.wait()
            try:
                return "sent" if gmail.settle(attempt) else "not sent"
            except (GrantChanged, NotFound) as error:
                return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        outcomes = [future.result() for future in [pool.submit(settle) for _ in range(2)]]

    assert "sent" in outcomes
    assert "not sent" not in outcomes
    assert inbox(sandbox) == ["Lunch"]
    assert (sandbox.account(ADA).drafts, ada.gmail.unsettled()) == ({}, ())
