"""
Mailing: Gmail's calls as a program makes them, for the tests of the sandbox's Gmail.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from mailgrant.sandbox import Sandbox
from mailgrant.sandbox.frame.wire import Answer

from .caller import Caller

ADA = "ada@example.com"
GRACE = "grace@example.com"
EVERYTHING = "https://mail.google.com/"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
METADATA = "https://www.googleapis.com/auth/gmail.metadata"
BASIC = "https://www.googleapis.com/auth/gmail.settings.basic"
SHARING = "https://www.googleapis.com/auth/gmail.settings.sharing"
ORGANISED = "linus@office.example"
COLLEAGUE = "margaret@office.example"

LUNCH = b"From: ada@example.com\r\nTo: grace@example.com\r\nSubject: Lunch?\r\n\r\nThursday at noon?\r\n"


class Gmail:
    """One person's Gmail, called over HTTP; `call` wants an answer, `refused` a refusal."""

    def __init__(self, world: Sandbox, email: str = ADA, *scopes: str) -> None:
        self.caller = Caller(world).sign_in(*(scopes or (EVERYTHING,)), email=email)

    def answer(self, verb: str, path: str, value: Any = None) -> Answer:
        """Call a method by its path under the user."""
        body = b"" if value is None else json.dumps(value).encode()
        headers = {"content-type": "application/json"}
        return self.caller.request(verb, f"/gmail/v1/users/me/{path}", body=body, headers=headers)

    def call(self, verb: str, path: str, value: Any = None) -> Any:
        """Call a method and return its JSON, None for an empty answer."""
        answer = self.answer(verb, path, value)
        assert answer.status in (200, 204), answer.body
        return json.loads(answer.body) if answer.status == 200 else None

    def refused(self, verb: str, path: str, value: Any = None) -> tuple[int, str, str]:
        """Call a method that is refused; return status, reason and message."""
        answer = self.answer(verb, path, value)
        error = json.loads(answer.body)["error"]
        return answer.status, error["errors"][0]["reason"], error["message"]

    def get(self, message_id: str, query: str = "") -> Any:
        """Return a message."""
        return self.call("GET", f"messages/{message_id}{query}")

    def raw(self, message_id: str) -> bytes:
        """Return a message's bytes."""
        return urlsafe_b64decode(self.get(message_id, "?format=raw")["raw"])

    def send(self, raw: bytes, **more: Any) -> Any:
        """Send a mail."""
        return self.call("POST", "messages/send", {"raw": encode(raw), **more})

    def insert(self, raw: bytes, *labels: str, query: str = "", **more: Any) -> Any:
        """Put a mail into the mailbox."""
        return self.call("POST", f"messages{query}", {"raw": encode(raw), "labelIds": list(labels), **more})

    def ids(self, query: str = "") -> list[str]:
        """Return the ids that a list gives, in order."""
        return [found["id"] for found in self.call("GET", f"messages{query}").get("messages", [])]


def encode(raw: bytes) -> str:
    """Return bytes as they go into `raw`."""
    return urlsafe_b64encode(raw).decode()


def mail(subject: str = "Lunch?", *, to: str = GRACE, body: str = "Noon.", **headers: str) -> bytes:
    """Return a mail; header names are written with underscores."""
    given = {"To": to, "Subject": subject, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return "\r\n".join([*(f"{name}: {value}" for name, value in given.items() if value), "", body]).encode()


def header(message: Any, name: str) -> str:
    """Return the first header of a Message resource's payload, "" if there is none."""
    headers = message["payload"]["headers"]
    return next((found["value"] for found in headers if found["name"].lower() == name.lower()), "")


def settings(world: Sandbox, email: str = ADA) -> Gmail:
    """Return a Gmail with all scopes that its settings need, an administrator's too."""
    return Gmail(world, email, EVERYTHING, BASIC, SHARING)


def organised(world: Sandbox) -> Gmail:
    """Return the settings of somebody of an organisation that has two people."""
    world.account(ORGANISED, workspace=True)
    world.account(COLLEAGUE, workspace=True)
    return settings(world, ORGANISED)


def forward_to(world: Sandbox, gmail: Gmail, address: str) -> None:
    """Let mail be forwarded to an address, and its owner agree."""
    made = gmail.call("POST", "settings/forwardingAddresses", {"forwardingEmail": address})
    if made["verificationStatus"] == "pending":
        world.account(gmail.call("GET", "profile")["emailAddress"]).confirm(address)
