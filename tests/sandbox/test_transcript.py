"""The transcript of a session: readable, complete, and without a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailgrant.errors import SettingsError
from mailgrant.sandbox.clock import real_now
from mailgrant.sandbox.control.transcript import Recorder, harmless, spell
from mailgrant.sandbox.journal import Entry

from .caller import LOOPBACK, Caller, body

GMAIL = "/gmail/v1/users/me"
FULL = "https://mail.google.com/"


def transcript(caller: Caller) -> str:
    """Return the transcript as the control API gives it to people."""
    return caller.request("GET", "/_sandbox/transcript", headers=LOOPBACK).body.decode()


def test_a_request_is_two_lines_that_a_person_reads(caller: Caller) -> None:
    caller.sign_in(FULL).get(f"{GMAIL}/messages?q=is:unread&maxResults=5")

    asked, outcome = transcript(caller).splitlines()

    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  GET /gmail/v1/users/me/messages\?q=is:unread&maxResults=5", asked)
    assert re.fullmatch(r" {14}gmail\.users\.messages\.list, ada@example\.com, 200, 5 units, \d+ bytes", outcome)


def test_a_whole_sign_in_leaves_no_secret_behind(caller: Caller) -> None:
    code = caller.code(FULL, state="opaque-state")
    tokens = body(caller.redeem(code))
    caller.token = tokens["access_token"]
    caller.get(f"{GMAIL}/labels?access_token={tokens['access_token']}")
    caller.get(f"/oauth2/v3/tokeninfo?access_token={tokens['access_token']}")
    caller.form(f"/revoke?token={tokens['refresh_token']}", {})

    said = transcript(caller)

    secrets = [code, tokens["access_token"], tokens["refresh_token"], caller.client.secret, "opaque-state"]
    assert [secret for secret in secrets if secret in said] == []
    assert "oauth2.token, authorization_code" in said
    assert "access_token=…" in said


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("pageToken=12&syncToken=ab", "pageToken=12&syncToken=ab"),
        ("code=4%2F0abc&scope=email", "code=…&scope=email"),
        ("%61ccess_token=abc", "%61ccess_token=…"),
        ("oauth_token=abc&id_token_hint=abc", "oauth_token=…&id_token_hint=…"),
        ("q=ya29.abc", "q=…"),
        ("upload_id=abc&key=abc", "upload_id=…&key=…"),
        ("alt", "alt"),
        ("", ""),
    ],
)
def test_of_a_query_everything_that_opens_something_is_hidden(query: str, left: str) -> None:
    assert harmless(query) == left


def test_a_lost_answer_and_its_fault_are_told(caller: Caller) -> None:
    caller.sign_in(FULL)
    caller.world.fault("gmail.users.labels.list", drop="before")
    with pytest.raises(ConnectionResetError):
        caller.get(f"{GMAIL}/labels")

    assert "gmail.users.labels.list, ada@example.com, no answer, fault: drop before" in transcript(caller)


def test_a_request_cannot_write_lines_of_its_own() -> None:
    entry = Entry(real_now(), method="", verb="GET", path="/\n\x1b[2J", query="q=\r\n")

    assert len(spell(entry).splitlines()) == 2
    assert "\x1b" not in spell(entry)


def test_a_program_gets_the_transcript_as_json(caller: Caller) -> None:
    caller.sign_in(FULL).get(f"{GMAIL}/labels")

    answer = caller.request("GET", "/_sandbox/transcript", headers={"accept": "application/json", **LOOPBACK})

    assert "gmail.users.labels.list" in body(answer)["transcript"]


def test_a_recorder_writes_each_request_at_once_and_survives_a_reset(caller: Caller, tmp_path: Path) -> None:
    file = tmp_path / "session.txt"
    caller.sign_in(FULL)
    with Recorder(file) as caller.world.recorder:
        caller.get(f"{GMAIL}/labels")
        first = file.read_text(encoding="utf-8")
        caller.world.reset()
        caller.get(f"{GMAIL}/threads")

    assert "gmail.users.labels.list" in first
    assert "/threads" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_transcript_that_cannot_be_written_is_said_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent/session\.txt cannot be written"):
        Recorder(tmp_path / "absent" / "session.txt")
