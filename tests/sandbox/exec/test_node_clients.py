"""Google's own Node clients, `@googleapis/gmail` and `@googleapis/calendar`, reach the sandbox unchanged."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import Led

PACKAGES = Path(__file__).parents[1] / "node" / "node_modules"
# Read when the test is collected, before its environment is emptied.
NO_SKIP = os.environ.get("MAILGRANT_NO_SKIP") == "1"

pytestmark = pytest.mark.skipif(
    not NO_SKIP and (shutil.which("node") is None or not PACKAGES.exists()),
    reason="Node, or its packages for the tests, are not installed",
)

SIGN_IN = """
const fs = require("node:fs");
const { gmail, auth } = require("@googleapis/gmail");
const { calendar } = require("@googleapis/calendar");
const client = auth.fromJSON(JSON.parse(fs.readFileSync("authorized_user.json", "utf8")));
const mail = gmail({ version: "v1", auth: client });
const diary = calendar({ version: "v3", auth: client });
"""

MAIL = """
(async () => {
  const raw = Buffer.from("To: grace@example.com\\r\\nSubject: From Node\\r\\n\\r\\nHello\\r\\n").toString("base64url");
  const sent = await mail.users.messages.send({ userId: "me", requestBody: { raw } });
  const uploaded = await mail.users.messages.send({
    userId: "me",
    requestBody: {},
    media: { mimeType: "message/rfc822", body: "To: grace@example.com\\r\\nSubject: Uploaded\\r\\n\\r\\nHi\\r\\n" },
  });
  const found = await mail.users.messages.list({ userId: "me", q: "in:sent" });
  const read = await mail.users.messages.get({ userId: "me", id: sent.data.id, format: "metadata" });
  const missing = await mail.users.messages.get({ userId: "me", id: "f".repeat(16) }).catch((error) => error.status);
  const subject = read.data.payload.headers.find((header) => header.name === "Subject").value;
  console.log(JSON.stringify({ found: found.data.messages.length, subject, missing, labels: uploaded.data.labelIds }));
})();
"""

EVENTS = """
(async () => {
  const start = new Date(Date.now() + 3600e3).toISOString();
  const end = new Date(Date.now() + 7200e3).toISOString();
  await diary.events.insert({
    calendarId: "primary",
    requestBody: { summary: "From Node", start: { dateTime: start }, end: { dateTime: end } },
  });
  const next = await diary.events.list({
    calendarId: "primary", timeMin: new Date().toISOString(), singleEvents: true, orderBy: "startTime",
  });
  console.log(JSON.stringify(next.data.items.map((event) => event.summary)));
})();
"""


def printed(led: Led, program: str) -> Any:
    """Run a program with Google's packages and return what it printed."""
    led.authorized_user()
    done = led.run("node", "--eval", SIGN_IN + program, NODE_PATH=str(PACKAGES))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_gmail_is_sent_uploaded_listed_and_read(led: Led) -> None:
    answers = printed(led, MAIL)

    assert answers == {"found": 2, "subject": "From Node", "missing": 404, "labels": ["SENT"]}
    assert [mail.sender for mail in led.world.sent] == ["ada@example.com"] * 2


def test_calendar_is_written_and_listed(led: Led) -> None:
    assert "From Node" in printed(led, EVENTS)
