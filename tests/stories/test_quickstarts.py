"""
Google's own quickstarts, on the sandbox, and the same mailbox seen three ways.

Changed from what Google publishes only in the client secrets' addresses, OAUTHLIB_INSECURE_TRANSPORT
and `client_options`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailgrant import Mailgrant
from mailgrant.sandbox import Sandbox

from .people import BROWSER

ADA = "ada@example.com"
GRACE = "grace@example.com"

SIGN_IN = """
import datetime, os.path, sys
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import InstalledAppFlow
from googleapiclient.discovery import build

def sign_in(scopes):
    creds = None
    if os.path.exists("token.json"):
        creds = Credentials.from_authorized_user_file("token.json", scopes)
    if not creds or not creds.valid:
        flow = InstalledAppFlow.from_client_secrets_file("credentials.json", scopes)
        creds = flow.run_local_server(port=0, login_hint="ada@example.com")
        with open("token.json", "w") as token:
            token.write(creds.to_json())
    return creds
"""

LABELS = (
    SIGN_IN
    + """
creds = sign_in(["https://www.googleapis.com/auth/gmail.readonly"])
service = build("gmail", "v1", credentials=creds, client_options={"api_endpoint": sys.argv[1] + "/"})
labels = service.users().labels().list(userId="me").execute().get("labels", [])
for label in labels:
    print(label["name"])
found = service.users().messages().list(userId="me", q="in:inbox").execute().get("messages", [])
for one in found:
    message = service.users().messages().get(userId="me", id=one["id"], format="metadata").execute()
    headers = {header["name"]: header["value"] for header in message["payload"]["headers"]}
    print("MAIL", one["id"], headers["Subject"])
"""
)

EVENTS = (
    SIGN_IN
    + """
creds = sign_in(["https://www.googleapis.com/auth/calendar.readonly"])
endpoint = {"api_endpoint": sys.argv[1] + "/calendar/v3/"}
service = build("calendar", "v3", credentials=creds, client_options=endpoint)
now = datetime.datetime.now(tz=datetime.timezone.utc).isoformat()
result = (
    service.events()
    .list(calendarId="primary", timeMin=now, maxResults=10, singleEvents=True, orderBy="startTime")
    .execute()
)
for event in result.get("items", []):
    start = event["start"].get("dateTime", event["start"].get("date"))
    print(start, event["summary"])
"""
)


@pytest.fixture
def quickstart(sandbox: Sandbox, tmp_path: Path) -> Any:
    """Run a quickstart in a folder of its own, with a browser that agrees."""
    (tmp_path / "credentials.json").write_text(json.dumps(sandbox.client_secrets("installed")))
    environment = {
        **os.environ,
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
        "BROWSER": f"{sys.executable} {BROWSER} %s &",
    }

    def run(program: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", program, str(sandbox.url)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_the_gmail_quickstart_prints_the_labels(quickstart: Any) -> None:
    printed = quickstart(LABELS)
    again = quickstart(LABELS)

    assert {"INBOX", "SENT", "UNREAD", "CATEGORY_SOCIAL"} <= set(printed)
    assert again[-len(printed) :] == printed[-len(again) :] or set(again) == set(printed) - {printed[0]}


def test_the_calendar_quickstart_prints_the_next_ten_events(sandbox: Sandbox, quickstart: Any) -> None:
    now = datetime.now(UTC)
    for number in range(1, 12):
        start = now + timedelta(days=number)
        sandbox.account(ADA).add_event(f"Event {number}", start=start, end=start + timedelta(hours=1))

    printed = [line for line in quickstart(EVENTS) if "Event" in line]

    assert [line.split(" ", 1)[1] for line in printed] == [f"Event {number}" for number in range(1, 11)]


def test_the_same_mailbox_shows_the_same_mail_in_the_quickstart_the_command_line_and_python(
    sandbox: Sandbox, quickstart: Any, client_file: Path, tmp_path: Path, browser: None
) -> None:
    for subject in ("Lunch?", "Grüße aus Köln", "Minutes"):
        sandbox.account(ADA).receive(from_=GRACE, subject=subject, text="Hello.")
    shared = {"vault": str(tmp_path / "vault.db"), "google": str(sandbox.url)}

    by_google = [tuple(line.split(" ", 2)[1:]) for line in quickstart(LABELS) if line.startswith("MAIL ")]
    with Mailgrant(client_secrets=client_file, **shared) as mailgrant:
        me = mailgrant.connect("gmail.readonly", account=ADA, ask="browser")
        by_python = [(message.id, message.subject) for message in me.gmail.search("in:inbox")]
    printed = subprocess.run(
        [sys.executable, "-m", "mailgrant.cli", "--json", "search", "in:inbox"],
        env={**os.environ, "MAILGRANT_VAULT": shared["vault"], "MAILGRANT_GOOGLE": shared["google"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    by_command = [(mail["id"], mail["subject"]) for mail in map(json.loads, printed.splitlines())]

    assert by_google == by_python == by_command
    assert [subject for _, subject in by_python] == ["Minutes", "Grüße aus Köln", "Lunch?"]
