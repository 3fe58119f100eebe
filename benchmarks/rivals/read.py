"""
Read a whole inbox by simplegmail or aiogoogle, unmodified, and say how long it took.

Run by `benchmarks/reading.py`, under `mailgrant sandbox exec`, with a Python that has the library.

    python read.py simplegmail|aiogoogle FILE

The file is a JSON array of mails, which are put into Ada's inbox first.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ADA = "ada@example.com"
SCOPES = ["https://mail.google.com/"]
READY = json.loads(os.environ["MAILGRANT_SANDBOX"])


def fill(mails: list[str]) -> None:
    """Put mails into Ada's inbox, in their order."""
    account = json.dumps({"email": ADA}).encode()
    made = urllib.request.Request(
        READY["control"] + "accounts", data=account, headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(made).close()
    for mail in mails:
        request = urllib.request.Request(
            f"{READY['control']}accounts/{ADA}/messages",
            data=mail.encode(),
            headers={"Content-Type": "message/rfc822"},
        )
        urllib.request.urlopen(request).close()


def grant() -> dict[str, Any]:
    """Let Ada consent; return what Google's libraries keep."""
    body = json.dumps({"email": ADA, "scopes": SCOPES}).encode()
    request = urllib.request.Request(
        READY["control"] + "authorize", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)  # type: ignore[no-any-return]


def by_simplegmail() -> tuple[int, float]:
    """Read as its README shows."""
    from simplegmail import Gmail  # type: ignore[import-not-found]

    gmail = Gmail(client_secret_file="client_secret.json")
    begun = time.perf_counter()
    return len(gmail.get_messages(query="in:inbox", attachments="ignore")), time.perf_counter() - begun


async def with_aiogoogle() -> tuple[int, float]:
    """Read ten at once, as many as Gmail allows a person."""
    from aiogoogle import Aiogoogle  # type: ignore[import-not-found]
    from aiogoogle.auth.creds import UserCreds  # type: ignore[import-not-found]

    token = grant()
    async with Aiogoogle(user_creds=UserCreds(access_token=token["token"], expires_at="2099-01-01T00:00:00")) as google:
        gmail = await google.discover("gmail", "v1")
        begun = time.perf_counter()
        listed = await google.as_user(gmail.users.messages.list(userId="me", q="in:inbox", maxResults=500))
        calls = [gmail.users.messages.get(userId="me", id=each["id"]) for each in listed["messages"]]
        came = 0
        for start in range(0, len(calls), 10):
            came += len(await google.as_user(*calls[start : start + 10]))
        return came, time.perf_counter() - begun


def main() -> None:
    """Print how many came, and in how many seconds."""
    library, mails = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    sys.argv = sys.argv[:1]
    fill(mails)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(READY["google_client_secrets"]["installed"], f"{folder}/client_secret.json")
        os.chdir(folder)
        came, took = by_simplegmail() if library == "simplegmail" else asyncio.run(with_aiogoogle())
        os.chdir("/")
    print(json.dumps({"came": came, "took": took}))


if __name__ == "__main__":
    main()
