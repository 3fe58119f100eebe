"""Who stops reading leaves nothing running: no task, no thread."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from mailgrant import AsyncMailgrant, Mailgrant
from mailgrant.sandbox import Sandbox

from .conftest import write_json

ADA = "ada@example.com"


@pytest.fixture
def token(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A grant of Ada's, in whose inbox there is more than is read at once."""
    for number in range(40):
        sandbox.account(ADA).receive(from_="grace@example.com", subject=f"Minutes {number}", text="At noon.")
    return write_json(tmp_path / "token.json", sandbox.authorize(ADA, scopes=["https://mail.google.com/"]))


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["search", "threads"])
async def test_no_task_is_left(office: dict[str, Any], token: Path, kind: str) -> None:
    async with AsyncMailgrant(**office) as mailgrant:
        await mailgrant.import_grant(token, account=ADA)
        before = asyncio.all_tasks()
        reading = getattr(mailgrant.account(ADA).gmail, kind)("")
        async for _ in reading:
            break
        assert asyncio.all_tasks() > before
        await reading.aclose()

        assert asyncio.all_tasks() == before


@pytest.mark.parametrize("kind", ["search", "threads"])
def test_no_thread_is_left(office: dict[str, Any], token: Path, kind: str) -> None:
    with Mailgrant(**office) as mailgrant:
        mailgrant.import_grant(token, account=ADA)
        before = set(threading.enumerate())
        reading = getattr(mailgrant.account(ADA).gmail, kind)("")
        next(reading)
        reading.close()

        # The sandbox has threads of its own.
        assert not [each for each in set(threading.enumerate()) - before if each.name.startswith("mailgrant_")]
